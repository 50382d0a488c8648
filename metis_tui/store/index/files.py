"""The index's file on the node's disk: which one is in use, a fresh one after damage, and its published copy.

No name is used twice, because SQLite in another process would delete the new file's journal when it closes the old
one: the second in which a file was begun is part of its name, and the newest file is the one in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from metis_tui.store.index.schema import VERSION, connect

_SUFFIXES = ("", "-wal", "-shm", "-journal")
_BLOCK = 1 << 20
_PAGES = 500
_LEFT_SECONDS = 3600


def store_id(root: Path) -> str:
    """What the data folder calls itself; else made of its path."""
    try:
        content = json.loads((root / "store.json").read_bytes())
        name = content.get("store")
        if isinstance(name, str) and re.fullmatch(r"[0-9a-z]{26}", name):
            return name
    except (OSError, ValueError, AttributeError):
        pass
    return f"path-{_digest(os.path.realpath(root))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


class IndexFiles:
    """Names of one data folder's index in the folder of this node."""

    def __init__(self, folder: Path, root: Path, cache: Path | None) -> None:
        self.store = store_id(root)
        self._folder = folder
        # Two copies of one data folder have the same id, but not the same content.
        self._stem = f"index-v{VERSION}-{self.store}-{_digest(os.path.realpath(root))[:8]}"
        self._snapshot = cache / f"index-v{VERSION}-{self.store}.snap" if cache else None

    @property
    def lock(self) -> Path:
        """Held by the process that builds; on this node's disk, where locks can be relied upon."""
        return self._folder / f"{self._stem}.lock"

    def current(self) -> Path:
        """The file to use; it may not be there yet. Older ones are deleted."""
        numbers = sorted(self._numbers()) or [int(time.time())]
        for number in numbers[:-1]:
            self._delete(self._path(number))
        return self._path(numbers[-1])

    def is_current(self, path: Path) -> bool:
        return path == self._path(max(self._numbers(), default=0))

    def abandon(self, path: Path) -> None:
        """Begins another one, unless somebody has done so, and deletes the file. Raises OSError."""
        if self.is_current(path):
            number = max(int(path.name.rsplit(".", 2)[1]) + 1, int(time.time()))
            with suppress(FileExistsError):
                os.close(os.open(self._path(number), _NEW, 0o600))
        self._delete(path)

    def take_snapshot(self, path: Path) -> bool:
        """Puts the published copy in place of a file that is not there or empty; False when there is none to take."""
        if self._snapshot is None or (path.exists() and path.stat().st_size):
            return False
        draft = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            with open(self._snapshot, "rb") as source, open(os.open(draft, _NEW, 0o600), "wb") as target:
                shutil.copyfileobj(source, target, _BLOCK)
            if path.exists() and path.stat().st_size:
                return False
            os.replace(draft, path)
        except OSError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def drop_snapshot(self) -> None:
        """It turned out damaged. Raises OSError."""
        if self._snapshot is not None:
            self._snapshot.unlink(missing_ok=True)

    def snapshot_age(self) -> float:
        """In seconds; infinite when there is none."""
        try:
            return time.time() - self._snapshot.stat().st_mtime if self._snapshot else 0.0
        except OSError:
            return float("inf")

    def publish_snapshot(self, path: Path, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Copies the index to the cache folder, for other nodes to begin with; unless it is not wanted any more.

        Raises OSError and sqlite3.Error.
        """
        if self._snapshot is None:
            return
        for folder in (self._folder, self._snapshot.parent):
            _remove_left(folder)

        def go_on(*_: object) -> None:
            if not is_wanted():
                raise InterruptedError

        copy = path.with_name(f".{path.name}.copy-{os.getpid()}")
        draft = self._snapshot.with_name(f".{self._snapshot.name}.{os.getpid()}-{os.urandom(4).hex()}")
        try:
            copy.unlink(missing_ok=True)
            os.close(os.open(copy, _NEW, 0o600))
            with closing(connect(path)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target, pages=_PAGES, progress=go_on, sleep=0)
                target.execute("PRAGMA journal_mode=DELETE")
            self._snapshot.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(copy, "rb") as content, open(os.open(draft, _NEW, 0o600), "wb") as out:
                while block := content.read(_BLOCK):
                    go_on()
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            os.replace(draft, self._snapshot)
        finally:
            copy.unlink(missing_ok=True)
            draft.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._stem}.{number}.db"

    @staticmethod
    def _delete(path: Path) -> None:
        for suffix in _SUFFIXES:
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        pattern = re.compile(rf"{re.escape(self._stem)}\.(\d{{1,12}})\.db")
        names = map(pattern.fullmatch, os.listdir(self._folder))
        return [int(match[1]) for match in names if match]


def _remove_left(folder: Path) -> None:
    """What a process that was killed had begun to copy."""
    with suppress(OSError):
        for path in folder.glob(".index-v*"):
            if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                path.unlink()


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
