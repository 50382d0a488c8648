"""Rows of the transcript as strips, and the text of a selection. Knows entries and styles; nothing of scrolling.

The rows of a selection are numbered by entry and row within it, so that they stay right when other messages are
rendered, grow or change their height.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.wrapping import slice_pieces
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_entry import Layout

CURSOR_BAR = "\u258c"
_ROW_BITS = 24
_NO_STYLE = Style.null()


def selection_row(position: Position) -> int:
    """The row number that stands for a position in a selection."""
    return (position.entry << _ROW_BITS) | position.row


def position_of(selection_row: int) -> Position:
    return Position(selection_row >> _ROW_BITS, selection_row & ((1 << _ROW_BITS) - 1))


def row_segments(line: Line, is_indented: bool, is_current: bool, layout: Layout) -> list[Segment]:
    """One row as it is drawn: the message cursor's bar, the indentation, the line."""
    indent = layout.indent if is_indented else 1
    if is_current:
        segments = [Segment(CURSOR_BAR, layout.palette.cursor)]
        if indent > 1:
            segments.append(Segment(" " * (indent - 1), _NO_STYLE))
    else:
        segments = [Segment(" " * indent, _NO_STYLE)]
    segments.extend([Segment(text, style) for text, style in line.pieces])
    return segments


def finished_strip(segments: list[Segment], width: int, base: Style) -> Strip:
    """Segments on the widget's background, exactly as wide as the view; neighbours of one style are joined."""
    styled = [Segment(text, base + style if style else base) for text, style, _ in segments]
    return Strip(styled).adjust_cell_length(width, base).simplify()


def highlighted(segments: list[Segment], spans: list[tuple[int, int, Style]]) -> list[Segment]:
    """The segments with more styles laid over [start, end) of their text; -1 as the end means to the end."""
    for start, end, style in spans:
        pieces = [(segment.text, segment.style or _NO_STYLE) for segment in segments]
        starts = [0]
        for text, _ in pieces:
            starts.append(starts[-1] + len(text))
        end = starts[-1] if end == -1 else min(end, starts[-1])
        if start >= end:
            continue
        parts = [
            *slice_pieces(pieces, starts, 0, start),
            *((text, own + style) for text, own in slice_pieces(pieces, starts, start, end)),
            *slice_pieces(pieces, starts, end, starts[-1]),
        ]
        segments = [Segment(text, own) for text, own in parts]
    return segments


def found_spans(text: str, query: str, style: Style, offset: int) -> list[tuple[int, int, Style]]:
    """Where the words searched for stand in a row."""
    if not query:
        return []
    return [
        (match.start() + offset, match.end() + offset, style)
        for match in re.finditer(re.escape(query), text, re.IGNORECASE)
    ]


def has_found(text: str, query: str) -> bool:
    return re.search(re.escape(query), text, re.IGNORECASE) is not None


def selected_text(document: TranscriptDocument, selection: Selection) -> str:
    """The characters under a selection, without indentation and code gutters."""
    if not document.entries:
        return ""
    last_entry = len(document.entries) - 1
    first = position_of(selection.start.y) if selection.start else Position(0, 0)
    last = position_of(selection.end.y) if selection.end else Position(last_entry, (1 << _ROW_BITS) - 1)
    parts: list[str] = []
    for number in range(first.entry, min(last.entry, last_entry) + 1):
        entry = document.ensure(number)
        start = first.row if number == first.entry else 0
        end = min(last.row, entry.height - 1) if number == last.entry else entry.height - 1
        for row in range(start, end + 1):
            line, is_indented = entry.line(row)
            indent = document.layout.indent if is_indented else 1
            span = selection.get_span(selection_row(Position(number, row))) or (0, -1)
            text = " " * indent + line.text
            stop = len(text) if span[1] == -1 else span[1]
            parts += [line.glue if parts else "", text[max(span[0], indent + line.lead) : stop].rstrip()]
        document.trim()
    return "".join(parts)
