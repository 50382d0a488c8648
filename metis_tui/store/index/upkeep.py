"""Keeps the index in a thread of its own: opens it, builds it, catches up, starts anew after damage.

Nobody waits for it longer than they want to, so a file server that hangs costs freshness and nothing else.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from metis_tui.chat.search import IndexProgress
from metis_tui.store.disk import in_words
from metis_tui.store.index.files import IndexFiles
from metis_tui.store.index.place import NoPlace
from metis_tui.store.index.session import IndexSession
from metis_tui.store.layout import Layout

_TELL_SECONDS = 0.25
_TRIES = 3
"""Files that may turn out damaged, before it goes on without."""


class Upkeep:
    """One data folder's index. Its methods are for any thread.

    Args:
        place: finds the folder of this node. Raises NoPlace.
        told: is given the progress when it changes, from the thread.
    """

    def __init__(
        self,
        layout: Layout,
        cache: Path | None,
        place: Callable[[], Path],
        told: Callable[[IndexProgress], None],
    ) -> None:
        self._layout = layout
        self._cache = cache
        self._place = place
        self._told = told
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._session: IndexSession | None = None
        self._requests: list[threading.Event] = []
        self._is_closing = False
        self._wants_names = False
        self._wants_anew = False
        self._damaged: Path | None = None
        self._faults = 0
        self._is_copy = False
        """The file was begun with the published copy."""
        self._told_at = float("-inf")
        self._rests_until = float("-inf")
        self.progress = IndexProgress()

    @property
    def path(self) -> Path | None:
        """The file that can be searched."""
        session = self._session
        return session.path if session else None

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
            if self._thread is None:
                return False
            self._requests.append(done)
            self._condition.notify()
        return done.wait(seconds)

    def give_way(self, seconds: float) -> None:
        """No building until so long from now: it would slow what runs in other threads."""
        self._rests_until = time.monotonic() + seconds

    @property
    def _rest(self) -> float:
        """Seconds until the building may go on."""
        return max(0.0, self._rests_until - time.monotonic())

    def reindex(self) -> None:
        """Throws the file away and builds another one."""
        with self._condition:
            self._wants_anew = True
            self._faults = 0
            self.progress = IndexProgress(total=self.progress.total)
        self.start()

    def report_damage(self, path: Path) -> None:
        """A search met a fault in the file."""
        with self._condition:
            self._damaged = path
            self._condition.notify()

    def close(self, seconds: float) -> None:
        """Ends the thread; waits for it at most so long."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
            thread, session = self._thread, self._session
        if session is not None:
            session.interrupt()
        if thread is not None:
            thread.join(seconds)

    # In the thread

    def _run(self) -> None:
        trouble = ""
        while not (trouble or self._is_closing):
            trouble = self._live()
        with self._condition:
            self._thread = None
            requests, self._requests = self._requests, []
        if trouble:
            self.progress = IndexProgress(is_ready=True, has_index=False, trouble=trouble)
            self._told(self.progress)
        for request in requests:
            request.set()

    def _live(self) -> str:
        """Uses one file for as long as it is good; returns why there cannot be another one, if so."""
        files: IndexFiles | None = None
        path: Path | None = None
        try:
            files = IndexFiles(self._place(), self._layout.root, self._cache)
            path = self._choose(files)
            self._session = IndexSession(self._layout, files, path, lambda: self._rest > 0)
            self._keep(self._session)
        except NoPlace as reason:
            return f"there is no disk of this machine for it: {reason}"
        except sqlite3.Error as error:
            return "" if self._is_closing else self._after_fault(error, files, path)
        except OSError as error:
            return in_words(error)
        except Exception as fault:
            return f"an unforeseen fault ({type(fault).__name__})"
        finally:
            session, self._session = self._session, None
            if session is not None:
                session.close()
        return ""

    def _choose(self, files: IndexFiles) -> Path:
        path = files.current()
        with self._condition:
            is_anew, self._wants_anew, self._wants_names = self._wants_anew, False, True
        if is_anew:
            files.abandon(path)
            self._is_copy = False
            return files.current()
        self._is_copy = files.take_snapshot(path)
        return path

    def _keep(self, session: IndexSession) -> None:
        """Until it is closed, damaged or gone."""
        while not (self._is_closing or self._wants_anew or session.is_gone):
            if self._damaged == session.path:
                raise sqlite3.DatabaseError("a search met a fault")
            with self._condition:
                requests, self._requests = self._requests, []
                wants_names, self._wants_names = self._wants_names, False
            session.work(wants_names=wants_names, is_asked=bool(requests))
            self._tell(session.progress)
            for request in requests:
                request.set()
            with self._condition:
                if not (self._requests or self._wants_names or self._is_closing or self._wants_anew):
                    pause = session.pause
                    self._condition.wait(None if pause is None else max(pause, self._rest))

    def _after_fault(self, error: sqlite3.Error, files: IndexFiles | None, path: Path | None) -> str:
        """Another file takes the place of a damaged one."""
        self._faults += 1
        if files is None or path is None or self._faults > _TRIES or "no such module" in str(error):
            return f"SQLite cannot keep it here ({error})"
        if self._session is not None:
            self._session.close()
        try:
            files.abandon(path)
            if self._is_copy:
                files.drop_snapshot()
        except OSError as fault:
            return in_words(fault)
        return ""

    def _tell(self, now: IndexProgress) -> None:
        before = self.progress
        is_turn = now.is_ready != before.is_ready or now.has_index != before.has_index
        is_due = time.monotonic() - self._told_at > _TELL_SECONDS
        if is_turn or (now != before and (is_due or now.is_ready)):
            self._told_at = time.monotonic()
            self.progress = now
            self._told(now)
