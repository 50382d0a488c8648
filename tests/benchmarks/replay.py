"""Looks at a recording of a terminal afterwards: when a text, a key or the next part of a reply came to be seen.

Knows recordings (times and bytes) and an emulator; nothing of how they were made.
"""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from emulator import Emulator, EmulatorStream
from gateway_process import Reply
from terminal_process import UNFINISHED, UNKNOWN_TO_PYTE

Pieces = Sequence[tuple[float, bytes]]
_TAIL, _SHORTEST_TAIL = 160, 30
"""So many letters in a row tell a place in a reply, together with where it was before."""
_TAIL_ROWS = 16


def letters(text: str) -> str:
    """Letters and digits alone: what rendering and wrapping leave as it is."""
    return "".join(filter(str.isalnum, text))


def frames(pieces: Pieces, size: tuple[int, int]) -> Iterator[tuple[float, Emulator]]:
    """The screen after each piece, with its time."""
    screen = Emulator(*size)
    feed, rest = EmulatorStream(screen).feed, b""
    for arrived, data in pieces:
        data = rest + data
        unfinished = UNFINISHED.search(data)
        rest = unfinished.group() if unfinished else b""
        feed(UNKNOWN_TO_PYTE.sub(b"", data[: len(data) - len(rest)]))
        yield arrived, screen


def rows(screen: Emulator, places: Sequence[int] | None = None) -> list[str]:
    columns = range(screen.columns)
    return ["".join(screen.buffer[y][x].data for x in columns) for y in places or range(screen.lines)]


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else float("nan")


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


class Watcher:
    """Follows typed keys and a reply through the frames of a recording."""

    def __init__(self, reply: Reply, typed: Sequence[tuple[float, str]] = ()) -> None:
        self.typed = typed
        """When a key was pressed, and the text that ends in it."""
        self.echoes: list[float] = []
        """Seconds from each key to when it was seen."""
        self._letters = letters(reply.text)
        self._sent = [sent for piece, sent in zip(reply.pieces, reply.times, strict=True) for _ in letters(piece)]
        self._shown = 0
        self.lags: list[tuple[float, float]] = []
        """Whenever more of the reply came to be seen: the time, and how long ago the first of it had been sent."""
        self.end_at: float | None = None
        """When the reply's last letters were seen."""
        self.first_at: float | None = None
        self._last_sent = reply.times[-1] if reply.times else 0.0

    @property
    def lag(self) -> float | None:
        """Seconds from the gateway's last word to when it was seen; None when it never was."""
        return self.end_at - self._last_sent if self.end_at is not None else None

    @property
    def greatest_lag(self) -> float:
        return max((lag for _, lag in self.lags), default=float("nan"))

    def watch(self, pieces: Pieces, size: tuple[int, int], since: float = 0.0) -> None:
        for arrived, screen in frames(pieces, size):
            dirty = sorted(y for y in screen.dirty if y < screen.lines)
            screen.dirty.clear()
            if arrived < since or not dirty:
                continue
            self._see_keys(arrived, rows(screen, dirty))
            if self._letters:
                self._see_reply(arrived, [letters(row) for row in rows(screen)[1 : screen.lines - 3]])

    def _see_keys(self, arrived: float, changed: list[str]) -> None:
        for index in range(len(self.typed) - 1, len(self.echoes) - 1, -1):
            pressed, text = self.typed[index]
            if pressed <= arrived and any(text in row for row in changed):
                # A key that is seen makes those before it seen, now at the latest.
                self.echoes += [arrived - moment for moment, _ in self.typed[len(self.echoes) : index + 1]]
                return

    def _see_reply(self, arrived: float, shown: list[str]) -> None:
        """The screen ends with what is seen of the reply; rows below that are not of it are left out."""
        end, is_whole = self._end_in(arrived, shown)
        if not is_whole:
            self.end_at = None  # long replies repeat themselves: what looked like the end was not
        elif self.end_at is None:
            self.end_at = arrived
        if end > self._shown:
            self.first_at = self.first_at or arrived
            self.lags.append((arrived, arrived - self._sent[self._shown]))
            self._shown = end

    def _end_in(self, arrived: float, shown: list[str]) -> tuple[int, bool]:
        """How many letters of the reply have been seen, and whether the screen ends as the reply does."""
        sent = bisect_right(self._sent, arrived)  # nothing is seen before it is sent
        for last in range(len(shown), 0, -1):
            if not shown[last - 1]:
                continue
            tail = "".join(shown[max(0, last - _TAIL_ROWS) : last])[-_TAIL:]
            place = self._letters.find(tail, max(0, self._shown - len(tail)), sent)
            if place >= 0 and len(tail) >= min(_SHORTEST_TAIL, len(self._letters)):
                if sent == len(self._letters) and self._letters.endswith(tail):
                    return len(self._letters), True
                return place + len(tail), False
        return 0, False
