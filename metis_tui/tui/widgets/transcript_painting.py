"""Rows of the transcript as strips. Knows lines and styles; nothing of messages or scrolling."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.wrapping import slice_pieces
from metis_tui.tui.widgets.transcript_entry import Layout

CURSOR_BAR = "\u258c"
POINTER = "\u25ba"
_NO_STYLE = Style.null()


def row_segments(
    line: Line, indent: int, is_current: bool, layout: Layout, *, is_pointed: bool = False
) -> list[Segment]:
    """One row as it is drawn: the message cursor's bar or the pointer, the indentation, the line."""
    if is_current or is_pointed:
        segments = [Segment(POINTER if is_pointed else CURSOR_BAR, layout.palette.cursor)]
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
