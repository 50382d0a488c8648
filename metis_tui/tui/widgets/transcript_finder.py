"""Going to the words searched for: from one to the next, around the end, and into reasoning that is folded.

What is not known in the time that a key may take is gone to when it is found.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_hits import Flows, Hit, Hits
from metis_tui.tui.widgets.transcript_search import TranscriptSearch

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript_heading import Clock

_KEY_SECONDS = 0.015
"""What a key may look through before it is shown; the rest follows in slices."""


class Origin(NamedTuple):
    """Where the reader was before typing what to find."""

    start: Position
    top: Position
    follow: bool


class TranscriptFinder(TranscriptSearch):
    """The ways to the words searched for."""

    def __init__(self, *, clock: Clock | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(clock=clock, id=id, classes=classes)
        self._origin: Origin | None = None
        self._begins = False
        """The first place is looked for, from the origin."""
        self._awaited: tuple[Hit | Position, int] | None = None
        """A step that took longer than a key may: from where, and the direction."""
        self._awaited_message: str | None = None
        """To be gone to as soon as there are rows."""
        self._unfolded: str | None = None
        """The message whose reasoning was opened to show a place in it."""

    # --- what is searched for ---------------------------------------------------------------------

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

    def restart_find(self) -> None:
        self._origin = self._awaited = self._unfolded = None
        super().restart_find()

    def _lay_out(self) -> None:
        super()._lay_out()
        if self._awaited_message is not None and self.is_laid_out:
            message_id, self._awaited_message = self._awaited_message, None
            self.go_to_found(message_id)

    def _go_on(self, deadline: float) -> None:
        if self._awaited is not None:
            self._step(*self._awaited, deadline)

    def toggle_reasoning(self, message_id: str | None = None) -> None:
        if (message_id or self.current) == self._unfolded:
            self._unfolded = None  # it is as the reader wants it
        super().toggle_reasoning(message_id)
