"""Breaks text into rows by cell width. Knows of wide, combining and joined characters; nothing of styles' meaning."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

from metis_tui.tui.rendering.lines import Piece

TAB_WIDTH = 4

# Every character here takes one cell, so offsets and cells are the same.
_ALL_NARROW = (
    "[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0391-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u257f]*"
)
_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd"
)
_CLOSING = "\u3001\u3002\uff0c\uff0e\uff01\uff1f\uff1a\uff1b\uff09\u300d\u300f\u3011\u30fc"
# A word, one wide character with the closing marks that may not begin a row, or a run of spaces.
_CHUNK = f" +|[{_WIDE}][{_CLOSING}]*|[^ {_WIDE}]+|."


@lru_cache(maxsize=4)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled at the first use: these large sets of characters take time that a start has not."""
    return re.compile(pattern, re.DOTALL)


class Span(NamedTuple):
    """One row of a wrapped text: [start, end) and whether it goes on inside a word."""

    start: int
    end: int
    is_broken_word: bool
    """The row continues the word of the row before."""


def is_narrow(text: str) -> bool:
    """Every character takes exactly one cell."""
    return (text.isascii() and text.isprintable()) or _compiled(_ALL_NARROW).fullmatch(text) is not None


def cells(text: str) -> int:
    """Width in cells."""
    return len(text) if text.isascii() else cell_len(text)


def expand_tabs(text: str) -> str:
    return text.expandtabs(TAB_WIDTH) if "\t" in text else text


def wrap(text: str, width: int) -> list[Span]:
    """Rows of one line of text (no newlines): broken at spaces, inside words only when a word is too long."""
    width = max(1, width)
    if is_narrow(text):
        return list(_wrap_narrow(text, width))
    return list(_wrap_measured(text, width))


def chop(text: str, width: int) -> list[Span]:
    """Rows of one line of text cut at the width wherever that is: for code, where every space counts."""
    width = max(1, width)
    if is_narrow(text):
        starts = range(0, max(1, len(text)), width)
        return [Span(start, min(start + width, len(text)), start > 0) for start in starts]
    return [Span(start, end, start > 0) for start, end in _chop_measured(text, 0, len(text), width)] or [
        Span(0, 0, False)
    ]


def crop(text: str, width: int) -> str:
    """At most `width` cells of the text; an ellipsis says when something was left out."""
    if cells(text) <= width:
        return text
    if width < 1:
        return ""
    first = chop(text, width - 1)[0] if width > 1 else Span(0, 0, False)
    return text[first.start : first.end] + "\u2026"


def _wrap_narrow(text: str, width: int) -> Iterator[Span]:
    position, end, broken = 0, len(text), False
    while end - position > width:
        space = text.rfind(" ", position, position + width + 1)
        indent = space == -1 or not text[position : space + 1].strip(" ")
        if indent:
            # No space to break at, or only the indentation before a word longer than the row.
            yield Span(position, position + width, broken)
            position, broken = position + width, True
            continue
        stop = space
        while stop > position and text[stop - 1] == " ":
            stop -= 1
        yield Span(position, stop, broken)
        position, broken = space + 1, False
        while position < end and text[position] == " ":
            position += 1
    if position < end or end == 0 or position == 0:
        yield Span(position, end, broken)


def _wrap_measured(text: str, width: int) -> Iterator[Span]:
    start, column, stop, broken = 0, 0, 0, False
    limit = 8 * width + 64  # zero-width characters may not make a row endless
    for match in _compiled(_CHUNK).finditer(text):
        first, last = match.span()
        if text[first] == " ":
            if start == first and start > 0 and not broken:
                start = stop = last  # spaces at a break vanish
                continue
            column += last - first
            continue
        size = cells(match.group())
        if column + size <= width and last - start <= limit:
            column, stop = column + size, last
            continue
        if stop > start:
            yield Span(start, stop, broken)
            broken = text[first - 1] != " "
            start, column, stop = first, 0, first
        if size <= width and last - start <= limit:
            column, stop = size, last
            continue
        *rows, (start, stop) = _chop_measured(text, start, last, width)
        for row_start, row_stop in rows:
            yield Span(row_start, row_stop, broken)
            broken = True
        column = cells(text[start:stop])
    if stop > start or len(text) == 0 or start == 0:
        yield Span(start, max(stop, start), broken)


def _chop_measured(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    row, column = start, 0
    limit = 8 * width + 64
    for offset in range(start, end, 4096):
        # Graphemes are found in blocks, so that a megabyte does not become one list of tuples.
        spans, _ = split_graphemes(text[offset : min(offset + 4096, end)])
        for first, last, size in spans:
            position = offset + first
            if (column + size > width or offset + last - row > limit) and position > row:
                rows.append((row, position))
                row, column = position, 0
            column += size
            while offset + last - row > 2 * limit:
                # One character with thousands of marks: shown over several rows.
                rows.append((row, row + limit))
                row, column = row + limit, 0
    if row < end:
        rows.append((row, end))
    return rows


class Wrapped(NamedTuple):
    """One row of wrapped pieces."""

    pieces: list[Piece]
    start: int
    """Offset of the row in the joined text."""
    glue: str
    """What stands between this row and the one before: a newline, the spaces of the break, nothing in a word."""


def wrap_pieces(pieces: Sequence[Piece], width: int) -> list[Wrapped]:
    """Rows of styled text; newlines inside the pieces are hard breaks."""
    text = "".join(piece for piece, _ in pieces)
    if "\n" not in text:
        return _slice_rows(pieces, text, [(0, span) for span in wrap(text, width)])
    rows: list[tuple[int, Span]] = []
    offset = 0
    for line in text.split("\n"):
        rows += [(offset, span) for span in wrap(line, width)]
        offset += len(line) + 1
    return _slice_rows(pieces, text, rows)


def _slice_rows(pieces: Sequence[Piece], joined: str, rows: Sequence[tuple[int, Span]]) -> list[Wrapped]:
    """The styled pieces of each row; rows are (base offset, span) in ascending order."""
    starts = [0]
    for text, _ in pieces:
        starts.append(starts[-1] + len(text))
    wrapped: list[Wrapped] = []
    before = 0
    for base, span in rows:
        start, end = base + span.start, base + span.end
        if len(pieces) == 1:
            shown = [(joined[start:end], pieces[0][1])]
        else:
            shown = slice_pieces(pieces, starts, start, end)
        wrapped.append(Wrapped(shown, start, joined[before:start] if span.start else "\n"))
        before = end
    return wrapped


def slice_pieces(pieces: Sequence[Piece], starts: Sequence[int], start: int, end: int) -> list[Piece]:
    """The part [start, end) of styled text whose pieces begin at `starts`."""
    found: list[Piece] = []
    index = max(0, bisect_right(starts, start) - 1)
    while index < len(pieces) and starts[index] < end:
        text, style = pieces[index]
        part = text[max(0, start - starts[index]) : end - starts[index]]
        if part:
            found.append((part, style))
        index += 1
    return found
