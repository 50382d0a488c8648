"""Knows what is not safe on disk yet, and tells it in plain words. For any thread; does no input or output."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from metis_tui.chat.ports import SaveStatus
from metis_tui.store.pace import Pace
from metis_tui.store.segments import Save


class Ledger:
    """The saves that the disk has not confirmed, and why."""

    def __init__(self, slow_seconds: float) -> None:
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._saves: dict[int, Save] = {}
        """Oldest first."""
        self._listeners: list[Callable[[SaveStatus], None]] = []
        self._announced = ("", True)
        self.trouble = ""

    def add(self, save: Save) -> None:
        with self._lock:
            self._saves[id(save)] = save

    def confirm(self, save: Save) -> None:
        with self._lock:
            self._saves.pop(id(save), None)

    def records_of(self, conversation_id: str) -> list[bytes]:
        """Records that may not be on disk yet."""
        with self._lock:
            saves = [save for save in self._saves.values() if save.conversation_id == conversation_id]
        return [record for save in saves for record in (save.header, *save.records)]

    def conversation_ids(self) -> set[str]:
        """Conversations with such records."""
        with self._lock:
            return {save.conversation_id for save in self._saves.values()}

    @property
    def status(self) -> SaveStatus:
        with self._lock:
            pending = [save for save in self._saves.values() if not save.is_written]
        seconds = time.monotonic() - pending[0].since if pending else 0.0
        trouble = self.trouble or ("storage is slow" if seconds > self._slow_seconds else "")
        return SaveStatus(not pending, sum(len(save.records) for save in pending), seconds, trouble)

    def watch(self, listener: Callable[[SaveStatus], None]) -> None:
        self._listeners.append(listener)

    def announce(self) -> None:
        """Tells the listeners if the trouble, or what it holds back, has changed."""
        status = self.status
        news = (status.trouble, status.is_saved or not status.trouble)
        if news == self._announced:
            return
        self._announced = news
        for listener in self._listeners:
            with suppress(Exception):
                listener(status)


class Backoff:
    """When to try again after a failure: ever later."""

    def __init__(self, pace: Pace) -> None:
        self._first = pace.first_retry_seconds
        self._last = pace.last_retry_seconds
        self._seconds = pace.first_retry_seconds
        self.due: float | None = None
        """Monotonic seconds of the next try; None while all is well."""

    def fail(self) -> None:
        if self.due is None:
            self.due = time.monotonic() + self._seconds
            self._seconds = min(self._seconds * 2, self._last)

    def start_try(self) -> bool:
        """True when it is time; a failure from now on counts as a new one."""
        if self.due is None or self.due > time.monotonic():
            return False
        self.due = None
        return True

    def hasten(self) -> None:
        self.due = 0.0

    def reset(self) -> None:
        self.due, self._seconds = None, self._first
