"""The transcript: a conversation's messages, and the reply that streams, in one scrolling view.

Shows chat messages and knows nothing of engines, stores or the screen around it: messages are given to it by
calls, news goes out as `FollowChanged` and `CurrentChanged`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.markdown import render_markdown
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_entry import Entry, LiveReply
from metis_tui.tui.widgets.transcript_heading import Clock, local_time
from metis_tui.tui.widgets.transcript_scroll import TranscriptScroll

_SHARE = 8
"""Drawing a streaming reply takes at most one part in so many of the time."""


class Transcript(TranscriptScroll, can_focus=True):
    """The messages of one conversation."""

    DEFAULT_CSS = """
    Transcript {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """

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

    class CurrentChanged(Message):
        """The message cursor moved; None when it left."""

        def __init__(self, transcript: Transcript, message_id: str | None) -> None:
            super().__init__()
            self.transcript = transcript
            self.message_id = message_id

        @property
        def control(self) -> Transcript:
            return self.transcript

    current: reactive[str | None] = reactive(None, repaint=False)
    """Id of the message under the message cursor."""

    def __init__(
        self,
        *,
        clock: Clock = local_time,
        frames_per_second: float = 15.0,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._frame_seconds = 1.0 / frames_per_second
        self._pending: Timer | None = None
        self._has_drawn_delta = False
        self._streaming: int | None = None
        self.drawn_deltas = 0
        """How many times the streaming reply was rendered: the work done."""

    # --- messages ---------------------------------------------------------------------------------

    def show(self, messages: Sequence[ChatMessage]) -> None:
        """Replaces everything; the view is at the end."""
        self._cancel_drawing()
        self._streaming = None
        if self.is_mounted and self.text_selection is not None:
            self.screen.clear_selection()
        self.document.show(messages)
        self._current_entry = None
        self.current = None
        self._top = Position(0, 0)
        self.follow = True
        self._settle()
        self.refresh()

    def add(self, message: ChatMessage) -> None:
        """Appends a finished message."""
        self.document.append(Entry(message))
        self._settle()
        self.refresh()

    def replace(self, message: ChatMessage) -> None:
        """Takes the message's new state; one that is not here yet is added."""
        number = self.document.index_of(message.id)
        if number is None:
            self.add(message)
        else:
            self._exchange(number, message)

    def begin_reply(self, reply: ChatMessage) -> None:
        """A reply starts to stream: it is given without text, the text follows through `add_text`."""
        self._finish_streaming()
        self._streaming = self.document.append(
            Entry(reply, LiveReply(self.document.layout, reply.text, reply.reasoning))
        )
        self._has_drawn_delta = False
        self._settle()
        self.refresh()

    def add_text(self, text: str) -> None:
        """More of the streaming reply's text; drawn with the next frame, the first piece at once."""
        live = self._live
        if live is not None and text:
            live.markdown.feed(text)
            self._draw_soon()

    def add_reasoning(self, text: str) -> None:
        """More of the streaming reply's reasoning."""
        live = self._live
        if live is not None and text:
            live.reasoning.append(text)
            self._draw_soon()

    def set_activity(self, text: str) -> None:
        """What the streaming reply's heading says at its right: "waiting 3 s", "642 tok/s"."""
        live = self._live
        if live is not None and live.activity != text:
            live.activity = text
            self._draw_soon()

    def end_reply(self, reply: ChatMessage) -> None:
        """The reply is over, complete or not: its final text and facts are shown."""
        number = self._streaming
        self._cancel_drawing()
        self._streaming = None
        if number is None:
            self.replace(reply)
        else:
            self._exchange(number, reply)

    def _finish_streaming(self) -> None:
        """A reply that was never ended keeps what has arrived."""
        live, number = self._live, self._streaming
        if live is not None and number is not None:
            self.document.entries[number].live = None
            self.document.entries[number].invalidate(self.document.layout)
        self._cancel_drawing()
        self._streaming = None

    def _exchange(self, number: int, message: ChatMessage) -> None:
        entry = self.document.entries[number]
        old_id, entry.message, entry.live = entry.message.id, message, None
        self.document.reindex(number, old_id)
        if self.current == old_id:
            self.set_reactive(Transcript.current, message.id)
        self._changed(number)

    def _changed(self, number: int) -> None:
        """An entry's rows are other ones now."""
        if not self.is_laid_out:
            return
        self.document.entries[number].invalidate(self.document.layout)
        self.document.changed(number)
        self._settle()
        self.refresh()

    # --- streaming --------------------------------------------------------------------------------

    @property
    def _live(self) -> LiveReply | None:
        return self.document.entries[self._streaming].live if self._streaming is not None else None

    def _draw_soon(self) -> None:
        if not self._has_drawn_delta:
            self._has_drawn_delta = True
            self._draw_streaming()
        elif self._pending is None:
            self._pending = self.set_timer(self._frame_seconds, self._draw_streaming)

    def _cancel_drawing(self) -> None:
        if self._pending is not None:
            self._pending.stop()
            self._pending = None

    def _draw_streaming(self) -> None:
        self._cancel_drawing()
        number = self._streaming
        if number is None or not self.is_laid_out:
            return
        began = time.perf_counter()
        entry = self.document.entries[number]
        height = entry.height
        first = entry.render_live(self.document.layout)
        self.drawn_deltas += 1
        if entry.height != height:
            self.document.changed(number)
            self._settle()
        self.refresh_entry_rows(number, first)
        cost = time.perf_counter() - began
        if cost * _SHARE > self._frame_seconds:
            # A long unfinished block is dear to render: it is drawn less often, never all the time.
            self._pending = self.set_timer(cost * _SHARE, self._draw_streaming_again)

    def _draw_streaming_again(self) -> None:
        self._draw_streaming()

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

    # --- what the screen asks ---------------------------------------------------------------------

    def source_of(self, message_id: str) -> str:
        """A message's text as it was written, made safe to show and copy. Raises KeyError for an unknown id."""
        number = self.document.index_of(message_id)
        if number is None:
            raise KeyError(message_id)
        entry = self.document.entries[number]
        return printable(entry.live.text if entry.live is not None else entry.message.text)

    def code_blocks(self, message_id: str) -> list[str]:
        """The code blocks of a message, in the order of their numbers on screen."""
        layout = self.document.layout
        return render_markdown(self.source_of(message_id), max(20, layout.width), layout.palette).code_blocks

    def find(self, query: str) -> list[str]:
        """Marks the words on screen and returns the ids of the messages that hold them; empty ends it."""
        self._found = printable(query)
        self.refresh()
        wanted = query.casefold()
        return [e.message.id for e in self.document.entries if wanted and wanted in e.message.text.casefold()]

    # --- keys and mouse ---------------------------------------------------------------------------

    def action_next_message(self) -> None:
        self.next_message()

    def action_previous_message(self) -> None:
        self.previous_message()

    def action_first_message(self) -> None:
        self.first()

    def action_last_message(self) -> None:
        self.last()

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
