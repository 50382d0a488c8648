"""What is searched for in the transcript: marking it and counting it, in short slices, so that no key waits.

Knows the messages on screen; nothing of streaming. Where words stand is the business of `transcript_hits`, going
there that of `transcript_finder`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message
from textual.timer import Timer

from metis_tui.tui.widgets.transcript_cursor import TranscriptCursor
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_hits import Flows, Hit, Hits

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript_heading import Clock

_SLICE_SECONDS = 0.008
_PAUSE_SECONDS = 0.002


class Found(NamedTuple):
    """What is known of the words searched for."""

    number: int | None
    """Which of the places the view was taken to, from 1 on; None: to none of them."""
    total: int
    is_complete: bool
    """False: more may come."""
    has_wrapped: bool
    """The last step went over the end of the conversation, or its start."""


class TranscriptSearch(TranscriptCursor):
    """The words searched for, and where they are."""

    class FoundChanged(Message, namespace="transcript"):
        """More places are known, or the view went to another; read `found`."""

        def __init__(self, transcript: TranscriptSearch) -> None:
            super().__init__()
            self.transcript = transcript

        @property
        def control(self) -> TranscriptSearch:
            return self.transcript

    def __init__(self, *, clock: Clock | None = None, id: str | None = None, classes: str | None = None) -> None:
        options = {"clock": clock} if clock is not None else {}
        super().__init__(id=id, classes=classes, **options)
        self._hits: Hits | None = None
        self._flows: Flows | None = None
        self._hit: Hit | None = None
        """The place gone to last."""
        self._has_wrapped = False
        self._scanning: Timer | None = None

    @property
    def is_searching(self) -> bool:
        """Whether words are marked."""
        return self._search is not None

    @property
    def found(self) -> Found:
        if self._hits is None:
            return Found(None, 0, True, False)
        counts = list(self._hits.counts())
        hit = self._hit
        number = sum(counts[: hit.entry]) + hit.nth + 1 if hit is not None else None
        return Found(number, sum(counts), self._hits.is_complete, self._has_wrapped)

    @property
    def found_ids(self) -> list[str]:
        """The messages that show the words, as far as they are known."""
        counts = self._hits.counts() if self._hits is not None else ()
        return [self.document.entries[number].message.id for number, count in enumerate(counts) if count]

    def restart_find(self) -> None:
        """The document has other messages: the same words in them."""
        if self._search is not None:
            self._flows = Flows(self.document)
            self._hits, self._hit = Hits(self._search, self._flows, self._top.entry), None
            self._scan_later()

    def _hit_spans(self, position: Position) -> list[tuple[int, int]]:
        """The characters in a row that belong to the place gone to last."""
        hit = self._hit
        if hit is None or self._hits is None or position.entry != hit.entry:
            return []
        part, spans = self._hits.spans(hit) or (None, {})
        is_here = part is self.document.open(position.entry).parts[position.part]
        return [spans[position.row]] if is_here and position.row in spans else []

    # --- looking through the rest -----------------------------------------------------------------

    def _lay_out(self) -> None:
        width = self.document.layout.width
        super()._lay_out()
        if self._search is not None and self.document.layout.width != width:
            self._flows = self._flows or Flows(self.document)
            self._flows.forget()
            self._scan_later()

    def toggle_reasoning(self, message_id: str | None = None) -> None:
        super().toggle_reasoning(message_id)
        self._scan_later()

    def toggle_raw(self, message_id: str | None = None) -> None:
        super().toggle_raw(message_id)
        self._scan_later()

    def _scan_later(self) -> None:
        if self._scanning is None and self._hits is not None and self.is_mounted:
            self._scanning = self.set_timer(_PAUSE_SECONDS, self._scan_on)

    def _scan_on(self) -> None:
        self._scanning = None
        self._scan(_SLICE_SECONDS)

    def _scan(self, seconds: float) -> None:
        """Looks further; first for the place that a key asked for."""
        hits = self._hits
        if hits is None or not self.is_laid_out:
            self.post_message(self.FoundChanged(self))
            return
        deadline = time.perf_counter() + seconds
        self._go_on(deadline)
        with self._still():
            is_complete = hits.work(deadline)
        if not is_complete:
            self._scan_later()
        self.post_message(self.FoundChanged(self))

    def _go_on(self, deadline: float) -> None:
        """What a key asked for and was not known then."""
