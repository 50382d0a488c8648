"""Places in the text of a message that stay the same when its rows are made again: wider, longer, or finished. Pure.

An anchor counts characters from the beginning of a paragraph, which the source line names, so it does not depend on
where rows break.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_rows import PartedRows, PartKind

_IN_CUT_LINE = -1


class Anchor(NamedTuple):
    """A place between two characters of a message."""

    entry: int
    kind: PartKind
    line: int
    """Source line in which the paragraph begins."""
    nth: int
    """Which of the paragraphs that begin there; -1 when it begins within a line that was cut into parts."""
    offset: int
    """Characters from the beginning of the paragraph; of the text, when it was cut."""


class Place(NamedTuple):
    """A row and a character of its text."""

    position: Position
    column: int


def anchor_of(document: TranscriptDocument, place: Place) -> Anchor:
    """What to remember of a place before rows are made again."""
    position = document.clamped(place.position)
    part = document.ensure(position.entry, position.part)
    lines = part.lines or []
    if not lines:
        return Anchor(position.entry, part.kind, part.source.first_line, 0, 0)
    row = position.row
    offset = max(0, min(place.column, len(lines[row].text)) - lines[row].lead)
    while row > 0 and lines[row].glue != "\n":
        offset += len(lines[row].glue)
        row -= 1
        offset += len(lines[row].text) - lines[row].lead
    if row == 0 and lines[0].glue != "\n":
        return Anchor(position.entry, part.kind, part.source.first_line, _IN_CUT_LINE, part.source.start + offset)
    line, nth = lines[row].source_start, 0
    while row > 0 and lines[row - 1].source_start == line:
        nth += lines[row].glue == "\n"
        row -= 1
    return Anchor(position.entry, part.kind, line, nth, offset)


def place_of(document: TranscriptDocument, anchor: Anchor, *, is_end: bool = False) -> Place:
    """Where the place is now. At a break, an end belongs to the row before and a beginning to the row after."""
    rows = document.open(anchor.entry)
    number = _part_of(rows, anchor)
    if number is None:
        return Place(Position(anchor.entry, 0, 0), 0)
    part = document.ensure(anchor.entry, number)
    lines = part.lines or []
    if not lines:
        return Place(Position(anchor.entry, number, 0), 0)
    if anchor.nth == _IN_CUT_LINE:
        row, offset = 0, max(0, anchor.offset - part.source.start)
    else:
        row, offset = _paragraph(lines, anchor), anchor.offset
    row, column = _walk(lines, row, offset, is_end=is_end)
    return Place(Position(anchor.entry, number, row), column)


def _part_of(rows: PartedRows, anchor: Anchor) -> int | None:
    found: int | None = None
    for number, part in enumerate(rows.parts):
        if part.kind != anchor.kind:
            continue
        source = part.source
        is_before = source.start <= anchor.offset if anchor.nth == _IN_CUT_LINE else source.first_line <= anchor.line
        is_same_line = found is not None and anchor.nth != _IN_CUT_LINE and source.is_continued
        if found is not None and (not is_before or (is_same_line and source.first_line == anchor.line)):
            break
        found = number
    return found


def _paragraph(lines: Sequence[Line], anchor: Anchor) -> int:
    """The row in which the paragraph begins."""
    nth, found = anchor.nth, 0
    for row, line in enumerate(lines):
        if line.source_start > anchor.line:
            break
        if line.glue == "\n":
            found = row
            if line.source_start == anchor.line:
                if nth == 0:
                    return row
                nth -= 1
    return found


def _walk(lines: Sequence[Line], row: int, offset: int, *, is_end: bool) -> tuple[int, int]:
    """So many characters on from the beginning of a row."""
    while True:
        line = lines[row]
        length = len(line.text) - line.lead
        is_last = row == len(lines) - 1
        if offset < length or (is_end and offset == length) or is_last:
            return row, line.lead + min(offset, length)
        glue = lines[row + 1].glue
        if glue == "\n" and offset == length:
            return row, line.lead + length
        offset = max(0, offset - length - len(glue))
        row += 1
