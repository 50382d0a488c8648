"""The document of messages: positions that survive changes, and steps from one to another.

Pure arithmetic over entries and their parts; knows nothing of widgets, scrolling or terminals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from metis_tui.tui.widgets.transcript_entries import TranscriptEntries


class Position(NamedTuple):
    """A row of a part of an entry. Unlike a row of the document it stays right when others change their height."""

    entry: int
    part: int
    row: int


START = Position(0, 0, 0)


class TranscriptDocument(TranscriptEntries):
    """The messages in order, and the places in them."""

    def row_of(self, position: Position) -> int:
        rows = self.entries[position.entry].rows
        inside = rows.start(position.part) if rows is not None else 0
        return self.start(position.entry) + inside + position.row

    def locate(self, row: int) -> Position:
        """The position at a document row, by what is known of the heights now."""
        if not self.entries:
            return START
        row = max(0, min(row, self.height - 1))
        number = bisect_right(self._starts, row, 0, len(self.entries)) - 1
        inside, height = row - self._starts[number], self.entries[number].height
        rows = self.open(number)
        if self.entries[number].height != height:
            # Opened, its height is known better: the place is as far through it as it was.
            inside = inside * self.entries[number].height // max(1, height)
        return Position(number, *rows.locate(inside))

    def after(self, position: Position) -> Position | None:
        """The beginning of the next part."""
        if position.part < len(self.open(position.entry).parts) - 1:
            return Position(position.entry, position.part + 1, 0)
        return Position(position.entry + 1, 0, 0) if position.entry < len(self.entries) - 1 else None

    def before(self, position: Position) -> Position | None:
        """The beginning of the part before."""
        if position.part > 0:
            return Position(position.entry, position.part - 1, 0)
        if position.entry == 0:
            return None
        return Position(position.entry - 1, len(self.open(position.entry - 1).parts) - 1, 0)

    def walk(self, position: Position, rows: int) -> Position:
        """The position so many rows further; what is on the way is rendered, so that each step is true."""
        if not self.entries:
            return position
        row = position.row + rows
        while row < 0 and (before := self.before(position)) is not None:
            position = before
            row += self.ensure(position.entry, position.part).height
        while row >= self.ensure(position.entry, position.part).height:
            after = self.after(position)
            if after is None:
                break
            row -= self.ensure(position.entry, position.part).height
            position = after
        return position._replace(row=max(0, row))

    def end(self, view_height: int) -> Position:
        """The topmost position when the view is at the end."""
        position: Position | None = self.last()
        while position is not None:
            view_height -= self.ensure(position.entry, position.part).height
            if view_height <= 0:
                return position._replace(row=-view_height)
            position = self.before(position)
        return START

    def last(self) -> Position | None:
        """The beginning of the last part."""
        number = len(self.entries) - 1
        return Position(number, len(self.open(number).parts) - 1, 0) if number >= 0 else None

    def fill(self, top: Position, view_height: int) -> Position:
        """Renders what the view shows from `top` on; moves the top up when the document ends too early."""
        if not self.entries:
            return START
        top = self.clamped(top)
        shown = -top.row
        position: Position | None = top
        while position is not None:
            shown += self.ensure(position.entry, position.part).height
            if shown >= view_height:
                return top
            position = self.after(position)
        return self.end(view_height)

    def clamped(self, position: Position) -> Position:
        """The position, or the nearest there is."""
        number = min(position.entry, len(self.entries) - 1)
        part = min(position.part, len(self.open(number).parts) - 1)
        row = min(position.row, max(0, self.ensure(number, part).height - 1))
        return Position(number, part, row)

    def near(self, first: Position, last: Position, rows: int) -> Iterator[Position]:
        """Parts within so many rows of [first, last] whose height is only estimated, the ones below first."""
        for step, start in ((self.after, last), (self.before, first)):
            passed, position = 0, step(start)
            while position is not None and passed <= rows:
                part = self.open(position.entry).parts[position.part]
                if not part.is_exact:
                    yield position
                passed += part.height
                position = step(position)
