"""All places of the words searched for, in a whole document, found piece by piece within a time that is given.

Knows documents and their parts; nothing of widgets or of what is on screen. A part is rendered only when its source
may hold the words, and its text is kept for the next search: the first search of a long conversation costs its
rendering, every further key a look through its text.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from metis_tui.chat.printable import printable
from metis_tui.tui.widgets.transcript_document import Position, TranscriptDocument
from metis_tui.tui.widgets.transcript_finding import Search, flowing_text, row_spans

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript_rows import Part, PartedRows

_FOLD_ROW = 1
"""The row of a message's head that stands for its folded reasoning."""


class Hit(NamedTuple):
    """A place of the words: the nth of a message, at any width."""

    entry: int
    nth: int


class Flow(NamedTuple):
    """The characters of a part without its breaks, and where each row begins in them."""

    text: str
    offsets: list[int]


class Flows:
    """The texts of parts, once rendered; kept as long as something is searched for."""

    def __init__(self, document: TranscriptDocument) -> None:
        self.document = document
        self._known: dict[Part, Flow] = {}

    def forget(self) -> None:
        """The parts are other ones."""
        self._known.clear()

    def of(self, number: int, part_number: int) -> Flow:
        part = self.document.open(number).parts[part_number]
        flow = self._known.get(part)
        if flow is None:
            flow = Flow(*flowing_text(self.document.ensure(number, part_number).lines or []))
            if self.document.entries[number].live is None:
                self._known[part] = flow
        return flow


class _Found(NamedTuple):
    rows: PartedRows | None
    """Those the places are in; None: the message was not opened, because it cannot hold the words."""
    places: list[tuple[int, int]]
    """Part and character of its text; part 0 is the folded reasoning."""


class Hits:
    """The places of one search; messages that change are looked through again."""

    def __init__(self, search: Search, flows: Flows, origin: int = 0) -> None:
        self.search = search
        self._flows = flows
        self._document = flows.document
        self._origin = origin
        self._found: dict[int, _Found] = {}
        self._in_part: dict[Part, list[int]] = {}

    # --- looking ----------------------------------------------------------------------------------

    def work(self, deadline: float) -> bool:
        """Goes on from the message of the origin to the end and around; True when all is known.

        Args:
            deadline: seconds of `time.perf_counter`.
        """
        count = len(self._document.entries)
        return all(
            self.look(number % count, deadline) for number in range(self._origin, self._origin + count) if count
        )

    @property
    def is_complete(self) -> bool:
        return all(
            entry.live is not None or self._is_known(number) for number, entry in enumerate(self._document.entries)
        )

    def _is_known(self, number: int) -> bool:
        found, entry = self._found.get(number), self._document.entries[number]
        if found is None or entry.live is not None:
            return False
        return found.rows is entry.rows if found.rows is not None else entry.candidate == (self.search, False)

    def look(self, number: int, deadline: float) -> bool:
        """Looks through a message; False when the time was too short. What was done is not done again."""
        if self._is_known(number):
            return True
        if time.perf_counter() > deadline:
            return False
        if not self.may_hold(number):
            self._found[number] = _Found(None, [])
            return True
        rows = self._document.open(number)
        places: list[tuple[int, int]] = [(0, start) for start in self._in_fold(number)]
        for part_number in range(len(rows.parts)):
            if time.perf_counter() > deadline:
                return False
            places += [(part_number, start) for start in self._starts(number, part_number)]
        self._found[number] = _Found(rows, places)
        return True

    def may_hold(self, number: int) -> bool:
        """Whether a message may show the words, by its source; False is certain."""
        entry = self._document.entries[number]
        known = entry.candidate
        if known is not None and known[0] is self.search:
            return known[1]
        may = any(self.search.may_be_in(text, is_markdown=as_is) for text, as_is in entry.searched_sources())
        entry.candidate = (self.search, may) if entry.live is None else None
        return may

    def _in_fold(self, number: int) -> list[int]:
        """Places in reasoning that is folded."""
        entry = self._document.entries[number]
        if entry.is_reasoning_open or not entry.message.reasoning or entry.live is not None:
            return []
        return [start for start, _ in self.search.matches(printable(entry.message.reasoning))]

    def _starts(self, number: int, part_number: int) -> list[int]:
        rows = self._document.open(number)
        part = rows.parts[part_number]
        starts = self._in_part.get(part)
        if starts is None:
            is_markdown = rows.is_markdown and part.kind == "body"
            if self.search.may_be_in(rows.source_of(part), is_markdown=is_markdown):
                starts = [start for start, _ in self.search.matches(self._flows.of(number, part_number).text)]
            else:
                starts = []
            if self._document.entries[number].live is None:
                self._in_part[part] = starts
        return starts

    # --- what is known ----------------------------------------------------------------------------

    def known_in(self, number: int) -> list[tuple[int, int]]:
        """The places in a message as far as they are known: part and character."""
        if self._document.entries[number].live is not None:
            self.look(number, float("inf"))
        elif not self._is_known(number):
            return []
        return self._found[number].places

    def in_message(self, number: int) -> list[tuple[int, int]]:
        """All places in a message."""
        self.look(number, float("inf"))
        return self._found[number].places

    def counts(self) -> Iterator[int]:
        """How many places each message has, as far as they are known."""
        return (len(self.known_in(number)) for number in range(len(self._document.entries)))

    def position(self, hit: Hit) -> Position:
        """Where a place stands now; a row of its message's head when its reasoning is folded."""
        part, start = self.in_message(hit.entry)[hit.nth]
        if part == 0:
            return Position(hit.entry, 0, _FOLD_ROW)
        return Position(hit.entry, part, bisect_right(self._flows.of(hit.entry, part).offsets, start) - 1)

    def is_folded(self, hit: Hit) -> bool:
        return self.in_message(hit.entry)[hit.nth][0] == 0

    def spans(self, hit: Hit) -> tuple[Part, dict[int, tuple[int, int]]] | None:
        """The part a known place is in and, by row, the characters it covers; None while its message changes."""
        places = self.known_in(hit.entry) if hit.entry < len(self._document.entries) else []
        if hit.nth >= len(places) or places[hit.nth][0] == 0:
            return None
        number, start = places[hit.nth]
        part, flow = self._document.open(hit.entry).parts[number], self._flows.of(hit.entry, number)
        end = self.search.end_of(flow.text, start)
        rows = row_spans(part.lines or [], flow.offsets, start, end)
        return part, {row: (left, right) for row, left, right in rows}

    # --- from one to the next ---------------------------------------------------------------------

    def next_from(self, start: Hit | Position, step: int, deadline: float, *, wraps: bool = True) -> Hit | None:
        """The next place (step -1: the one before) in the order of the document, and around its end if it `wraps`.

        Raises:
            TimeoutError: it is not known yet.
        """
        count = len(self._document.entries)
        for distance in range(count + 1):
            number = start.entry + step * distance
            if not wraps and not 0 <= number < count:
                return None
            number %= count
            if not self.look(number, deadline):
                raise TimeoutError
            places = range(len(self._found[number].places))
            for nth in places if step > 0 else reversed(places):
                hit = Hit(number, nth)
                if distance not in (0, count) or self._is_beyond(hit, start, step) != (distance == count):
                    return hit
        return None

    def _is_beyond(self, hit: Hit, start: Hit | Position, step: int) -> bool:
        if isinstance(start, Hit):
            return hit.nth > start.nth if step > 0 else hit.nth < start.nth
        position = self.position(hit)
        return position > start if step > 0 else position < start
