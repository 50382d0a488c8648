"""The document of messages: where each begins, estimated heights until rendered, positions that survive changes.

Pure arithmetic over entries; knows nothing of widgets, scrolling or terminals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.transcript_entry import Entry, Layout

KEPT_ENTRIES = 160
"""Rendered entries that are kept; those not seen for the longest time are dropped first."""


class Position(NamedTuple):
    """A row of an entry. Unlike a row of the document it stays right when other entries change their height."""

    entry: int
    row: int


class TranscriptDocument:
    """The messages in order, with their heights."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.entries: list[Entry] = []
        self.rendered_entries = 0
        """How many entries were rendered so far, again or anew: the work done."""
        self._index: dict[str, int] = {}
        self._starts: list[int] = [0]
        self._valid_starts = 1
        self._recent: dict[int, None] = {}

    def show(self, messages: Sequence[ChatMessage]) -> None:
        self.entries = [Entry(message) for message in messages]
        for entry in self.entries:
            entry.height = entry.estimate(self.layout)
        self._index = {message.id: number for number, message in enumerate(messages)}
        self._recent.clear()
        self._valid_starts = 1

    def append(self, entry: Entry) -> int:
        entry.height = entry.estimate(self.layout)
        self.entries.append(entry)
        number = len(self.entries) - 1
        self._index[entry.message.id] = number
        return number

    def index_of(self, message_id: str | None) -> int | None:
        return self._index.get(message_id) if message_id is not None else None

    def reindex(self, number: int, old_id: str) -> None:
        """An entry's message was exchanged for one with another id."""
        self._index.pop(old_id, None)
        self._index[self.entries[number].message.id] = number

    def relayout(self, layout: Layout) -> None:
        """Another width or palette: every height is an estimate again."""
        self.layout = layout
        for entry in self.entries:
            entry.invalidate(layout)
        self._recent.clear()
        self._valid_starts = 1

    def repaint(self, layout: Layout) -> None:
        """Other colours: the rows are made again, their heights stay."""
        self.layout = layout
        for entry in self.entries:
            if entry.live is not None:
                entry.invalidate(layout)
                entry.render(layout)
            else:
                entry.forget()
        self._recent.clear()
        self._valid_starts = 1

    @property
    def height(self) -> int:
        return self.start(len(self.entries))

    def start(self, number: int) -> int:
        """The document row at which an entry begins."""
        starts = self._starts
        if self._valid_starts <= number:
            del starts[self._valid_starts :]
            row = starts[-1]
            for entry in self.entries[len(starts) - 1 : number]:
                row += entry.height
                starts.append(row)
            self._valid_starts = len(starts)
        return starts[number]

    def changed(self, number: int) -> None:
        """An entry's height changed; the entries after it moved."""
        self._valid_starts = min(self._valid_starts, number + 1)

    def ensure(self, number: int) -> Entry:
        """The entry with its rows."""
        entry = self.entries[number]
        if not entry.is_rendered:
            before = entry.height
            entry.render(self.layout)
            self.rendered_entries += 1
            if entry.height != before:
                self.changed(number)
        self._recent.pop(number, None)
        self._recent[number] = None
        return entry

    def trim(self) -> None:
        """Drops the rows of entries that were not seen for the longest time."""
        while len(self._recent) > KEPT_ENTRIES:
            oldest = next(iter(self._recent))
            del self._recent[oldest]
            if oldest < len(self.entries) and self.entries[oldest].live is None:
                self.entries[oldest].forget()

    def row_of(self, position: Position) -> int:
        return self.start(position.entry) + position.row

    def locate(self, row: int) -> Position:
        """The position at a document row, by what is known of the heights now."""
        if not self.entries:
            return Position(0, 0)
        row = max(0, row)
        if row >= self.height:
            return Position(len(self.entries) - 1, max(0, self.entries[-1].height - 1))
        number = bisect_right(self._starts, row, 0, len(self.entries)) - 1
        return Position(number, row - self._starts[number])

    def walk(self, position: Position, rows: int) -> Position:
        """The position so many rows further; entries on the way are rendered, so that each step is true."""
        if not self.entries:
            return position
        number, row = position.entry, position.row + rows
        while row < 0 and number > 0:
            number -= 1
            row += self.ensure(number).height
        while number < len(self.entries) - 1 and row >= self.ensure(number).height:
            row -= self.entries[number].height
            number += 1
        return Position(number, max(0, row))

    def end(self, view_height: int) -> Position:
        """The topmost position when the view is at the end."""
        remaining = view_height
        for number in range(len(self.entries) - 1, -1, -1):
            remaining -= self.ensure(number).height
            if remaining <= 0:
                return Position(number, -remaining)
        return Position(0, 0)

    def fill(self, top: Position, view_height: int) -> Position:
        """Renders what the view shows from `top` on; moves the top up when the document ends too early."""
        if not self.entries:
            return Position(0, 0)
        number = min(top.entry, len(self.entries) - 1)
        row = min(top.row, max(0, self.ensure(number).height - 1))
        shown = -row
        for following in range(number, len(self.entries)):
            shown += self.ensure(following).height
            if shown >= view_height:
                return Position(number, row)
        return self.end(view_height)

    def near(self, first: int, last: int, rows: int) -> Iterator[int]:
        """Entries within so many rows of [first, last] whose height is only estimated, nearest first."""
        below, above = 0, 0
        for number in range(last + 1, len(self.entries)):
            if below > rows:
                break
            if not self.entries[number].is_exact:
                yield number
            below += self.entries[number].height
        for number in range(first - 1, -1, -1):
            if above > rows:
                break
            if not self.entries[number].is_exact:
                yield number
            above += self.entries[number].height
