"""Knows which replies stream in this process and when each has to be written. Knows nothing of finished records."""

from __future__ import annotations

import threading
import time

from metis_tui.store.pace import Pace
from metis_tui.store.partials import Partial, PartialFiles

_NEVER = float("inf")


class Streams:
    """The streaming replies. `add` and `checkpoint` are for any thread, the rest for the writer thread.

    Args:
        wake: guards what both sides touch; notified when there is something to do earlier than was known.
    """

    def __init__(self, files: PartialFiles, pace: Pace, wake: threading.Condition) -> None:
        self._files = files
        self._pace = pace
        self._wake = wake
        self._partials: dict[str, Partial] = {}
        """By reply id."""

    def add(self, partial: Partial) -> Partial | None:
        """Gives the one that it replaces, whose file the writer thread has to end."""
        with self._wake:
            replaced = self._partials.get(partial.reply.id)
            self._partials[partial.reply.id] = partial
            return replaced

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        with self._wake:
            partial = self._partials.get(reply_id)
            if partial is None:
                return
            is_first = partial.new_characters == 0
            partial.add(text, reasoning)
            if is_first or partial.new_characters >= self._pace.checkpoint_characters:
                self._wake.notify()

    def all(self) -> list[Partial]:
        with self._wake:
            return list(self._partials.values())

    @property
    def is_behind(self) -> bool:
        """A file lacks text because it could not be written."""
        return any(partial.is_behind for partial in self.all())

    def due(self, retry_due: float | None) -> float:
        """Monotonic seconds at which something is to be done; infinite for never. Hold the lock."""
        dues = (min(self._write_due(p, retry_due), self._sync_due(p)) for p in self._partials.values())
        return min(dues, default=_NEVER)

    def do_what_is_due(self, retry_due: float | None) -> None:
        """Raises OSError at the first file that fails; the others follow in the next round."""
        now = time.monotonic()
        for partial in self.all():
            if self._write_due(partial, retry_due) <= now:
                self.write(partial)
            if self._sync_due(partial) <= now:
                self._files.sync(partial)

    def drop(self, partial: Partial) -> None:
        """Another one has taken its place."""
        self._files.end(partial)

    def write(self, partial: Partial) -> None:
        """Raises OSError."""
        with self._wake:
            if self._partials.get(partial.reply.id) is not partial:
                return
            text, reasoning = partial.take()
        self._files.write(partial, text, reasoning)

    def end(self, reply_id: str) -> None:
        """The finished reply is durable."""
        with self._wake:
            partial = self._partials.pop(reply_id, None)
        if partial is not None:
            self._files.end(partial)

    def _write_due(self, partial: Partial, retry_due: float | None) -> float:
        if partial.is_behind:
            return retry_due or 0.0
        if partial.new_characters >= self._pace.checkpoint_characters:
            return 0.0
        return partial.written_at + self._pace.checkpoint_seconds if partial.new_characters else _NEVER

    def _sync_due(self, partial: Partial) -> float:
        return _NEVER if partial.unsynced_since is None else partial.unsynced_since + self._pace.sync_seconds
