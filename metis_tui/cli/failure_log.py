"""Where a fault of the program itself ends: one line on the screen, the traceback in the log for support.

Written at once and not by the log's thread: the program is about to end.
"""

from __future__ import annotations

import time
import traceback

from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.config.log_file import FILE_NAME, append, redacted
from metis_tui.config.paths import find_paths


def report(error: Exception, *, is_demo: bool = False) -> ExitCode:
    """Tells the failure in one line and writes its traceback to the log."""
    if isinstance(error, ChatError):
        return diagnostics.fail(error)
    paths = find_paths()
    path = (paths.for_demo() if is_demo else paths).state / FILE_NAME
    summary = printable_line(redacted(f"{type(error).__name__}: {error}"), 200)
    told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    is_written = append(path, f"--- {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{told}\n")
    where = f"Details are in {path}." if is_written else ""
    return diagnostics.fail(ChatError(summary, title="metis-tui failed", hint=where))
