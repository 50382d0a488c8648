"""Finding words in messages: which may hold them by their source, and where they stand in rendered rows. Pure.

A phrase is found over the breaks of a wrapped paragraph, never over the end of one. Headings and facts are said by
the program, so they are not searched; the user's notes are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_rows import Part

_MARKUP = re.compile(r"[^\w\s]|_")
_WITHOUT_MARKUP = {ord(mark): None for mark in "*_`~\\"} | {ord(mark): " " for mark in ">|#"}
_HAS_MARKUP = re.compile(r"[*_`~\\>|#]")
_SHOWN_OTHERWISE = re.compile(r"[&$\\]")
_UNSEARCHED = ("fact", "code-label")
_SPACE_IN_ROWS = r"[^\S\n]+"


class Phrase:
    """Words that follow one another. Upper and lower case are the same, and so is any space within a line."""

    def __init__(self, query: str) -> None:
        self.words = [word.lower() for word in printable(query).split()]
        self._phrase = " ".join(self.words)
        self.in_rows = _SPACE_IN_ROWS.join(map(re.escape, self.words))
        self._in_source = re.compile(r"\s+".join(map(re.escape, self.words)), re.IGNORECASE)
        has_markup = _MARKUP.search("".join(query.split())) is not None
        self._may_be_drawn = has_markup or not query.isascii()

    def may_be_in(self, source: str, lower: str, *, is_markdown: bool) -> bool:
        if self._phrase in lower or self._is_spread_in(lower):
            return True
        if not is_markdown:
            return False
        if _HAS_MARKUP.search(source) is not None and self._is_spread_in(lower.translate(_WITHOUT_MARKUP)):
            return True
        # Formulas and entities are drawn as characters that the source does not have.
        return self._may_be_drawn and _SHOWN_OTHERWISE.search(source) is not None

    def _is_spread_in(self, lower: str) -> bool:
        """With other spaces between the words than one; looked for only where all the words are."""
        return all(word in lower for word in self.words) and self._in_source.search(lower) is not None

    def count_in(self, lower: str) -> int:
        """How often it stands in a source."""
        if len(self.words) == 1:
            return lower.count(self._phrase)
        return sum(1 for _ in self._in_source.finditer(lower)) if self._is_spread_in(lower) else 0


class Search:
    """Phrases searched for: a place of any of them is one."""

    def __init__(self, *queries: str) -> None:
        self._phrases = [phrase for phrase in map(Phrase, queries) if phrase.words]
        self.is_empty = not self._phrases
        longest_first = sorted((phrase.in_rows for phrase in self._phrases), key=len, reverse=True)
        self._in_rows = re.compile("|".join(longest_first), re.IGNORECASE)

    def may_be_in(self, source: str, *, is_markdown: bool) -> bool:
        """Whether rows of this source may show the words; False is certain."""
        lower = source.lower()
        return any(phrase.may_be_in(source, lower, is_markdown=is_markdown) for phrase in self._phrases)

    def count_in(self, source: str) -> int:
        """How often the words stand in a source; what is drawn of it may show them a little more or less often."""
        lower = printable(source).lower()
        return sum(phrase.count_in(lower) for phrase in self._phrases)

    def found_in(self, part: Part) -> FoundRows:
        """Where the words stand in a rendered part."""
        if part.found is None or part.found.search is not self:
            part.found = FoundRows(self)
        part.found.update(part.lines or [])
        return part.found

    def matches(self, text: str) -> Iterator[tuple[int, int]]:
        return (match.span() for match in self._in_rows.finditer(text)) if not self.is_empty else iter(())

    def end_of(self, text: str, start: int) -> int:
        """Where a place that begins at `start` ends."""
        match = self._in_rows.match(text, start)
        return match.end() if match is not None else start


class FoundRows:
    """The places of the words in the rows of one part; kept while rows are added at its end."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.spans: dict[int, list[tuple[int, int]]] = {}
        """Row -> [start, end) in the row's text."""
        self.starts: list[int] = []
        """Rows in which a place begins, ascending, each once."""
        self._valid_rows = 0

    def invalidate(self, first: int) -> None:
        """Rows from this one on are other ones."""
        self._valid_rows = min(self._valid_rows, first)

    def update(self, lines: Sequence[Line]) -> int | None:
        """Takes account of changed rows; returns the first row whose places changed."""
        if self._valid_rows >= len(lines):
            return None
        first = self._valid_rows
        while first > 0 and lines[first].glue != "\n":
            first -= 1
        before = {row: spans for row, spans in self.spans.items() if row >= first}
        for row in before:
            del self.spans[row]
        self.starts = [row for row in self.starts if row < first]
        self._find(lines, first)
        self._valid_rows = len(lines)
        rows = before.keys() | (row for row in self.spans if row >= first)
        return min((row for row in rows if before.get(row) != self.spans.get(row)), default=None)

    def _find(self, lines: Sequence[Line], first: int) -> None:
        text, offsets = flowing_text(lines, first)
        for start, end in self.search.matches(text):
            row = bisect_right(offsets, start) - 1
            if not self.starts or self.starts[-1] != first + row:
                self.starts.append(first + row)
            for on, left, right in row_spans(lines, offsets, start, end, first):
                self.spans.setdefault(on, []).append((left, right))


def row_spans(
    lines: Sequence[Line], offsets: Sequence[int], start: int, end: int, first: int = 0
) -> Iterator[tuple[int, int, int]]:
    """The rows that show the characters [start, end) of the flowing text from row `first` on: row, [left, right)."""
    row = bisect_right(offsets, start) - 1
    while row < len(offsets) and offsets[row] < end:
        line = lines[first + row]
        left = max(start - offsets[row], 0) + line.lead
        right = min(end - offsets[row] + line.lead, len(line.text))
        if left < right:
            yield first + row, left, right
        row += 1


def flowing_text(lines: Sequence[Line], first: int = 0) -> tuple[str, list[int]]:
    """The rows from `first` on as one text without their breaks, and where each row begins in it."""
    pieces: list[str] = []
    offsets: list[int] = []
    length = 0
    for number in range(first, len(lines)):
        line = lines[number]
        glue = line.glue if number > first else ""
        shown = "" if line.kind in _UNSEARCHED else line.text[line.lead :]
        offsets.append(length + len(glue))
        pieces += (glue, shown)
        length += len(glue) + len(shown)
    return "".join(pieces), offsets
