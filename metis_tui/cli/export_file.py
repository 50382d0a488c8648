"""Writes a file for the user: whole or not at all, readable by nobody else, over another one only when told to."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.cli.diagnostics import UsageProblem


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
        _publish(path, content, is_forced=is_forced)
    except FileExistsError as error:
        raise UsageProblem(
            f"There is {shown} already.", title="The file was not written", hint="--force overwrites it."
        ) from error
    except OSError as error:
        raise NotWritten(f"{shown}: {(error.strerror or 'no reason given').lower()}.") from error


def _publish(path: Path, content: bytes, *, is_forced: bool) -> None:
    if not is_forced and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    path = path.resolve()  # --force on a link writes where it leads
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path) if is_forced else _link(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _link(draft: Path, path: Path) -> None:
    """Never over a file that came meanwhile, where the file system has hard links."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        os.replace(draft, path)
