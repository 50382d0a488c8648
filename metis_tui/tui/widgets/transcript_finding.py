"""Finding words in messages: which may hold them by their source, and where they stand in rendered rows. Pure.

A phrase is found over the breaks of a wrapped paragraph, never over the end of one. Headings and notes are said by
the program, so they are not searched.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_rows import Part

_MARKUP = re.compile(r"[^\w\s]|_")
_WITHOUT_MARKUP = {ord(mark): None for mark in "*_`~\\"} | {ord(mark): " " for mark in ">|#"}
_HAS_MARKUP = re.compile(r"[*_`~\\>|#]")
# Lines whose words may be hidden or look otherwise when rendered.
_UNCERTAIN = re.compile(r"[<&\\$|]|\]\(|^\s*(?:\[[^\]]*\]:|`{3}|~{3})")
_SHOWN_OTHERWISE = re.compile(r"[&$\\]")
_TRIES = 20
_UNSEARCHED = ("fact", "code-label")


class Search:
    """Words searched for. Upper and lower case are the same, and so is any space within a line."""

    def __init__(self, query: str) -> None:
        words = [re.escape(word) for word in printable(query).split()]
        self.is_empty = not words
        self._words = [word.lower() for word in printable(query).split()]
        self._phrase = " ".join(self._words)
        self._in_rows = re.compile(r"[^\S\n]+".join(words), re.IGNORECASE)
        self._in_source = re.compile(r"\s+".join(words), re.IGNORECASE)
        self._has_markup = _MARKUP.search("".join(query.split())) is not None
        self._may_be_drawn = self._has_markup or not query.isascii()

    def may_be_in(self, source: str, *, is_markdown: bool) -> bool:
        """Whether rows of this source may show the words; False is certain."""
        lower = source.lower()
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
        return all(word in lower for word in self._words) and self._in_source.search(lower) is not None

    def is_certainly_in(self, source: str, *, is_markdown: bool) -> bool:
        """Whether rows of this source show the words in any case; else they must be rendered to know."""
        if not is_markdown:
            return self._in_rows.search(source) is not None
        if self._has_markup:
            return False
        for match, _ in zip(self._in_rows.finditer(source), range(_TRIES), strict=False):
            start = source.rfind("\n", 0, match.start()) + 1
            end = source.find("\n", match.end())
            if _UNCERTAIN.search(source[start : end if end != -1 else len(source)]) is None:
                return True
        return False

    def found_in(self, part: Part) -> FoundRows:
        """Where the words stand in a rendered part."""
        if part.found is None or part.found.search is not self:
            part.found = FoundRows(self)
        part.found.update(part.lines or [])
        return part.found

    def matches(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in self._in_rows.finditer(text)]


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
        text, offsets = _flowing_text(lines, first)
        for start, end in self.search.matches(text):
            row = bisect_right(offsets, start) - 1
            if not self.starts or self.starts[-1] != first + row:
                self.starts.append(first + row)
            while row < len(offsets) and offsets[row] < end:
                line = lines[first + row]
                left = max(start - offsets[row], 0) + line.lead
                right = min(end - offsets[row] + line.lead, len(line.text))
                if left < right:
                    self.spans.setdefault(first + row, []).append((left, right))
                row += 1


def _flowing_text(lines: Sequence[Line], first: int) -> tuple[str, list[int]]:
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
