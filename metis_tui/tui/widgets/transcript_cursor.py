"""The message cursor of the transcript: moving it, folding what it is on, and the keys for that.

Knows the messages on screen; nothing of streaming.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_paragraphs import TranscriptParagraphs
from metis_tui.tui.widgets.transcript_scroll import TranscriptScroll


class TranscriptCursor(TranscriptParagraphs):
    """The keys and the mouse on messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "next_message", "Next message", show=False, id="next_message"),
        Binding("k", "previous_message", "Previous message", show=False, id="previous_message"),
        Binding("g", "first_message", "First message", show=False, id="first_message"),
        Binding("G", "last_message", "Last message", show=False, id="last_message"),
        Binding("t", "toggle_reasoning", "Fold reasoning", show=False, id="toggle_reasoning"),
        Binding("m", "toggle_raw", "Raw or rendered", show=False, id="toggle_raw"),
        Binding("down", "scroll_down", "Scroll down", show=False),
        Binding("up", "scroll_up", "Scroll up", show=False),
        Binding("pagedown,space", "page_down", "Page down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("home", "scroll_home", "Start", show=False),
        Binding("end", "scroll_end", "End", show=False),
    ]

    class CurrentChanged(Message, namespace="transcript"):
        """The message cursor moved; None when it left."""

        def __init__(self, transcript: TranscriptCursor, message_id: str | None) -> None:
            super().__init__()
            self.transcript = transcript
            self.message_id = message_id

        @property
        def control(self) -> TranscriptCursor:
            return self.transcript

    current: reactive[str | None] = reactive(None, repaint=False)
    """Id of the message under the message cursor."""

    def __init__(self, *, clock: Clock = local_time, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._streaming: int | None = None

    # --- the message cursor -----------------------------------------------------------------------

    def next_message(self) -> None:
        self._move_current(+1)

    def previous_message(self) -> None:
        self._move_current(-1)

    def first(self) -> None:
        """The start of the conversation."""
        self._go_to(0)
        self.scroll_to(y=0, animate=False)

    def last(self) -> None:
        """The end of the conversation; the view follows again."""
        self._go_to(len(self.document.entries) - 1)
        self.follow = True
        self._settle()

    @property
    def last_in_view(self) -> str | None:
        """Id of the last message in view; None when there is none."""
        if not self.document.entries:
            return None
        return self.document.entries[self._entry_in_view(-1)].message.id

    def _move_current(self, step: int) -> None:
        count = len(self.document.entries)
        if not count:
            return
        now = self.document.index_of(self.current)
        self._go_to(max(0, min(count - 1, now + step)) if now is not None else self._entry_in_view(step))

    def _entry_in_view(self, step: int) -> int:
        """Where the cursor begins: at the first message in view going down, at the last going up."""
        if step > 0:
            return self._top.entry
        row = self.document.row_of(self._top) + self._view.height - 1
        return self.document.locate(min(row, self.document.height - 1)).entry

    def _go_to(self, number: int) -> None:
        self._found_at = None
        if 0 <= number < len(self.document.entries):
            self.current = self.document.entries[number].message.id
            self.scroll_to_message(self.current)

    def scroll_to_message(self, message_id: str) -> None:
        """Brings a message on screen: its heading, and all of it if that fits."""
        number = self.document.index_of(message_id)
        if number is None or not self.is_laid_out:
            return
        first, height = Position(number, 0, 0), self._view.height
        self.document.ensure_rows(number, height + 1)
        start, top = self.document.start(number), self.document.row_of(self._top)
        rows = self.document.entries[number].height
        if start >= top and start + min(rows - 1, height) <= top + height:
            return
        is_below = start > top and rows <= height
        self._top = self.document.walk(first, rows - 1 - height) if is_below else first
        self._top = self.document.fill(self._top, height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

    def stand_at(self, message_id: str, row: int) -> None:
        """Puts a message's heading on a row of the view, or as near as the view allows."""
        number = self.document.index_of(message_id)
        if number is None or not self.is_laid_out:
            return
        height = self._view.height
        row = max(0, min(row, height - 2))
        self._top = self.document.fill(self.document.walk(Position(number, 0, 0), -row), height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

    # --- a row in it ------------------------------------------------------------------------------

    def _point(self, step: int) -> Position:
        """Where the reader is: the row gone to last, the current message, else the top of the view."""
        if self._found_at is not None and self._is_in_view(self._found_at):
            return self._found_at
        number = self.document.index_of(self.current)
        if number is not None and self._is_in_view(Position(number, 0, 0)):
            return Position(number, 0, 0)
        return self._top._replace(row=self._top.row - 1) if step > 0 else self._top

    def _is_pointed(self, position: Position) -> bool:
        return position == self._found_at

    def _is_in_view(self, position: Position) -> bool:
        if position.entry >= len(self.document.entries):
            return False
        top = self.document.row_of(self._top)
        return top <= self.document.row_of(position) < top + self._view.height

    def _point_at(self, position: Position) -> None:
        """Goes to a row; the view moves only when it is out of view: then it stands a third below the top."""
        old, self._found_at = self._found_at, position
        for number in {position.entry, old.entry if old is not None else position.entry}:
            if number < len(self.document.entries):
                self.document.entries[number].forget_strips()
                self.refresh_entry_rows(number)
        if self._is_in_view(position):
            if self._streaming is not None:
                self.follow = False  # what arrives would push it out of view
            return
        height = self._view.height
        self._top = self.document.fill(self.document.walk(position, -(height // 3)), height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

    def watch_current(self, old: str | None, new: str | None) -> None:
        self._current_entry = self.document.index_of(new)
        for message_id in (old, new):
            number = self.document.index_of(message_id)
            if number is not None:
                self.document.entries[number].forget_strips()
                if self.is_laid_out:
                    self.refresh_entry_rows(number)
        if old != new:
            self.post_message(self.CurrentChanged(self, new))

    # --- folding ----------------------------------------------------------------------------------

    def toggle_reasoning(self, message_id: str | None = None) -> None:
        """Opens or folds a message's reasoning; without an id that of the current or the last reply."""
        number = self._chosen(message_id)
        if number is not None:
            entry = self.document.entries[number]
            with self._refolded(number):
                entry.is_reasoning_open = not entry.is_reasoning_open

    def toggle_raw(self, message_id: str | None = None) -> None:
        """Shows a message's Markdown source, or its rendering again."""
        number = self._chosen(message_id)
        if number is not None:
            entry = self.document.entries[number]
            with self._refolded(number):
                entry.is_raw = not entry.is_raw

    @contextmanager
    def _refolded(self, number: int) -> Iterator[None]:
        if self.follow and self.document.start(number) < self.document.row_of(self._top) + self._view.height:
            # What was opened must be seen: a view at the end would push it out at the top.
            self.set_reactive(TranscriptScroll.follow, self._streaming is not None)
        with self._same_places():
            yield
            self.document.close(number)
        self.refresh()
        if self.is_laid_out:
            self.follow = self._is_at_end()

    def _chosen(self, message_id: str | None) -> int | None:
        number = self.document.index_of(message_id or self.current)
        if number is None and message_id is None:
            replies = (n for n in range(len(self.document.entries) - 1, -1, -1))
            number = next((n for n in replies if self.document.entries[n].message.role == "assistant"), None)
        return number

    # --- keys and mouse ---------------------------------------------------------------------------

    action_next_message = next_message
    action_previous_message = previous_message
    action_first_message = first
    action_last_message = last

    def action_toggle_reasoning(self) -> None:
        self.toggle_reasoning()

    def action_toggle_raw(self) -> None:
        self.toggle_raw()

    def action_scroll_down(self) -> None:
        self.scroll_rows(1)

    def action_scroll_up(self) -> None:
        self.scroll_rows(-1)

    def action_page_down(self) -> None:
        self.scroll_rows(max(1, self._view.height - 2))

    def action_page_up(self) -> None:
        self.scroll_rows(-max(1, self._view.height - 2))

    def action_scroll_home(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_scroll_end(self) -> None:
        self.follow = True
        self._settle()

    def on_click(self, event: events.Click) -> None:
        position = self.position_at(event)
        if position is None or self.selected_text():
            return
        entry = self.document.entries[position.entry]
        self.current = entry.message.id
        if position.part == 0 and position.row == 1:
            self.toggle_reasoning(entry.message.id)
