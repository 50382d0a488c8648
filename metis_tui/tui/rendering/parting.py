"""Cuts long texts into parts that can be rendered one by one, at places where the cut changes nothing.

Knows lines and the marks that begin blocks; parses nothing and renders nothing. A part is some screens long, so
that any place of a text of a megabyte can be shown without rendering what comes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

PART_SIZE = 8_000
"""Characters from which on a part ends at the next good place.

After twice as many it ends at any line; texts up to twice as long stay whole.
"""
_MAX_SCANNED = 200_000
"""Lines of a text that are looked at one by one."""
_MAX_HEADER = 2_000
"""Characters of a table's header that are read again for each part of it; wider tables are not parted so soon."""
_WIDE_TABLE = 100_000

Join = Literal["", " ", "line", "block"]
"""What parts a part from the one before: nothing (a cut word), a space, a new line, an empty line."""

_FENCE = re.compile(r"((?:[ \t>]|[-*+] |\d{1,9}[.)] )*)(`{3,}|~{3,})([^\n]*)")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)")
_TABLE_RULE = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t:|-]*)?$")
_HTML_OPENING = re.compile(r" {0,3}<(?:(script|pre|style|textarea)\b|!--)", re.IGNORECASE)
_BLOCK_MARKS = " \t-*+>|<"


class SourcePart(NamedTuple):
    """A part of a text: its characters [start, end) and what must be known to render them alone."""

    start: int
    end: int
    first_line: int
    """Line of the whole text in which the part begins."""
    join: Join = "block"
    opening: str = ""
    """What the part stands in: the opening line of a code block, or the two header lines of a table."""
    code_count: int = 0
    """Code blocks that begin in the part, by their fences."""

    @property
    def is_within_code(self) -> bool:
        return self.opening[:1] in ("`", "~") and bool(self.opening)

    @property
    def is_continued(self) -> bool:
        """Begins within a line of the text."""
        return self.join in ("", " ")


def cut_plain(text: str, size: int = PART_SIZE) -> list[SourcePart]:
    """Parts of a text whose lines stand for themselves; a giant line is cut at a space."""
    if len(text) <= 2 * size:
        return [SourcePart(0, len(text), 0, "line")]
    parts: list[SourcePart] = []
    start, line, join = 0, 0, "line"
    while start < len(text):
        end, following, next_join = _plain_end(text, start, size)
        parts.append(SourcePart(start, end, line, join))  # type: ignore[arg-type]
        line += text.count("\n", start, following)
        start, join = following, next_join
    return parts


