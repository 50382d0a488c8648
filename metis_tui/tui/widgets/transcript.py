"""The transcript: a conversation's messages, and the reply that streams, in one scrolling view.

Shows chat messages and knows nothing of engines, stores or the screen around it: messages are given to it by
calls, news goes out as `FollowChanged` and `CurrentChanged`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.timer import Timer

from metis_tui.chat.background import in_background
from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.transcript_document import START
from metis_tui.tui.widgets.transcript_entry import Entry
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_heading import NO_REMARKS, Clock, Remarks, local_time
from metis_tui.tui.widgets.transcript_jumps import TranscriptJumps
from metis_tui.tui.widgets.transcript_live import LiveReply
from metis_tui.tui.widgets.transcript_rows import CutText

_SHARE = 5
"""Drawing a streaming reply takes at most one part in so many of the time."""
_LONG_CHARACTERS = 500_000
"""Texts over this are made ready off the event loop."""


class Transcript(TranscriptJumps, can_focus=True):
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

    def __init__(
        self,
        *,
        clock: Clock = local_time,
        frames_per_second: float = 12.0,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._pending: Timer | None = None
        self.set_frame_rate(frames_per_second)
        self._not_before = 0.0
        self._ready: tuple[str, CutText] | None = None
        """The text that was prepared, and whose."""
        self._has_drawn_delta = False
        self.drawn_deltas = 0
        """How many times the streaming reply was rendered: the work done."""

    def set_frame_rate(self, frames_per_second: float) -> None:
        """How often a streaming reply is drawn at most; from the next frame on."""
        self._frame_seconds = 1.0 / max(0.1, frames_per_second)
        if self._pending is not None:
            self._cancel_drawing()
            self._draw_soon()

    # --- messages ---------------------------------------------------------------------------------

    def show(self, messages: Sequence[ChatMessage]) -> None:
        """Replaces everything; the view is at the end."""
        self._cancel_drawing()
        self._streaming = None
        if self.is_mounted and self.text_selection is not None:
            self.screen.clear_selection()
        self.current = None
        self._current_entry = None
        self._found_at = self._awaited_message = None
        self.document.show(messages)
        self._top = START
        self.follow = True
        self._settle()
        self.refresh()
        self.restart_find()

    def remark(self, remarks: Mapping[str, Remarks]) -> None:
        """Shows what the user put beside messages, by their ids; nothing beside the others."""
        entries = self.document.entries
        known = [remarks.get(entry.message.id, NO_REMARKS) for entry in entries]
        changed = [number for number, entry in enumerate(entries) if entry.remarks != known[number]]
        if changed:
            with self._same_places():
                for number in changed:
                    self.document.remark(number, known[number])
            self.refresh()
            self._scan_later()

    def show_in_place(self, messages: Sequence[ChatMessage], message_id: str, instead_of: str | None = None) -> None:
        """Replaces everything; a message stands where it stood, or where the one did that it is there instead of."""
        if not self.is_laid_out:
            self.show(messages)
            return
        number = self.document.index_of(instead_of or message_id)
        row = self.document.start(number) - self.document.row_of(self._top) if number is not None else 0
        self.show(messages)
        self.current = message_id
        self.stand_at(message_id, row)

    def mark(self, marks: Mapping[str, str]) -> None:
        """What headings say beside the name, by message id; those of all others say nothing."""
        entries = self.document.entries
        changed = [entry for entry in entries if entry.marks != marks.get(entry.message.id, "")]
        for entry in changed:
            entry.mark(marks.get(entry.message.id, ""))
        if changed:
            self.refresh()

    def add(self, message: ChatMessage) -> None:
        """Appends a finished message."""
        self.document.append(Entry(message))
        self._settle()
        self.refresh()
        self._scan_later()

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

    async def prepare(self, reply: ChatMessage) -> None:
        """Before `end_reply`: readies a very long text in a thread, as keys would wait for it."""
        if len(reply.text) > _LONG_CHARACTERS:
            self._ready = reply.id, await in_background(lambda: CutText.made_ready(reply))

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
        self._cancel_drawing()
        self._streaming = None
        if live is not None and number is not None:
            message = self.document.entries[number].message
            self._exchange(number, replace(message, text=live.text, reasoning=live.reasoning_text))

    def _exchange(self, number: int, message: ChatMessage) -> None:
        ready_id, text = self._ready or ("", None)
        self._ready = None
        old_id = self.document.entries[number].message.id
        with self._same_places():
            self.document.exchange(number, message, text if ready_id == message.id else None)
        self._scan_later()
        if self.current == old_id:
            self.set_reactive(TranscriptJumps.current, message.id)
        self.refresh()

    # --- streaming --------------------------------------------------------------------------------

    @property
    def _live(self) -> LiveReply | None:
        return self.document.entries[self._streaming].live if self._streaming is not None else None

    def _draw_soon(self) -> None:
        if not self.is_laid_out:
            return
        if not self._has_drawn_delta:
            self._has_drawn_delta = True
            self._draw_streaming()
        elif self._pending is None:
            wait = max(self._frame_seconds, self._not_before - time.perf_counter())
            self._pending = self.set_timer(wait, self._draw_streaming)

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
        rows = self.document.open(number)
        height, parts = entry.height, len(rows.parts)
        with self._same_places(number):
            first = self.document.update_live(number)
        self.drawn_deltas += 1
        if self._search is not None:
            first = min(first, self._newly_found(number, self._search))
            self.post_message(self.FoundChanged(self))
        if entry.height < height or len(rows.parts) != parts:
            self.refresh()
        else:
            self.refresh_entry_rows(number, first)
        # A long unfinished block is dear to render: it is drawn less often, never all the time.
        ended = time.perf_counter()
        self._not_before = ended + (ended - began) * _SHARE

    def _newly_found(self, number: int, search: Search) -> int:
        """Marks what was found anew in a streaming reply; returns the first row that has other marks."""
        rows = self.document.open(number)
        above, first = 0, self.document.entries[number].height
        for part in rows.parts:
            if part.found is not None and part.found.search is search and part.lines is not None:
                row = part.found.update(part.lines)
                if row is not None:
                    part.forget_strips(row)
                    first = min(first, above + row)
            above += part.height
        return first

    # --- what the screen asks ---------------------------------------------------------------------

    @property
    def last_id(self) -> str | None:
        """Of the last message."""
        return self.document.entries[-1].message.id if self.document.entries else None

    def shown_message(self, message_id: str | None) -> ChatMessage | None:
        """A message, of a streaming reply what has arrived; None when it is not here."""
        number = self.document.index_of(message_id)
        if number is None:
            return None
        entry = self.document.entries[number]
        if entry.live is None:
            return entry.message
        return replace(entry.message, text=entry.live.text, reasoning=entry.live.reasoning_text)
