"""Draws a document of messages row by row through Textual's line API, and takes part in its text selection.

Knows rows and styles; where the view stands is the business of `transcript_scroll`.
"""

from __future__ import annotations

import os

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_entry import Entry, Layout
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_painting import (
    finished_strip,
    found_spans,
    highlighted,
    row_segments,
    selected_text,
    selection_row,
)


class TranscriptView(ScrollView):
    """Rows of a document as strips; a row once drawn is kept until it changes."""

    def __init__(self, *, clock: Clock = local_time, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self.document = TranscriptDocument(Layout(0, Palette(), clock))
        self._current_entry: int | None = None
        self._found = ""
        self._is_painting = False
        self._theme_variables: dict[str, str] = {}

    @property
    def is_laid_out(self) -> bool:
        return self.document.layout.width > 0

    @property
    def _view(self) -> Size:
        return self.scrollable_content_region.size

    def _palette(self) -> Palette:
        self._theme_variables = dict(self.app.theme_variables)
        # Without colours every role needs a style of its own: those of the plain palette.
        return Palette() if os.environ.get("NO_COLOR") else Palette.from_theme(self._theme_variables)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_laid_out and self._theme_variables != self.app.theme_variables:
            self.invalidate_theme()
        for entry in self.document.entries:
            entry.strips.clear()

    def invalidate_theme(self) -> None:
        """Takes the colours of the theme in use; heights and place stay. Happens by itself when the theme changes."""
        if self.is_laid_out:
            self.document.repaint(Layout(self.document.layout.width, self._palette(), self._clock))
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        self._is_painting = True
        try:
            return super().render_lines(crop)
        finally:
            self._is_painting = False

    def render_line(self, y: int) -> Strip:
        width = self._view.width
        row = self.scroll_offset.y + y
        if not self.is_laid_out or row >= self.document.height:
            return Strip.blank(width, self.rich_style)
        position = self.document.locate(row)
        entry = self.document.entries[position.entry]
        if not entry.is_rendered:
            self.document.ensure(position.entry)
        if position.row >= entry.height:
            return Strip.blank(width, self.rich_style)
        strip = self._row_strip(entry, position, width)
        # Offsets serve the mouse alone: what is painted stays the same wherever the row is.
        return strip if self._is_painting else strip.apply_offsets(0, selection_row(position))

    def _row_strip(self, entry: Entry, position: Position, width: int) -> Strip:
        span = None
        selection = self.text_selection
        if selection is not None:
            span = selection.get_span(selection_row(position))
        if span is None and not self._found and (strip := entry.strips.get(position.row)) is not None:
            return strip
        layout = self.document.layout
        line, is_indented = entry.line(position.row)
        is_current = position.entry == self._current_entry and position.row < entry.height - 1
        segments = row_segments(line, is_indented, is_current, layout)
        spans = found_spans(line.text, self._found, layout.palette.found, layout.indent if is_indented else 1)
        if span is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            spans.append((*span, layout.palette.selection if os.environ.get("NO_COLOR") else style))
        strip = finished_strip(highlighted(segments, spans) if spans else segments, width, self.rich_style)
        if span is None and not self._found:
            entry.strips[position.row] = strip
        return strip

    def refresh_entry_rows(self, number: int, first_row: int = 0) -> None:
        """Draws the rows of an entry again, from `first_row` on, as far as they are on screen."""
        first = self.document.start(number) + first_row
        last = self.document.start(number) + self.document.entries[number].height
        top, height = self.scroll_offset.y, self._view.height
        first, last = max(first, top), min(last, top + height)
        if first < last:
            self.refresh(Region(0, first - top, self._view.width, last - first))

    # --- selection --------------------------------------------------------------------------------

    @property
    def allow_select(self) -> bool:
        return True

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selected_text(self.document, selection), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def selected_text(self) -> str | None:
        """What the mouse has selected in this transcript, as plain text."""
        selection = self.text_selection
        return (selected_text(self.document, selection) or None) if selection is not None else None

    def position_at(self, event: events.MouseEvent) -> Position | None:
        """The message and row under the mouse."""
        row = self.scroll_offset.y + event.y - self.gutter.top
        return self.document.locate(row) if 0 <= row < self.document.height else None