def _plain_end(text: str, start: int, size: int) -> tuple[int, int, Join]:
    """Where a part that begins at `start` ends, where the next begins, and how they are joined."""
    if len(text) - start <= 2 * size:
        return len(text), len(text), "line"
    newline = text.rfind("\n", start + size // 2, start + size)
    newline = newline if newline != -1 else text.find("\n", start + size, start + 2 * size)
    if newline != -1 and newline < len(text) - 1:
        return newline, newline + 1, "line"
    return _within_line(text, start, size)


def _within_line(text: str, start: int, size: int) -> tuple[int, int, Join]:
    end = start + size
    space = text.rfind(" ", start + size // 2, end)
    return (space, space + 1, " ") if space != -1 else (end, end, "")


def cut_markdown(text: str, opening: str = "", size: int = PART_SIZE) -> list[SourcePart]:
    """Parts of a Markdown text: at empty lines between blocks, giant blocks at a line inside.

    `opening` says what the text itself stands in when it is the rest of another.
    """
    if len(text) <= 2 * size:
        return [SourcePart(0, len(text), 0, opening=opening)]
    if text.count("\n") > _MAX_SCANNED:
        return cut_plain(text, size)
    return list(_Cutter(text, opening, size).parts())


class _Fence(NamedTuple):
    """A block that goes on over empty lines, until a line ends it."""

    mark: str
    info: str
    is_nested: bool

    @property
    def opening(self) -> str:
        return self.mark + self.info[:100]

    def is_closed_by(self, line: str) -> bool:
        stripped = line.strip().lstrip("> ") if self.is_nested else line.strip()
        return len(stripped) >= len(self.mark) and not stripped.strip(self.mark[0])


class _Cutter:
    """One pass over the lines of a text."""

    def __init__(self, text: str, opening: str, size: int) -> None:
        self._text = text
        self._size = size
        self._fence: _Fence | None = None
        self._html_end = ""
        self._table = ""
        self._before = ""
        self._codes = 0
        self._start = 0
        self._first_line = 0
        self._join: Join = "block"
        self._opening = opening
        if opening[:1] in ("`", "~"):
            self._read_opening(opening)
            self._codes = 0
        else:
            self._table = opening

    def parts(self) -> Iterator[SourcePart]:
        offset, rest = 0, len(self._text)
        for number, line in enumerate(self._text.split("\n")):
            size = offset - self._start
            if size >= self._size and rest > self._size // 2:
                cut = self._cut_before(line, size)
                if cut is not None:
                    yield self._part(offset, number, *cut)
            self._read(line)
            while len(line) > 2 * self._size and not self._table:
                end, following, join = _within_line(self._text, offset, self._size)
                yield self._part(end, number, join, self._fence.opening if self._fence else "", following)
                line = line[following - offset :]
                rest, offset = rest - (following - offset), following
            offset += len(line) + 1
            rest -= len(line) + 1
            self._before = line
        if self._start < len(self._text):
            yield self._part(len(self._text), 0, "block", "")

    def _part(self, end: int, line: int, join: Join, opening: str, following: int | None = None) -> SourcePart:
        part = SourcePart(self._start, end, self._first_line, self._join, self._opening, self._codes)
        self._start = end if following is None else following
        self._first_line, self._join, self._opening, self._codes = line, join, opening, 0
        return part

    def _cut_before(self, line: str, size: int) -> tuple[Join, str] | None:
        """How the next part begins if it may begin with this line; None where a cut would be seen."""
        is_overdue = size >= 2 * self._size
        if self._fence is not None:
            if self._fence.is_closed_by(line):
                return None
            is_good = not self._fence.is_nested and (not self._before.strip() or size >= self._size + self._size // 2)
            return ("line", self._fence.opening) if is_good or is_overdue else None
        if self._html_end:
            return ("line", "") if is_overdue else None
        if not line.strip():
            return None
        is_after_gap = not self._before.strip()
        if is_after_gap and line[0] not in _BLOCK_MARKS and not _ITEM.match(line):
            return "block", ""
        if len(self._table) > _MAX_HEADER:
            return ("line", "") if size >= _WIDE_TABLE else None
        if self._table:
            return "line", self._table
        if _ITEM.match(line) and (line[0] not in " \t" or is_overdue):
            return "block" if is_after_gap else "line", ""
        return ("block" if is_after_gap else "line", "") if is_overdue else None

    def _read(self, line: str) -> None:
        """Follows the blocks that go on over lines: code, HTML, tables."""
        fence = self._fence
        if fence is not None:
            self._read_in_fence(line, fence)
        elif self._html_end:
            if self._html_end in line.lower():
                self._html_end = ""
        elif self._table and "|" in line:
            return
        elif "-" in line and "|" in self._before and _TABLE_RULE.match(line):
            self._table = f"{self._before}\n{line}"
        else:
            self._table = ""
            self._read_opening(line)

    def _read_in_fence(self, line: str, fence: _Fence) -> None:
        if fence.is_closed_by(line):
            self._fence = None
        elif fence.is_nested and line and line[0] not in " \t>":
            # A line without indentation ends the list or quote, and with it the code in it.
            self._fence = None
            self._read_opening(line)

    def _read_opening(self, line: str) -> None:
        if "```" in line or "~~~" in line:
            match = _FENCE.match(line)
            if match is not None and not (match[2][0] == "`" and "`" in match[3]):
                prefix = match[1]
                is_nested = bool(prefix.strip()) or len(prefix) > 3
                self._fence = _Fence(match[2], match[3], is_nested)
                self._codes += 1
        elif "<" in line[:4]:
            match = _HTML_OPENING.match(line)
            if match is not None:
                end = f"</{match[1].lower()}>" if match[1] else "-->"
                self._html_end = "" if end in line.lower()[match.end() :] else end
