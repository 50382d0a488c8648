"""Scrolling by paragraphs, so that views of different texts go through them together. Knows rows, no other view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_scroll import TranscriptScroll


class Paragraph(NamedTuple):
    """A place that another text has, too: the how manieth message and paragraph, and how far into it."""

    entry: int
    number: int
    rows: int


class TranscriptParagraphs(TranscriptScroll):
    """A view that tells and takes its place by paragraphs."""

    def paragraph_at_top(self) -> Paragraph | None:
        """Where the view begins; None when nothing is shown."""
        if not self.document.entries or not self.is_laid_out:
            return None
        top = self._top
        number, rows = 0, 0
        for position, is_blank in self._rows_of(top.entry):
            if position >= top:
                break
            number, rows = (number + 1, 0) if is_blank else (number, rows + 1)
        return Paragraph(top.entry, number, rows)

    def scroll_to_paragraph(self, place: Paragraph) -> None:
        """Goes to the same paragraph, or to the last there is; a shorter one ends earlier."""
        if place.entry >= len(self.document.entries) or not self.is_laid_out:
            return
        found = Position(place.entry, 0, 0)
        number, rows = 0, 0
        for position, is_blank in self._rows_of(place.entry):
            if number > place.number or (number == place.number and rows > place.rows):
                break
            found = position
            number, rows = (number + 1, 0) if is_blank else (number, rows + 1)
        self._top = self.document.fill(found, self._view.height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

    def _rows_of(self, number: int) -> Iterator[tuple[Position, bool]]:
        """Rows of a message, and whether they are blank."""
        for part_number in range(len(self.document.open(number).parts)):
            lines: list[Line] = self.document.ensure(number, part_number).lines or []
            for row, line in enumerate(lines):
                yield Position(number, part_number, row), not line.text.strip()
