"""Draws the rows of a difference, however many there are, and stands at one of its changes. Computes nothing."""

from __future__ import annotations

import os
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from metis_tui.tui.rendering.difference import DifferenceRows, DifferenceStyles
from metis_tui.tui.rendering.lines import Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_painting import CURSOR_BAR, finished_strip

_CONTEXT = 3
"""Rows kept in view above the place that is gone to."""


class DifferenceView(ScrollView, can_focus=True):
    """Rows as strips; the current one has a bar in its margin."""

    DEFAULT_CSS = "DifferenceView { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", show=False),
        Binding("k,up", "scroll_up", show=False),
        Binding("space,pagedown", "page_down", show=False),
        Binding("b,pageup", "page_up", show=False),
        Binding("g,home", "scroll_home", show=False),
        Binding("G,end", "scroll_end", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows = DifferenceRows()
        self.current: int | None = None
        """The row that was gone to last."""

    def styles_of_theme(self) -> DifferenceStyles:
        if os.environ.get("NO_COLOR"):
            return DifferenceStyles()
        palette = Palette.from_theme(dict(self.app.theme_variables))
        return DifferenceStyles(
            code=palette.code_text,
            gone=palette.error + Style(bold=False, underline=True),
            new=palette.string + Style(bold=True, underline=True),
            margin=palette.marker,
            rule=palette.muted,
        )

    def show(self, rows: DifferenceRows, *, row: int | None = None) -> None:
        """Shows other rows; stands at the given one, else where it stood."""
        self.rows, self.current = rows, row
        self.virtual_size = Size(max(1, self.size.width), len(rows.rows))
        if row is not None:
            self.go_to(row)
        self.refresh()

    def go_to(self, row: int) -> None:
        self.current = max(0, min(row, len(self.rows.rows) - 1))
        self.scroll_to(y=max(0, self.current - _CONTEXT), animate=False, immediate=True)
        self.refresh()

    @property
    def here(self) -> int:
        """The row from which the next change is looked for: the current one while it is in view, else the first."""
        top = round(self.scroll_offset.y)
        if self.current is not None and top <= self.current < top + max(1, self.size.height):
            return self.current
        return top

    def next_change(self, step: int) -> int | None:
        """Goes to the first row of the next change, or of the one before; its number, or None when there is none."""
        here = self.here
        places = sorted(set(self.rows.changes))
        if step > 0:
            found = next((row for row in places if row > here or (row == here and self.current is None)), None)
        else:
            found = next((row for row in reversed(places) if row < here), None)
        if found is None:
            return None
        self.go_to(found)
        return self.rows.changes.index(found) + 1

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        at = round(self.scroll_offset.y) + y
        if at >= len(self.rows.rows):
            return Strip.blank(width, self.rich_style)
        pieces: list[Piece] = list(self.rows.rows[at].pieces)
        if at == self.current:
            sign, style = pieces[0]
            pieces[0] = (sign[:1] + CURSOR_BAR + sign[2:], style)
        return finished_strip([Segment(text, style) for text, style in pieces], width, self.rich_style)
