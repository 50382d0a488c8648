"""Writes a file of the user's choice: exactly these bytes, never over another file unless told to. Blocking.

New files can be read by their owner only. Knows nothing of what is written.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from metis_tui.chat.printable import printable_line
from metis_tui.config.user_file import publish
from metis_tui.tui import format as fmt


class NotWritten(Exception):
    """Why, and what helps, in plain words. Nothing was changed."""


class AlreadyThere(Exception):
    """A file of this name is there, and it was not said to be overwritten. Tells its size and age."""


def path_of(text: str) -> Path:
    """The absolute path that a user means: ~ is the home folder, else it counts from the current folder."""
    return Path(os.path.abspath(os.path.expanduser(text.strip())))


def shown_path(path: Path) -> str:
    """As short as it is clear: the home folder is ~."""
    home, text = os.path.expanduser("~"), str(path)
    return printable_line(f"~{text[len(home) :]}" if text.startswith(f"{home}/") else text, 300)


def write_file(path: Path, data: bytes, *, may_overwrite: bool = False) -> None:
    """All of the data or nothing.

    Raises:
        AlreadyThere: there is such a file and it may not be overwritten.
        NotWritten: a folder, the disk or the rights do not allow it.
    """
    try:
        if path.is_dir():
            raise NotWritten(f"{shown_path(path)} is a folder. Add a file name.")
        if os.path.lexists(path) and not may_overwrite:
            raise AlreadyThere(_facts(path))
        if os.path.lexists(path) and not path.resolve().is_file():
            raise NotWritten(f"{shown_path(path)} is no ordinary file.")
        publish(path, data, may_overwrite=may_overwrite)
    except FileExistsError:
        raise AlreadyThere(_facts(path)) from None
    except OSError as error:
        raise NotWritten(_in_words(path, error)) from error


def _facts(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"There is {shown_path(path)} already."
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.st_mtime))
    return f"There is {shown_path(path)} already: {fmt.byte_count(found.st_size)}, of {when}."


def _in_words(path: Path, error: OSError) -> str:
    folder = shown_path(path.parent)
    match error.errno:
        case errno.ENOENT:
            return f"There is no folder {folder}."
        case errno.ENOTDIR:
            return f"A part of {folder} is no folder."
        case errno.EACCES | errno.EPERM:
            return f"You may not write in {folder}."
        case errno.EROFS:
            return f"{folder} can only be read."
        case errno.ENOSPC | errno.EDQUOT:
            return "The disk is full, or your quota is used up. Nothing was written."
        case errno.ENAMETOOLONG:
            return "The name is too long."
        case _:
            return f"It cannot be written ({(error.strerror or 'no reason given').lower()})."


def completed(text: str) -> tuple[str, list[str]]:
    """A path that is being typed, completed as far as it is clear, and the names that fit."""
    folder, slash, start = text.rpartition("/")
    at = os.path.expanduser(folder + slash) or "."
    try:
        with os.scandir(at) as entries:
            names = sorted(f"{e.name}/" if e.is_dir() else e.name for e in entries if e.name.startswith(start))
    except OSError:
        return text, []
    if not start:
        names = [name for name in names if not name.startswith(".")]
    first, last = (names[0], names[-1]) if names else (start, start)  # sorted: all lie between these two
    size = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    shared = first[:size]
    return f"{folder}{slash}{shared}", names
