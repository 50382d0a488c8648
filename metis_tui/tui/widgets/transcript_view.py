"""Draws a document of messages row by row through Textual's line API, and takes part in its text selection.

Knows rows and styles; where the view stands is the business of `transcript_scroll`.
"""

from __future__ import annotations

import os

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.selection import Selection, SelectState
from textual.strip import Strip

from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_entry import Layout
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_painting import finished_strip, highlighted, row_segments
from metis_tui.tui.widgets.transcript_rows import Part
from metis_tui.tui.widgets.transcript_selecting import (
    KeptSelection,
    indent_of,
    keep,
    restored,
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
        self._search: Search | None = None
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
        self.document.forget_strips()

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
        part = self.document.ensure(position.entry, position.part)
        if position.row >= part.height:
            return Strip.blank(width, self.rich_style)
        strip = self._row_strip(part, position, width)
        # Offsets serve the mouse alone: what is painted stays the same wherever the row is.
        return strip if self._is_painting else strip.apply_offsets(0, selection_row(position))

    def _row_strip(self, part: Part, position: Position, width: int) -> Strip:
        span = None
        selection = self.text_selection
        if selection is not None:
            span = selection.get_span(selection_row(position))
        if span is None and (strip := part.strips.get(position.row)) is not None:
            return strip
        assert part.lines is not None
        layout, indent = self.document.layout, indent_of(self.document, position)
        is_last = part.kind == "foot" and position.row == part.height - 1
        is_current = position.entry == self._current_entry and not is_last
        segments = row_segments(
            part.lines[position.row], indent, is_current, layout, is_pointed=self._is_pointed(position)
        )
        found = self._search.found_in(part).spans.get(position.row, ()) if self._search is not None else ()
        spans = [(start + indent, end + indent, layout.palette.found) for start, end in found]
        spans += [
            (start + indent, end + indent, layout.palette.found_here) for start, end in self._hit_spans(position)
        ]
        if span is not None:
            style = self.screen.get_component_rich_style("screen--selection")
            spans.append((*span, layout.palette.selection if os.environ.get("NO_COLOR") else style))
        strip = finished_strip(highlighted(segments, spans) if spans else segments, width, self.rich_style)
        if span is None:
            part.strips[position.row] = strip
        return strip

    def _is_pointed(self, position: Position) -> bool:
        """Whether the reader was taken to just this row."""
        return False

    def _hit_spans(self, position: Position) -> list[tuple[int, int]]:
        """The characters in a row that belong to the place gone to last."""
        return []

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

    def _keep_selection(self, number: int | None) -> KeptSelection | None:
        """The selected words, from before rows are made again: all, or those of one message."""
        selection = self.text_selection if self.is_mounted else None
        return keep(self.document, selection, number) if selection is not None else None

    def _restore_selection(self, kept: KeptSelection | None) -> None:
        """The selection covers the same words again; it ends when they are no longer there."""
        if kept is None:
            return
        selection = restored(self.document, kept)
        if selection is None:
            self.screen.clear_selection()
        elif selection != kept.selection:
            self._reselect(kept.selection, selection)

    def _reselect(self, old: Selection, new: Selection) -> None:
        screen = self.screen
        state: SelectState | None = getattr(screen, "_select_state", None)
        if state is not None and state.start.content_widget is self and old.start is not None and old.end is not None:
            # The mouse may still be down: what it began with must move along.
            moved = {old.start: new.start, old.end - (1, 0): new.end - (1, 0) if new.end is not None else None}
            start = state.start._replace(content_offset=moved.get(state.start.content_offset or old.start))
            end = state.end
            if end is not None and end.content_widget is self:
                end = end._replace(content_offset=moved.get(end.content_offset or old.start))
            if start.content_offset is None or (end is not None and end.content_offset is None):
                screen.clear_selection()
                return
            screen.set_reactive(type(screen)._select_state, state._replace(start=start, end=end))
        screen.selections = {**screen.selections, self: new}

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
