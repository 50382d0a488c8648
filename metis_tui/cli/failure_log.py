"""Where a fault of the program itself ends: one line on the screen, the traceback in a private file.

The file never holds an access token: whatever looks like one is blotted out.
"""

from __future__ import annotations

import os
import re
import time
import traceback
from pathlib import Path

from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.config.paths import find_paths, make_private_folder

_FILE_NAME = "failures.log"
_LARGEST_LOG = 1_000_000
_TOKEN_LIKE = re.compile(r"(?i:bearer\s+)\S+|[A-Za-z0-9_\-.~+=]{40,}")
_SHORTEST_TOKEN = 8
"""Anything shorter is no access token, and blotting it out would spoil ordinary words."""
_TOKEN_VARIABLES = ("METIS_TUI_TOKEN", "ALCF_AI_TOKEN")


def report(error: Exception, *, is_demo: bool = False) -> ExitCode:
    """Tells the failure in one line and writes its traceback to the log."""
    if isinstance(error, ChatError):
        return diagnostics.fail(error)
    paths = find_paths()
    path = (paths.for_demo() if is_demo else paths).state / _FILE_NAME
    summary = printable_line(redacted(f"{type(error).__name__}: {error}"), 200)
    is_written = _append(path, "".join(traceback.format_exception(type(error), error, error.__traceback__)))
    where = f"Details are in {path}." if is_written else ""
    return diagnostics.fail(ChatError(summary, title="metis-tui failed", hint=where))


def note(line: str, state: Path) -> None:
    """Writes a line to the log in the state folder, about what went wrong without ending anything."""
    _append(state / _FILE_NAME, printable_line(line, 400))


def redacted(text: str) -> str:
    """The text without anything that is, or could be, an access token."""
    for name in _TOKEN_VARIABLES:
        value = os.environ.get(name, "").strip()
        if len(value) >= _SHORTEST_TOKEN:
            text = text.replace(value, "[access token]")
    return _TOKEN_LIKE.sub("[blotted out]", text)


def _append(path: Path, text: str) -> bool:
    try:
        make_private_folder(path.parent)
        is_full = path.exists() and path.stat().st_size > _LARGEST_LOG
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags | (os.O_TRUNC if is_full else os.O_APPEND), 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            os.fchmod(descriptor, 0o600)
            file.write(f"--- {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{redacted(text)}\n")
    except OSError:
        return False
    return True
