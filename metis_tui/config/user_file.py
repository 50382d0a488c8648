"""Puts a file where the user wants it: all of it or nothing, readable by its owner only. Blocking.

Knows nothing of what is written, and says nothing to anybody.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def publish(path: Path, content: bytes, *, may_overwrite: bool) -> None:
    """By way of a draft beside it, so that what was there stays until all of it is on disk.

    Raises:
        FileExistsError: there is such a file, or a link, and it may not be overwritten.
        OSError: the disk does not take it; nothing was changed.
    """
    if not may_overwrite and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    path = path.resolve()  # over a link: where it leads
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            if may_overwrite and path.exists():  # a script of the user's stays one that can be run
                os.fchmod(descriptor, path.stat().st_mode & 0o777)
        if may_overwrite:
            os.replace(draft, path)
        else:
            _take_name(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _take_name(draft: Path, path: Path) -> None:
    """Not over a file that came meanwhile, as far as the file system knows hard links."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.replace(draft, path)
