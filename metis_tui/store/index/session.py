"""One file of the index, open for writing: what is to be done next, and who of several processes does it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.search import IndexProgress
from metis_tui.store.index.building import MANY, Builder
from metis_tui.store.index.files import IndexFiles
from metis_tui.store.index.schema import connect, get_meta, prepare, set_meta
from metis_tui.store.layout import Layout

_REST_SECONDS = 0.001
"""Between two steps of building: whoever waits for the interpreter gets it."""
_SWEEP_REST_SECONDS = 0.05
"""Between two looks at files that need no hurry."""
_POLL_SECONDS = 0.5
"""How often is looked whether another process has finished building."""
_QUICK_SECONDS = 0.005
"""All journals are looked at for every search, while that takes no longer; on a slow file server ..."""
_OTHERS_SECONDS = 2.0
"""... those of other boots, of which there may be hundreds, count as read for so long."""
_SNAPSHOT_MESSAGES = 2000
_SNAPSHOT_SECONDS = 24 * 3600


class IndexSession:
    """Belongs to one thread, but for `interrupt`. Raises sqlite3.Error and OSError."""

    def __init__(
        self, layout: Layout, files: IndexFiles, path: Path, gives_way: Callable[[], bool] = lambda: False
    ) -> None:
        """`gives_way`: whether building must rest now."""
        self._gives_way = gives_way
        self.path = path
        self._files = files
        self._connection = connect(path)
        try:
            prepare(self._connection, files.store, layout.boot)
            self._builder = Builder(self._connection, layout, gives_way)
        except BaseException:
            self._connection.close()
            raise
        self._lock_fd: int | None = None
        self._others_read_at = float("-inf")
        self._is_quick = True
        self._is_published = False
        self._is_ending = False
        self._merges: int | None = None
        """Steps of joining the parts of a fresh index; None: nothing to join."""

    @property
    def is_gone(self) -> bool:
        """Somebody has deleted the file, or begun another one."""
        return not self._files.is_current(self.path)

    @property
    def progress(self) -> IndexProgress:
        total, pending = self._builder.total, self._builder.pending
        return IndexProgress(max(0, total - pending), total, self._builder.is_ready, True, "", str(self.path))

    @property
    def pause(self) -> float | None:
        """Seconds until there is something to do; None: until somebody asks."""
        if self._builder.is_idle:
            return None if self._merges is None else _REST_SECONDS
        if self._builder.is_ready:
            return _SWEEP_REST_SECONDS
        return _REST_SECONDS if self._is_ours else _POLL_SECONDS

    def work(self, *, wants_names: bool, is_asked: bool) -> None:
        """Takes in what is new, then does a small step of what is left to do."""
        builder = self._builder
        try:
            if wants_names:
                builder.compare_names()
            if wants_names or is_asked:
                self._catch_up(whole=wants_names)
            if self._gives_way():
                return
            if not builder.is_idle:
                if self._may_build():
                    builder.step()
            else:
                self._unlock()
                self._merge_or_publish()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise

    def interrupt(self) -> None:
        self._is_ending = True
        with suppress(sqlite3.Error):
            self._connection.interrupt()

    def close(self) -> None:
        self._unlock()
        with suppress(sqlite3.Error):
            self._connection.close()

    @property
    def _is_ours(self) -> bool:
        """A few conversations are anybody's; a build is for the process that holds the lock."""
        return self._builder.pending <= MANY or self._lock_fd is not None

    def _catch_up(self, *, whole: bool) -> None:
        started = time.monotonic()
        is_due = started - self._others_read_at > _OTHERS_SECONDS
        if not (whole or is_due or self._is_quick):
            self._builder.catch_up(only_own=True)
            return
        count = self._builder.catch_up()
        self._others_read_at = time.monotonic()
        if not count:
            self._is_quick = self._others_read_at - started < _QUICK_SECONDS

    def _may_build(self) -> bool:
        if self._is_ours:
            return True
        fd = os.open(self._files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
        else:
            self._lock_fd, self._merges = fd, 0
        self._builder.compare_names()  # what another process has done needs no doing
        return self._is_ours

    def _merge_or_publish(self) -> None:
        if self._merges is not None and self._builder.merge_some(is_first=self._merges == 0):
            self._merges += 1
            return
        self._merges = None
        if self._is_published:
            return
        self._is_published = True
        (count,) = self._connection.execute("SELECT count(*) FROM msg").fetchone()
        is_known = get_meta(self._connection, "published") == str(count)
        if count >= _SNAPSHOT_MESSAGES and not is_known and self._files.snapshot_age() > _SNAPSHOT_SECONDS:
            set_meta(self._connection, "published", str(count))
            with suppress(OSError):
                self._files.publish_snapshot(self.path, lambda: not self._is_ending)

    def _unlock(self) -> None:
        if self._lock_fd is not None:
            with suppress(OSError):
                os.close(self._lock_fd)
            self._lock_fd = None
