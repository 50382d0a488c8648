"""The message cursor of the transcript: moving it, folding what it is on, finding words, and the keys for that.

Knows the messages on screen; nothing of streaming.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from metis_tui.chat.printable import printable
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_painting import has_found
from metis_tui.tui.widgets.transcript_scroll import TranscriptScroll


class TranscriptCursor(TranscriptScroll):
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
        self._found_at: Position | None = None

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
        if 0 <= number < len(self.document.entries):
            self.current = self.document.entries[number].message.id
            self.scroll_to_message(self.current)

    def scroll_to_message(self, message_id: str) -> None:
        """Brings a message on screen: its heading, and all of it if that fits."""
        number = self.document.index_of(message_id)
        if number is None or not self.is_laid_out:
            return
        entry = self.document.ensure(number)
        start, top, height = self.document.start(number), self.document.row_of(self._top), self._view.height
        if start >= top and start + min(entry.height - 1, height) <= top + height:
            return
        is_below = start > top and entry.height <= height
        first = Position(number, 0)
        self._top = self.document.walk(first, entry.height - 1 - height) if is_below else first
        self._top = self.document.fill(self._top, height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

    def watch_current(self, old: str | None, new: str | None) -> None:
        self._current_entry = self.document.index_of(new)
        for message_id in (old, new):
            number = self.document.index_of(message_id)
            if number is not None:
                self.document.entries[number].strips.clear()
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
            entry.is_reasoning_open = not entry.is_reasoning_open
            self._refold(number)

    def toggle_raw(self, message_id: str | None = None) -> None:
        """Shows a message's Markdown source, or its rendering again."""
        number = self._chosen(message_id)
        if number is not None:
            entry = self.document.entries[number]
            entry.is_raw = not entry.is_raw
            self._refold(number)

    def _refold(self, number: int) -> None:
        if self.follow and self.document.start(number) < self.document.row_of(self._top) + self._view.height:
            # What was opened must be seen: a view at the end would push it out at the top.
            self.set_reactive(TranscriptScroll.follow, self._streaming is not None)
        self._changed(number)
        if self.is_laid_out:
            self.follow = self._is_at_end()

    def _chosen(self, message_id: str | None) -> int | None:
        number = self.document.index_of(message_id or self.current)
        if number is None and message_id is None:
            replies = (n for n in range(len(self.document.entries) - 1, -1, -1))
            number = next((n for n in replies if self.document.entries[n].message.role == "assistant"), None)
        return number

    def _changed(self, number: int) -> None:
        """An entry's rows are other ones now."""
        if not self.is_laid_out:
            return
        self.document.entries[number].invalidate(self.document.layout)
        self.document.changed(number)
        self._settle()
        self.refresh()

    # --- finding ----------------------------------------------------------------------------------

    def find(self, query: str) -> list[str]:
        """Marks the words on screen and returns the ids of the messages that hold them; empty ends it."""
        self._found, self._found_at = printable(query), None
        self.refresh()
        wanted = query.casefold()
        return [e.message.id for e in self.document.entries if wanted and wanted in e.message.text.casefold()]

    def next_found(self, step: int = 1) -> str | None:
        """Goes to the next row (step -1: the one before) with the words searched for; returns its message's id."""
        entries, wanted = self.document.entries, self._found.casefold()
        if not wanted or not entries:
            return None
        start = self._found_at or Position(self._top.entry, self._top.row - 1 if step > 0 else self._top.row)
        for distance in range(len(entries) + 1):
            number = (start.entry + step * distance) % len(entries)
            if wanted not in entries[number].message.text.casefold():
                continue
            entry = self.document.ensure(number)
            rows = [row for row in range(entry.height) if has_found(entry.line(row)[0].text, self._found)]
            if distance == 0:
                rows = [row for row in rows if (row > start.row if step > 0 else row < start.row)]
            if rows:
                self._found_at = Position(number, rows[0] if step > 0 else rows[-1])
                self.current = entry.message.id
                self._show_row(self._found_at)
                return entry.message.id
        return None

    def _show_row(self, position: Position) -> None:
        """Scrolls only when the row is out of view; then it stands a third below the top."""
        top, height = self.document.row_of(self._top), self._view.height
        if top <= self.document.row_of(position) < top + height:
            return
        self._top = self.document.fill(self.document.walk(position, -(height // 3)), height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()

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
        if entry.is_fold(position.row):
            self.toggle_reasoning(entry.message.id)
