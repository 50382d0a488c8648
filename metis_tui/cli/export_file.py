"""Writes a file for the user: whole or not at all, readable by nobody else, over another one only when told to."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.cli.diagnostics import UsageProblem
from metis_tui.config.user_file import publish


class NotWritten(ChatError):
    """The file could not be written; what was there before is still there."""

    kind = "not_written"
    title = "The file was not written"
    hint = "Choose another place with -o."


def write_file(path: Path, content: bytes, *, is_forced: bool) -> None:
    """Blocks.

    Raises:
        UsageProblem: there is such a file already, and it is not forced.
        NotWritten: the disk does not take it.
    """
    shown = printable_line(str(path), 300)
    try:
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            path.write_bytes(content)  # a pipe or a device
            return
        publish(path, content, may_overwrite=is_forced)
    except FileExistsError as error:
        raise UsageProblem(
            f"There is {shown} already.", title="The file was not written", hint="--force overwrites it."
        ) from error
    except OSError as error:
        raise NotWritten(f"{shown}: {(error.strerror or 'no reason given').lower()}.") from error
