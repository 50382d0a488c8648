"""The mouse's selection in the transcript: its text, and keeping it on the same words while rows change.

Textual numbers the rows of a selection; here the number tells message, part and row, so that it stays right when
other messages are rendered, grow or change their height. Knows documents; nothing of screens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from textual.geometry import Offset
from textual.selection import Selection

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_anchor import Anchor, Place, anchor_of, place_of
from metis_tui.tui.widgets.transcript_document import START, Position, TranscriptDocument

_ROW_BITS, _PART_BITS = 24, 20
_CHECKED_ROWS = 2_000
"""Rows of a selection whose words are compared; of longer ones only the ends are."""
_CHECKED_END = 300


def selection_row(position: Position) -> int:
    """The row number that stands for a position in a selection."""
    return (((position.entry << _PART_BITS) | position.part) << _ROW_BITS) | position.row


def position_of(selection_row: int) -> Position:
    number, row = selection_row >> _ROW_BITS, selection_row & ((1 << _ROW_BITS) - 1)
    return Position(number >> _PART_BITS, number & ((1 << _PART_BITS) - 1), row)


def indent_of(document: TranscriptDocument, position: Position) -> int:
    """Cells before a row's text: headings stand further left."""
    is_heading = position.part == 0 and position.row == 0
    return 1 if is_heading else document.layout.indent


class SelectedRow(NamedTuple):
    """A row of a selection and the characters [start, end) of its text that are selected."""

    position: Position
    line: Line
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.line.text[self.start : self.end].rstrip()


def selected_rows(document: TranscriptDocument, selection: Selection) -> Iterator[SelectedRow]:
    """The rows under a selection, rendered as it goes; decoration before the text is left out."""
    last = document.last()
    if last is None:
        return
    position: Position | None = position_of(selection.start.y) if selection.start else START
    end = position_of(selection.end.y) if selection.end else Position(last.entry, last.part, 1 << _ROW_BITS)
    while position is not None and position <= end and position.entry <= last.entry:
        part = document.ensure(position.entry, min(position.part, len(document.open(position.entry).parts) - 1))
        lines = part.lines or []
        for row in range(position.row, len(lines)):
            at = position._replace(row=row)
            span = selection.get_span(selection_row(at))
            if at > end or span is None:
                return
            line, indent = lines[row], indent_of(document, at)
            stop = len(line.text) if span[1] == -1 else max(0, span[1] - indent)
            yield SelectedRow(at, line, min(max(span[0] - indent, line.lead), stop), stop)
        position = document.after(position)
        document.trim()


def selected_text(document: TranscriptDocument, selection: Selection) -> str:
    """The characters under a selection as they are copied."""
    return _joined(list(selected_rows(document, selection)))


def _joined(rows: list[SelectedRow]) -> str:
    return "".join(f"{row.line.glue if number else ''}{row.text}" for number, row in enumerate(rows))


class KeptSelection(NamedTuple):
    """A selection by its words, from before rows were made again."""

    selection: Selection
    start: Anchor | None
    end: Anchor | None
    words: str | None
    """None when there are too many to compare."""
    first_words: str
    last_words: str


def keep(document: TranscriptDocument, selection: Selection, number: int | None = None) -> KeptSelection | None:
    """What to remember of a selection before rows change; None when it needs no care.

    `number` is the message that changes, when it is only one.
    """
    if (selection.start is None and selection.end is None) or not document.entries:
        return None
    if number is not None:
        first_entry = position_of(selection.start.y).entry if selection.start else 0
        last_entry = position_of(selection.end.y).entry if selection.end else number
        if not first_entry <= number <= last_entry or (selection.end is None and first_entry < number):
            return None
    words, first, last = _words(document, selection)
    return KeptSelection(
        selection,
        _anchor(document, selection.start),
        _anchor(document, selection.end),
        words,
        first,
        last,
    )


def restored(document: TranscriptDocument, kept: KeptSelection) -> Selection | None:
    """The selection of the same words now; None when they are no longer there."""
    selection = Selection(_offset(document, kept.start, is_end=False), _offset(document, kept.end, is_end=True))
    if _words(document, selection) == (kept.words, kept.first_words, kept.last_words):
        return selection
    return _sought(document, kept, selection)


def _anchor(document: TranscriptDocument, offset: Offset | None) -> Anchor | None:
    if offset is None:
        return None
    position = position_of(offset.y)
    return anchor_of(document, Place(position, offset.x - indent_of(document, position)))


def _offset(document: TranscriptDocument, anchor: Anchor | None, *, is_end: bool) -> Offset | None:
    if anchor is None:
        return None
    return _offset_at(document, place_of(document, anchor, is_end=is_end))


def _offset_at(document: TranscriptDocument, place: Place) -> Offset:
    return Offset(place.column + indent_of(document, place.position), selection_row(place.position))


def _words(document: TranscriptDocument, selection: Selection) -> tuple[str | None, str, str]:
    """The selected words to be compared: all of them if there are not too many, and those at the ends.

    What the program says between them may change: "642 tok/s".
    """
    count = _row_count(document, selection)
    if count > _CHECKED_ROWS:
        start = selection._replace(end=None)
        first = _joined([row for row, _ in zip(selected_rows(document, start), range(9), strict=False)])
        last = ""
        if selection.end is not None:
            end = position_of(selection.end.y)
            above = document.walk(end, -8)
            last = selected_text(document, Selection(Offset(0, selection_row(above)), selection.end))
        return None, first[:_CHECKED_END], last[-_CHECKED_END:]
    rows = list(selected_rows(document, selection))
    kept = [row for number, row in enumerate(rows) if row.line.kind != "fact" or number in (0, len(rows) - 1)]
    return _joined(kept), "", ""


def _row_count(document: TranscriptDocument, selection: Selection) -> int:
    first = document.row_of(document.clamped(position_of(selection.start.y))) if selection.start else 0
    if selection.end is None:
        return document.height - first
    return document.row_of(document.clamped(position_of(selection.end.y))) - first


def _sought(document: TranscriptDocument, kept: KeptSelection, guess: Selection) -> Selection | None:
    """The same words elsewhere in the same message, the nearest; None when it does not hold them any more."""
    if kept.words is None or not kept.words.strip() or kept.start is None or kept.end is None:
        return None
    number = kept.start.entry
    if number != kept.end.entry or document.entries[number].height > _CHECKED_ROWS:
        return None
    top, last = Position(number, 0, 0), Position(number, len(document.open(number).parts) - 1, 1 << _ROW_BITS)
    everything = Selection(Offset(0, selection_row(top)), Offset(1 << 20, selection_row(last)))
    text, before = "", 0
    marks: list[tuple[int, SelectedRow]] = []
    for row in selected_rows(document, everything):
        text += (row.line.glue if marks else "") + row.text
        marks.append((len(text) - len(row.text), row))
        if guess.start is not None and row.position <= position_of(guess.start.y):
            before = len(text)
    places = [start for start in range(len(text)) if text.startswith(kept.words, start)] if kept.words in text else []
    if not places:
        return None
    start = min(places, key=lambda place: abs(place - before))
    end = start + len(kept.words)
    first_row = next(mark for mark in reversed(marks) if mark[0] <= start)
    last_row = next(mark for mark in reversed(marks) if mark[0] < end + kept.words.endswith("\n"))
    found = Selection(
        _offset_at(document, Place(first_row[1].position, first_row[1].start + start - first_row[0])),
        _offset_at(document, Place(last_row[1].position, last_row[1].start + end - last_row[0])),
    )
    return found if _words(document, found)[0] == kept.words else None
