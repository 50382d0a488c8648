"""Finding words in the transcript: marking them, counting them, going from one to the next.

Knows the messages on screen; nothing of streaming. Where words stand is the business of `transcript_hits`; here they
are looked for in short slices, so that no key waits for a long conversation.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message
from textual.timer import Timer

from metis_tui.tui.widgets.transcript_cursor import TranscriptCursor
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_hits import Flows, Hit, Hits

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript_heading import Clock

_KEY_SECONDS = 0.015
"""What a key may look through before it is shown; the rest follows in slices."""
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


class Origin(NamedTuple):
    """Where the reader was before typing what to find."""

    start: Position
    top: Position
    follow: bool


class TranscriptFinder(TranscriptCursor):
    """The words searched for."""

    class FoundChanged(Message, namespace="transcript"):
        """More places are known, or the view went to another; read `found`."""

        def __init__(self, transcript: TranscriptFinder) -> None:
            super().__init__()
            self.transcript = transcript

        @property
        def control(self) -> TranscriptFinder:
            return self.transcript

    def __init__(self, *, clock: Clock | None = None, id: str | None = None, classes: str | None = None) -> None:
        options = {"clock": clock} if clock is not None else {}
        super().__init__(id=id, classes=classes, **options)
        self._hits: Hits | None = None
        self._flows: Flows | None = None
        self._hit: Hit | None = None
        self._origin: Origin | None = None
        self._awaited: tuple[Hit | Position, int] | None = None
        """A step that took longer than a key may: from where, and the direction."""
        self._has_wrapped = False
        self._unfolded: str | None = None
        """The message whose reasoning was opened to show a place in it."""
        self._awaited_message: str | None = None
        self._begins = False
        """The first place is looked for, from the origin."""
        self._scanning: Timer | None = None

    # --- what is searched for ---------------------------------------------------------------------

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

    def begin_find(self) -> None:
        """From here on `find` looks: the place to which the view goes back when there is nothing."""
        is_pointed = self._found_at is not None and self._is_in_view(self._found_at)
        self._origin = Origin((is_pointed and self._found_at) or self._top, self._top, self.follow)

    def find(self, *queries: str, goes: bool = False) -> None:
        """Marks the words on screen, each query a phrase of its own; empty ends it.

        Args:
            goes: also goes to the first place from where `begin_find` was called, if there is one.
        """
        search = Search(*queries)
        self._search = None if search.is_empty else search
        self._hits = self._hit = self._awaited = self._found_at = None
        self._has_wrapped, self._begins = False, goes
        if self._search is None:
            self._flows = None
        else:
            self._flows = self._flows or Flows(self.document)
            origin = self._origin.start if self._origin is not None and goes else self._top
            self._hits = Hits(self._search, self._flows, origin.entry)
        self.document.forget_strips()
        self.refresh()
        if self._hits is not None and goes:
            self._go_from_origin()
        else:
            self._scan(_KEY_SECONDS)

    def find_any(self, phrases: Sequence[str]) -> None:
        """As `find`, for several words or phrases each of which may stand by itself."""
        self.find(*phrases)

    def restart_find(self) -> None:
        """The document has other messages: the same words in them."""
        if self._search is not None:
            self._flows = Flows(self.document)
            self._hits, self._hit = Hits(self._search, self._flows, self._top.entry), None
            self._scan_later()

    # --- from one to the next ---------------------------------------------------------------------

    def go_to_found(self, message_id: str) -> bool:
        """Goes to the first of the words in a message, or to the message; False when it shows none of them."""
        number = self.document.index_of(message_id)
        if number is None:
            return False
        if not self.is_laid_out:
            self._awaited_message = message_id  # as soon as there are rows
            return False
        if self._hits is not None and self._hits.in_message(number):
            self._go_to_hit(Hit(number, 0))
            return True
        self._go_to(number)
        return False

    def next_found(self, step: int = 1, *, wraps: bool = True) -> str | None:
        """Goes to the next place (step -1: the one before) of the words; returns its message's id.

        None: there is none (without `wraps` also behind the last one), or it takes longer than a key may: then the
        view goes there as soon as it is found.
        """
        if self._hits is None or not self.document.entries or not self.is_laid_out:
            return None
        self._begins = False
        start = self._hit if self._is_at_hit() and self._hit is not None else self._point(step)
        return self._step(start, step, time.perf_counter() + _KEY_SECONDS, wraps=wraps)

    def _step(self, start: Hit | Position, step: int, deadline: float, *, wraps: bool = True) -> str | None:
        hits = self._hits
        assert hits is not None
        self._awaited = None
        try:
            with self._still():
                hit = hits.next_from(start, step, deadline, wraps=wraps)
        except TimeoutError:
            self._awaited = start, step
            self._scan_later()
            return None
        if hit is None:
            if self._begins:
                self._return_to_origin()
            self.post_message(self.FoundChanged(self))
            return None
        place: Hit | Position = hit if isinstance(start, Hit) else hits.position(hit)
        self._has_wrapped = place <= start if step > 0 else place >= start
        self._go_to_hit(hit)
        return self.current

    def _go_from_origin(self) -> None:
        """The first place from where the search began; the view goes back there when there is none."""
        place = self._origin.start if self._origin is not None else self._top
        if not self.is_laid_out or not self.document.entries:
            return
        self._step(place._replace(row=place.row - 1), 1, time.perf_counter() + _KEY_SECONDS)
        self._scan_later()

    def _return_to_origin(self) -> None:
        self._fold_again()
        if self._origin is None:
            return
        self._top = self.document.fill(self._origin.top, self._view.height)
        self.follow = self._origin.follow
        self._settle()
        self.refresh()

    def _go_to_hit(self, hit: Hit) -> None:
        hits = self._hits
        assert hits is not None
        message_id = self.document.entries[hit.entry].message.id
        if self._unfolded != message_id:
            self._fold_again()
        if hits.is_folded(hit):
            self.toggle_reasoning(message_id)
            self._unfolded = message_id
            hit = hit._replace(nth=min(hit.nth, max(0, len(hits.in_message(hit.entry)) - 1)))
        old, self._hit = self._hit, hit
        for number in {hit.entry, old.entry if old is not None and old.entry < len(self.document.entries) else -1}:
            if number >= 0:
                self.document.entries[number].forget_strips()
                self.refresh_entry_rows(number)
        self.current = message_id
        self._point_at(hits.position(hit))
        self.post_message(self.FoundChanged(self))

    def _fold_again(self) -> None:
        """Reasoning that was opened to show a place is folded when the view goes on to another message."""
        number = self.document.index_of(self._unfolded)
        if number is not None and self.document.entries[number].is_reasoning_open:
            self.toggle_reasoning(self._unfolded)
        self._unfolded = None

    def _is_at_hit(self) -> bool:
        """Whether the place gone to last is still where the view is."""
        hit, hits = self._hit, self._hits
        if hit is None or hits is None or hit.nth >= len(hits.known_in(hit.entry)):
            return False
        return self._found_at == hits.position(hit) and self._is_in_view(self._found_at)

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
        if self._awaited_message is not None and self.is_laid_out:
            message_id, self._awaited_message = self._awaited_message, None
            self.go_to_found(message_id)
        if self._search is not None and self.document.layout.width != width:
            self._flows = self._flows or Flows(self.document)
            self._flows.forget()
            self._scan_later()

    def toggle_reasoning(self, message_id: str | None = None) -> None:
        if (message_id or self.current) == self._unfolded:
            self._unfolded = None  # it is as the reader wants it
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
        if self._awaited is not None:
            self._step(*self._awaited, deadline)
        with self._still():
            is_complete = hits.work(deadline)
        if not is_complete:
            self._scan_later()
        self.post_message(self.FoundChanged(self))
