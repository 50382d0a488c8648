"""The message cursor of the transcript: moving it, folding what it is on, finding words, and the keys for that.

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
from metis_tui.tui.widgets.transcript_entry import Entry
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_scroll import TranscriptScroll

_MAX_RENDERED = 60
"""Messages that `find` renders to know whether they show words that their source only may hold."""


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

    # --- finding ----------------------------------------------------------------------------------

    def find(self, query: str) -> list[str]:
        """Marks the words on screen and returns the ids of the messages that show them; empty ends it."""
        search = Search(query)
        self._search = None if search.is_empty else search
        self._found_at = None
        self.document.forget_strips()
        self.refresh()
        if self._search is None or not self.is_laid_out:
            return []
        tries = _MAX_RENDERED
        found: list[str] = []
        for number, entry in enumerate(self.document.entries):
            if not self._may_hold(entry, search):
                continue
            is_shown = any(search.is_certainly_in(text, is_markdown=as_is) for text, as_is in entry.sources())
            if not is_shown and tries > 0:
                tries -= 1
                is_shown = next(self._hits(number, search), None) is not None
            if is_shown:
                found.append(entry.message.id)
        self.document.trim()
        return found

    def next_found(self, step: int = 1) -> str | None:
        """Goes to the next row (step -1: the one before) with the words searched for; returns its message's id."""
        entries, search = self.document.entries, self._search
        if search is None or not entries or not self.is_laid_out:
            return None
        top = self._top
        start = self._found_at or (top._replace(row=top.row - 1) if step > 0 else top)
        for distance in range(len(entries) + 1):
            number = (start.entry + step * distance) % len(entries)
            if not self._may_hold(entries[number], search):
                continue
            for hit in self._hits(number, search, step):
                if distance == 0 and (hit <= start if step > 0 else hit >= start):
                    continue
                self._found_at = hit
                self.current = entries[number].message.id
                self._show_row(hit)
                return self.current
        return None

    def _may_hold(self, entry: Entry, search: Search) -> bool:
        return any(search.may_be_in(text, is_markdown=is_markdown) for text, is_markdown in entry.sources())

    def _hits(self, number: int, search: Search, step: int = 1) -> Iterator[Position]:
        """Rows of a message in which the words begin; only parts that may have them are rendered."""
        rows = self.document.open(number)
        parts = range(len(rows.parts))
        for part_number in parts if step > 0 else reversed(parts):
            part = rows.parts[part_number]
            is_markdown = rows.is_markdown and part.kind == "body"
            if not search.may_be_in(rows.source_of(part), is_markdown=is_markdown):
                continue
            starts = search.found_in(self.document.ensure(number, part_number)).starts
            for row in starts if step > 0 else reversed(starts):
                yield Position(number, part_number, row)

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
        if position.part == 0 and position.row == 1:
            self.toggle_reasoning(entry.message.id)
