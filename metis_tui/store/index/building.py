"""Brings the index up to what is saved, a small step at a time. Knows nothing of threads and of searching."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from metis_tui.store.index.names import Cursor, News, read_news, segment_names
from metis_tui.store.index.parts import file_size
from metis_tui.store.index.schema import get_meta, set_meta
from metis_tui.store.index.writing import IndexWriter, Reading
from metis_tui.store.layout import Layout

_SMALL_STEP, _STEP = 40, 100
"""Conversations that go into the index at once; the newest in small steps, to be found soon ..."""
_PIECE = 20
"""After so many the step may end early, when somebody types."""
_SOON = 200
"""... as many as these."""
MANY = 100
"""So many conversations to read are a build, which one process does for all."""
_NO_CURSORS: dict[str, Cursor] = {}
_TRIES = 5
_MERGED_PAGES = 300
_SWEEP_STEP = 100
_SWEEP_DAYS = 7


class Builder:
    """Belongs to one thread. Raises sqlite3.Error; files that cannot be read are left for later."""

    def __init__(
        self, connection: sqlite3.Connection, layout: Layout, gives_way: Callable[[], bool] = lambda: False
    ) -> None:
        """`gives_way`: whether a step must end early."""
        self._gives_way = gives_way
        self._connection = connection
        self._layout = layout
        self._writer = IndexWriter(connection, layout.conversations)
        self._cursors = self._writer.cursors()
        self._pending: list[str] = []
        """Conversations to read, newest last."""
        self._names: dict[str, list[str]] = {}
        self._taken = 0
        """Conversations read by steps."""
        self._to_sweep: list[str] = []
        self._is_doubtful = False
        self.total = 0
        """Conversations there are."""

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def is_ready(self) -> bool:
        """Everything that is saved is in."""
        return not self._pending and not self._is_doubtful

    @property
    def is_idle(self) -> bool:
        return not self._pending and not self._to_sweep

    def compare_names(self) -> None:
        """Finds what the index lacks or has too much, by names alone. Raises OSError."""
        known = self._writer.known_paths()
        if not known:  # everything is read anyway: what the journals have said up to now is no news
            self._move(read_news(self._layout, {}))
            set_meta(self._connection, "swept", str(time.time()))
        self._names = segment_names(self._layout)
        self.total = len(self._names)
        lacking = [i for i, paths in self._names.items() if any(path not in known for path in paths)]
        there = {path for paths in self._names.values() for path in paths}
        for conversation_id in {_id_in(path) for path in known.keys() - there}:
            if conversation_id in self._names:
                lacking.append(conversation_id)
            else:
                self._writer.forget(conversation_id)
        self._pending = sorted(set(lacking))
        self._writer.remember_words(len(self._pending) > MANY)
        if time.time() - float(get_meta(self._connection, "swept", "0")) > _SWEEP_DAYS * 24 * 3600:
            self.compare_sizes()

    def compare_sizes(self, *, is_urgent: bool = False) -> None:
        """Looks at every file, a few at each step: for changes that no journal tells.

        `is_urgent`: it is known that there may be some, so until then the index is not ready.
        """
        self._is_doubtful = self._is_doubtful or is_urgent
        self._to_sweep = sorted(self._names or segment_names(self._layout))

    def catch_up(self, *, only_own: bool = False) -> bool:
        """Puts in what the journals name; whether there was anything."""
        news = read_news(self._layout, self._cursors, only_own=only_own)
        if news.is_broken:
            self._writer.drop_cursors(self._cursors.keys() - news.moved.keys())
            self._cursors = {}
            news = read_news(self._layout, {})
            self._move(news)
            self.compare_names()
            self.compare_sizes(is_urgent=True)
            return True
        if not news.moved:
            return False
        unread = set(self._pending)
        for conversation_id in news.conversations:
            self._names.pop(conversation_id, None)  # it may have another file now
        named = sorted(news.conversations - unread)
        if len(named) > MANY:
            self._pending = sorted(unread | set(named))
            self._move(news)
            return True
        self._take(named, news.moved)
        self._cursors.update(news.moved)
        return bool(named)

    def step(self) -> None:
        """Reads the next few conversations, newest first, or looks at the next few files."""
        if self._pending:
            count = _SMALL_STEP if self._taken < _SOON else _STEP
            self._taken += count
            some, self._pending = self._pending[-count:][::-1], self._pending[:-count]
            for begin in range(0, len(some), _PIECE):
                if begin and self._gives_way():
                    self._pending += some[begin:][::-1]
                    break
                self._take(some[begin : begin + _PIECE])
            if not self._pending:
                self._writer.remember_words(False)
        elif self._to_sweep:
            some, self._to_sweep = self._to_sweep[-_SWEEP_STEP:], self._to_sweep[:-_SWEEP_STEP]
            known = self._writer.known_paths()
            grown = [i for i in some if any(self._differs(path, known) for path in self._paths(i))]
            self._take(grown)
            if not self._to_sweep:
                self._is_doubtful = False
                set_meta(self._connection, "swept", str(time.time()))
        if self.is_idle:
            self._names = {}  # ten thousand lists less for every collection of garbage to look at

    def merge_some(self, *, is_first: bool) -> bool:
        """Joins parts of the index, which makes searching faster; False when there is nothing left to join."""
        before = self._connection.total_changes
        pages = -_MERGED_PAGES if is_first else _MERGED_PAGES  # a negative number: join all, however few parts
        self._connection.execute("INSERT INTO ft(ft, rank) VALUES('merge', ?)", (pages,))
        return self._connection.total_changes - before >= 2

    def _move(self, news: News) -> None:
        self._writer.put([], news.moved)
        self._cursors.update(news.moved)

    def _take(self, ids: Iterable[str], cursors: Mapping[str, Cursor] = _NO_CURSORS) -> None:
        """Reads and writes. What cannot be read now is looked for at the next start."""
        waiting = list(ids)
        for _ in range(_TRIES):
            readings: list[Reading] = []
            for conversation_id in waiting:
                try:
                    readings += self._read(conversation_id)
                except OSError:
                    set_meta(self._connection, "swept", "0")
            if readings or cursors:
                waiting = self._writer.put(readings, cursors)
            if not readings or not waiting:
                break

    def _read(self, conversation_id: str) -> list[Reading]:
        """One, or none when there is nothing new."""
        paths = self._paths(conversation_id)
        if not paths:
            self._writer.forget(conversation_id)
            return []
        reading = self._writer.read(conversation_id, paths)
        return [] if reading.is_empty else [reading]

    def _paths(self, conversation_id: str) -> list[str]:
        """From the names read last while much is read; else what is there now."""
        if not self.is_idle and conversation_id in self._names:
            return self._names[conversation_id]
        root = self._layout.conversations
        return [str(path.relative_to(root)) for path in self._layout.segments_of(conversation_id)]

    def _differs(self, path: str, known: dict[str, int]) -> bool:
        try:
            return file_size(self._layout.conversations / path) != known.get(path)
        except OSError:
            return True


def _id_in(path: str) -> str:
    return Path(path).name[:26]
