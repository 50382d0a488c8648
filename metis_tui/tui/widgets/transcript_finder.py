"""Finding words in the transcript: marking them, naming the messages that show them, going from one to the next.

Knows the messages on screen; nothing of streaming. Which rows hold words is the business of `transcript_finding`.
"""

from __future__ import annotations

from collections.abc import Iterator

from metis_tui.tui.widgets.transcript_cursor import TranscriptCursor
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_entry import Entry
from metis_tui.tui.widgets.transcript_finding import Search

_MAX_RENDERED = 60
"""Messages that `find` renders to know whether they show words that their source only may hold."""


class TranscriptFinder(TranscriptCursor):
    """The words searched for."""

    def find(self, query: str) -> list[str]:
        """Marks the words on screen and returns the ids of the messages that show them; empty ends it."""
        search = Search(query)
        self._search = None if search.is_empty else search
        self._found_at = None
        self.document.forget_strips()
        self.refresh()
        if self._search is None:
            return []
        tries = _MAX_RENDERED if self.is_laid_out else 0
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
            for hit in self._hits(number, search, step, beyond=start if distance == 0 else None):
                self._found_at = hit
                self.current = entries[number].message.id
                self._show_row(hit)
                return self.current
        return None

    def _may_hold(self, entry: Entry, search: Search) -> bool:
        known = entry.candidate
        if known is not None and known[0] is search:
            return known[1]
        may = any(search.may_be_in(text, is_markdown=is_markdown) for text, is_markdown in entry.sources())
        entry.candidate = (search, may) if entry.live is None else None
        return may

    def _hits(self, number: int, search: Search, step: int = 1, beyond: Position | None = None) -> Iterator[Position]:
        """Rows of a message, or those beyond a place, in which the words begin.

        Only parts that may have them are rendered.
        """
        rows = self.document.open(number)
        parts = range(len(rows.parts))
        for part_number in parts if step > 0 else reversed(parts):
            if beyond is not None and (part_number - beyond.part) * step < 0:
                continue
            part = rows.parts[part_number]
            is_markdown = rows.is_markdown and part.kind == "body"
            if not search.may_be_in(rows.source_of(part), is_markdown=is_markdown):
                continue
            starts = search.found_in(self.document.ensure(number, part_number)).starts
            for row in starts if step > 0 else reversed(starts):
                hit = Position(number, part_number, row)
                if beyond is None or (hit > beyond if step > 0 else hit < beyond):
                    yield hit

    def _show_row(self, position: Position) -> None:
        """Scrolls only when the row is out of view; then it stands a third below the top."""
        top, height = self.document.row_of(self._top), self._view.height
        if top <= self.document.row_of(position) < top + height:
            return
        self._top = self.document.fill(self.document.walk(position, -(height // 3)), height)
        self._place()
        self.refresh()
        self.follow = self._is_at_end()
