"""Keeps the index in a thread of its own: opens it, builds it, catches up, starts anew after damage.

Nobody waits for it longer than they want to, so a file server that hangs costs freshness and nothing else.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.search import IndexProgress
from metis_tui.store.disk import in_words
from metis_tui.store.index.building import MANY, Builder
from metis_tui.store.index.files import IndexFiles
from metis_tui.store.index.place import NoPlace, index_folder
from metis_tui.store.index.schema import connect, get_meta, prepare, set_meta
from metis_tui.store.layout import Layout

_REST_SECONDS = 0.001
"""Between two steps of building: whoever waits for the interpreter gets it."""
_POLL_SECONDS = 0.5
"""How often is looked whether another process has finished building."""
_TELL_SECONDS = 0.25
_OTHERS_SECONDS = 2.0
"""Age up to which the other boots' journals count as read; there may be hundreds of them."""
_SNAPSHOT_MESSAGES = 2000
_SNAPSHOT_SECONDS = 24 * 3600
_TRIES = 3
"""Files in a row that may turn out damaged."""


class Upkeep:
    """One data folder's index. Its methods are for any thread.

    Args:
        told: is given the progress when it changes, from the thread.
    """

    def __init__(
        self,
        layout: Layout,
        cache: Path | None,
        environ: Mapping[str, str],
        told: Callable[[IndexProgress], None],
    ) -> None:
        self._layout = layout
        self._cache = cache
        self._environ = environ
        self._told = told
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._requests: list[threading.Event] = []
        self._is_closing = False
        self._wants_names = True
        self._wants_anew = False
        self._damaged: Path | None = None
        self._progress = IndexProgress()
        self.path: Path | None = None
        """The file that can be searched."""
        # Only the thread itself touches what follows.
        self._files: IndexFiles | None = None
        self._connection: sqlite3.Connection | None = None
        self._builder: Builder | None = None
        self._lock_fd: int | None = None
        self._others_read_at = float("-inf")
        self._told_at = float("-inf")
        self._tries = 0
        self._is_merging = False

    # From any thread

    @property
    def progress(self) -> IndexProgress:
        return self._progress

    def start(self) -> None:
        """Opens and builds, or looks for what is new by names."""
        with self._condition:
            self._wants_names = True
            if self._thread is None and not self._is_closing:
                self._thread = threading.Thread(target=self._run, name="index-upkeep", daemon=True)
                self._thread.start()
            self._condition.notify()

    def freshen(self, seconds: float) -> bool:
        """Has what was just saved taken in; False when that takes longer than the given time."""
        done = threading.Event()
        with self._condition:
            if self._thread is None or not self._progress.has_index:
                return True
            self._requests.append(done)
            self._condition.notify()
        return done.wait(seconds)

    def reindex(self) -> None:
        """Throws the file away and builds another one."""
        with self._condition:
            self._wants_anew = True
            self._progress = IndexProgress(total=self._progress.total)
        self.start()

    def report_damage(self, path: Path) -> None:
        """A search met a fault in the file."""
        with self._condition:
            self._damaged = path
            self._condition.notify()

    def close(self, seconds: float) -> None:
        with self._condition:
            self._is_closing = True
            self._condition.notify()
            thread, connection = self._thread, self._connection
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.interrupt()
        if thread is not None:
            thread.join(seconds)

    # In the thread

    def _run(self) -> None:
        while not self._is_closing:
            try:
                self._open()
                self._keep()
            except NoPlace as reason:
                return self._give_up(f"there is no local disk for it: {reason}")
            except ImportError:
                return self._give_up("this Python has no SQLite")
            except sqlite3.Error as error:
                if not self._is_closing and not self._recover(error):
                    return
            except OSError as error:
                return self._give_up(in_words(error))
            finally:
                self._let_go()

    def _open(self) -> None:
        folder = index_folder(self._environ)
        files = self._files = IndexFiles(folder, self._layout.root, self._cache)
        path = files.current()
        if self._wants_anew:
            self._wants_anew = False
            files.abandon(path)
            path = files.current()
        else:
            files.take_snapshot(path)
        self.path = path
        self._connection = connect(path)
        prepare(self._connection, files.store, self._layout.boot)
        self._builder = Builder(self._connection, self._layout)
        self._wants_names = True

    def _keep(self) -> None:
        """Until it is closed, damaged, or its file is gone."""
        assert self._builder is not None
        assert self._files is not None
        assert self.path is not None
        while not self._is_closing and not self._wants_anew:
            if self._damaged == self.path:
                raise sqlite3.DatabaseError("a search met a fault")
            if not self._files.is_current(self.path):
                return  # somebody has deleted it
            with self._condition:
                requests, self._requests = self._requests, []
                wants_names, self._wants_names = self._wants_names, False
            self._work(self._builder, wants_names, is_asked=bool(requests))
            for request in requests:
                request.set()
            with self._condition:
                if not (self._requests or self._wants_names or self._is_closing or self._wants_anew):
                    self._condition.wait(self._pause(self._builder))

    def _work(self, builder: Builder, wants_names: bool, *, is_asked: bool) -> None:
        try:
            if wants_names:
                builder.compare_names()
                self._is_merging = True
            if wants_names or is_asked:
                is_due = time.monotonic() - self._others_read_at > _OTHERS_SECONDS
                if builder.catch_up(only_own=not (wants_names or is_due)):
                    self._is_merging = True
                if wants_names or is_due:
                    self._others_read_at = time.monotonic()
            if not builder.is_idle and self._may_build(builder):
                builder.step()
            elif builder.is_idle:
                self._finish(builder)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
        self._tell(builder)

    def _may_build(self, builder: Builder) -> bool:
        """Few conversations are anybody's; a build is for the process that holds the lock."""
        if builder.pending <= MANY or self._lock_fd is not None:
            return True
        assert self._files is not None
        fd = os.open(self._files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            builder.compare_names()  # what the other one has done needs no doing
            return builder.pending <= MANY
        self._lock_fd = fd
        builder.compare_names()
        return True

    def _finish(self, builder: Builder) -> None:
        self._unlock()
        if not self._is_merging:
            return
        self._is_merging = builder.merge_some()
        if not self._is_merging:
            self._publish()

    def _publish(self) -> None:
        """A copy for other nodes, once a day."""
        assert self._connection is not None
        assert self._files is not None
        assert self.path is not None
        (count,) = self._connection.execute("SELECT count(*) FROM msg").fetchone()
        known = get_meta(self._connection, "published")
        if count < _SNAPSHOT_MESSAGES or known == str(count) or self._files.snapshot_age() < _SNAPSHOT_SECONDS:
            return
        with suppress(OSError):
            self._files.publish_snapshot(self.path)
            set_meta(self._connection, "published", str(count))

    def _pause(self, builder: Builder) -> float | None:
        if self._is_merging or (not builder.is_idle and (self._lock_fd is not None or builder.pending <= MANY)):
            return _REST_SECONDS
        return _POLL_SECONDS if not builder.is_idle else None

    def _tell(self, builder: Builder) -> None:
        is_ready = builder.pending == 0
        done = max(0, builder.total - builder.pending)
        now = IndexProgress(done, builder.total, is_ready, True, "", str(self.path))
        is_turn = now.is_ready != self._progress.is_ready
        if is_turn or (now != self._progress and time.monotonic() - self._told_at > _TELL_SECONDS):
            self._told_at = time.monotonic()
            self._progress = now
            self._told(now)
        elif is_ready:
            self._progress = now

    def _recover(self, error: sqlite3.Error) -> bool:
        """After damage: another file. False when there is no sense in it."""
        self._tries += 1
        self._damaged = None
        path, files = self.path, self._files
        if self._tries > _TRIES or path is None or files is None or "no such module" in str(error):
            self._give_up(f"SQLite cannot keep it here ({error})")
            return False
        self._let_go()
        try:
            files.abandon(path)
        except OSError as fault:
            self._give_up(in_words(fault))
            return False
        return True

    def _give_up(self, trouble: str) -> None:
        self.path = None
        self._progress = IndexProgress(is_ready=True, has_index=False, trouble=trouble)
        self._told(self._progress)
        self._answer_all()

    def _answer_all(self) -> None:
        with self._condition:
            requests, self._requests = self._requests, []
            if not self._progress.has_index:
                self._thread = None
        for request in requests:
            request.set()

    def _unlock(self) -> None:
        if self._lock_fd is not None:
            with suppress(OSError):
                os.close(self._lock_fd)
            self._lock_fd = None

    def _let_go(self) -> None:
        self._unlock()
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = self._builder = None
