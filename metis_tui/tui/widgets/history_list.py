"""The list of the history screen: thousands of conversations, of which only the rows in view are made.

Knows rows and a cursor; nothing of searching, keys or stores.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from metis_tui.tui.history.listing import Row
from metis_tui.tui.history.row_text import RowState, excerpt_pieces, title_pieces
from metis_tui.tui.rendering.palette import Palette


class HistoryList(ScrollView):
    """One row for each conversation, two while words are searched for."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"history--cursor"}
    DEFAULT_CSS = """
    HistoryList {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
    }
    HistoryList > .history--cursor { background: $primary 30%; color: $foreground; }
    """

    class Moved(Message):
        """Another conversation is under the cursor, or the same with other hits."""

    class Clicked(Message):
        """The mouse chose the row under the cursor."""

        def __init__(self, *, is_double: bool) -> None:
            super().__init__()
            self.is_double = is_double

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = False
        self._rows: Sequence[Row] = ()
        self._row_height = 1
        self._cursor = 0
        self.was_moved = False
        """The user put the cursor where it is."""
        self._marked: Collection[str] = ()
        self._open_id = ""
        self._is_cut = False
        self._empty_words = ""
        self._palette = Palette()

    # --- what is shown ----------------------------------------------------------------------------

    def show(
        self,
        rows: Sequence[Row],
        *,
        with_excerpts: bool,
        keep: str | None,
        is_cut: bool = False,
        empty_words: str = "",
    ) -> None:
        """Takes another list; the cursor goes to the conversation `keep` when it is there, else to the top."""
        self._rows, self._is_cut, self._empty_words = rows, is_cut, empty_words
        self._row_height = 2 if with_excerpts else 1
        self._cursor = next((n for n, row in enumerate(rows) if row.id == keep), 0) if keep else 0
        self._measure()
        self._bring_into_view()
        self.refresh()
        self.post_message(self.Moved())

    def change(self, rows: Sequence[Row]) -> None:
        """The same list with conversations changed or gone; the cursor stays on its place."""
        kept = self.current
        self._rows = rows
        place = next((n for n, row in enumerate(rows) if kept is not None and row.id == kept.id), self._cursor)
        self._cursor = max(0, min(place, len(rows) - 1))
        self._measure()
        self._bring_into_view()
        self.refresh()
        if self.current is not kept:
            self.post_message(self.Moved())

    def say_of_rows(self, *, marked: Collection[str], open_id: str) -> None:
        """Which conversations are marked, and which is the one in the chat."""
        self._marked, self._open_id = marked, open_id
        self.refresh()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def current(self) -> Row | None:
        """The conversation under the cursor."""
        return self._rows[self._cursor] if 0 <= self._cursor < len(self._rows) else None

    @property
    def cursor(self) -> int:
        return self._cursor

    def move_to(self, place: int) -> bool:
        """Puts the cursor on a row, the nearest there is; False when it was there."""
        place = max(0, min(place, len(self._rows) - 1))
        if place == self._cursor or not self._rows:
            return False
        before, self._cursor, self.was_moved = self._cursor, place, True
        top = round(self.scroll_y)
        self._bring_into_view()
        if round(self.scroll_y) == top:
            for number in (before, place):
                first = number * self._row_height - top
                self.refresh(Region(0, first, self.size.width, self._row_height))
        else:
            self.refresh()
        self.post_message(self.Moved())
        return True

    def move(self, step: int) -> bool:
        return self.move_to(self._cursor + step)

    @property
    def page(self) -> int:
        """Rows in view."""
        return max(1, self.scrollable_content_region.height // self._row_height)

    # --- drawing ----------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.notify_style_update()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached:
            has_colours = not os.environ.get("NO_COLOR")
            self._palette = Palette.from_theme(dict(self.app.theme_variables)) if has_colours else Palette()

    def on_resize(self) -> None:
        self._measure()
        self._bring_into_view()

    def _measure(self) -> None:
        view = self.scrollable_content_region
        size = Size(view.width, len(self._rows) * self._row_height)
        if (size.height > view.height) == self.show_vertical_scrollbar and self.virtual_size.width == size.width:
            # Only the scrollbar changes; a layout of the whole screen for each key would be waste.
            self.set_reactive(HistoryList.virtual_size, size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _bring_into_view(self) -> None:
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        first = self._cursor * self._row_height
        top = round(self.scroll_target_y)
        lowest = max(0, len(self._rows) * self._row_height - height)
        top = min(top, first, lowest) if first < top else max(top, first + self._row_height - height)
        top = max(0, min(top, lowest))
        if top != round(self.scroll_y):
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        number, line = divmod(round(self.scroll_y) + y, self._row_height)
        base = self.rich_style
        if number >= len(self._rows):
            words = f"  {self._empty_words}" if not self._rows and y == 0 else ""
            return Strip([Segment(words, base)]).adjust_cell_length(width, base)
        row = self._rows[number]
        state = RowState(
            is_cursor=number == self._cursor,
            is_marked=row.id in self._marked,
            is_open=row.id == self._open_id,
            is_cut=self._is_cut,
        )
        if state.is_cursor:
            base = base + self.get_component_rich_style("history--cursor", partial=False)
        if line:
            pieces = excerpt_pieces(row, state, width, self._palette)
        else:
            pieces = title_pieces(row, state, width, time.time(), self._palette)
        segments = [Segment(text, base + style) for text, style in pieces if text]
        return Strip(segments).adjust_cell_length(width, base)

    # --- the mouse --------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        number = (round(self.scroll_y) + event.y) // self._row_height
        if 0 <= number < len(self._rows):
            self.move_to(number)
            self.post_message(self.Clicked(is_double=event.chain > 1))
