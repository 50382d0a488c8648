"""The scrolling view over a document of messages: what is on screen, and keeping it still while heights change.

Knows positions and heights; nothing of conversations or streaming.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from metis_tui.tui.widgets.transcript_anchor import Anchor, Place, anchor_of, place_of
from metis_tui.tui.widgets.transcript_document import START, Position
from metis_tui.tui.widgets.transcript_entry import Layout
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_view import TranscriptView

_IDLE_SECONDS = 0.15
_SLICE_SECONDS = 0.008
_NEAR_VIEWS = 3
"""Heights are refined in advance for so many view heights above and below."""


class TranscriptScroll(TranscriptView):
    """Shows a document; its place is an entry and a row in it, never only a number of rows."""

    class FollowChanged(Message, namespace="transcript"):
        """The view began or ceased to stay at the end. When it ceased, there is more below."""

        def __init__(self, transcript: TranscriptScroll, follow: bool) -> None:
            super().__init__()
            self.transcript = transcript
            self.follow = follow

        @property
        def control(self) -> TranscriptScroll:
            return self.transcript

    follow: reactive[bool] = reactive(True, repaint=False)
    """Stays at the end while text arrives; ends when the user scrolls up, comes back at the end."""

    def __init__(self, *, clock: Clock = local_time, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._top = START
        self._found_at: Position | None = None
        self._is_placing = False
        self._is_quiet = False
        self._last_moved = 0.0
        self._refining: Timer | None = None

    # --- size and place ---------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Takes the size of the view; what is on screen is rendered first, the rest when it is needed."""
        width = self._view.width
        if width <= 0:
            return
        if width != self.document.layout.width:
            palette = self.document.layout.palette if self.is_laid_out else self._palette()
            with self._same_places():
                self.document.relayout(Layout(width, palette, self._clock))
        else:
            self._settle()
        self.refresh()

    @contextmanager
    def _same_places(self, number: int | None = None) -> Iterator[None]:
        """Around a change of rows: the top of the view, the selection and the words found stay where they are.

        `number` is the message that changes, when it is only one.
        """
        is_known = self.is_laid_out and bool(self.document.entries)
        height = self.document.height
        selected = self._keep_selection(number) if is_known else None
        top = self._anchor(self._top, number) if is_known and not self.follow else None
        found = self._anchor(self._found_at, number) if is_known and self._found_at is not None else None
        yield
        if not self.is_laid_out:
            return
        if top is not None:
            self._top = place_of(self.document, top).position
        if found is not None:
            self._found_at = place_of(self.document, found).position
        self._restore_selection(selected)
        if number is None or top is not None or self.document.height != height:
            self._settle()

    @contextmanager
    def _still(self) -> Iterator[None]:
        """Around rendering out of view: heights become true, what is on screen stays."""
        height = self.document.height
        yield
        if self.is_laid_out and self.document.height != height:
            self._is_quiet = self._fills_view()
            try:
                self._settle()
            finally:
                self._is_quiet = False

    def _anchor(self, position: Position, number: int | None) -> Anchor | None:
        if number is not None and position.entry != number:
            return None
        return anchor_of(self.document, Place(position, 0))

    def _settle(self) -> None:
        """Puts the view where it belongs after the document changed."""
        if not self.is_laid_out:
            return
        height = self._view.height
        if self.follow:
            self._top = self.document.end(height)
        else:
            self._top = self.document.fill(self._top, height)
        self._place()

    def _place(self) -> None:
        """Tells Textual the height of the document and the row at the top of the view."""
        self._set_document_height(self.document.height)
        row = self.document.row_of(self._top) if self.document.entries else 0
        self._is_placing = True
        try:
            self.scroll_target_y = self.scroll_y = row
        finally:
            self._is_placing = False
        self.document.trim()
        self._refine_later()

    def _set_document_height(self, height: int) -> None:
        size = Size(self._view.width, height)
        if size == self.virtual_size:
            return
        if (height > self._view.height) == self.show_vertical_scrollbar and self.virtual_size.width == size.width:
            # Only the scrollbar changes; a layout of the whole screen for each new row would be waste.
            self.set_reactive(Widget.virtual_size, size)
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.window_virtual_size = height
        else:
            self.virtual_size = size

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        if self._is_quiet:
            # The rows got other numbers, the screen shows what it showed before.
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.position = new_value
            return
        super().watch_scroll_y(old_value, new_value)
        if not self._is_placing and self.is_laid_out and round(old_value) != round(new_value):
            self._moved_by_user(round(old_value), round(new_value))

    def _moved_by_user(self, old: int, new: int) -> None:
        self._last_moved = time.monotonic()
        height = self._view.height
        if abs(new - old) <= _NEAR_VIEWS * max(1, height):
            top = self.document.walk(self._top, new - old)
        else:
            top = self.document.locate(new)
        self._top = self.document.fill(top, height)
        self._place()
        self.follow = self._is_at_end()

    def _is_at_end(self) -> bool:
        return self.document.row_of(self._top) + self._view.height >= self.document.height

    def scroll_rows(self, rows: int) -> None:
        """Moves the view by rows at once; a view above the end no longer follows."""
        self.scroll_to(y=round(self.scroll_y) + rows, animate=False)

    def watch_follow(self, old: bool, new: bool) -> None:
        if old != new:
            self.post_message(self.FollowChanged(self, new))
            if new:
                self._settle()

    def _fills_view(self) -> bool:
        return self.document.height > self._view.height

    # --- refining heights while idle --------------------------------------------------------------

    def _refine_later(self) -> None:
        if self._refining is None and self.is_mounted:
            self._refining = self.set_timer(_IDLE_SECONDS, self._refine)

    def _refine(self) -> None:
        """Renders messages near the view in short slices, so that scrolling finds them ready."""
        self._refining = None
        now = time.monotonic()
        if not self.document.entries or self.document.entries[-1].live is not None:
            return
        if now - self._last_moved < _IDLE_SECONDS:
            self._refine_later()
            return
        last = self.document.locate(self.document.row_of(self._top) + self._view.height)
        did_work = False
        for position in self.document.near(self._top, last, _NEAR_VIEWS * self._view.height):
            self.document.ensure(position.entry, position.part)
            did_work = True
            if time.monotonic() - now > _SLICE_SECONDS:
                break
        if did_work:
            self._is_quiet = self._fills_view()
            try:
                self._settle()
            finally:
                self._is_quiet = False
