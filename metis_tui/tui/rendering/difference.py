"""A difference of two replies -> rows, side by side or in one column. Knows no widget.

What changed never shows by colour alone: rows with changes have a sign in their margin, changed words side by side
are underlined, and in one column they stand in [-...-] and {+...+}.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from rich.style import Style

from metis_tui.chat.difference import Difference
from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Piece
from metis_tui.tui.rendering.wrapping import cells, expand_tabs, wrap_pieces

SIDE_BY_SIDE = 99
"""Cells from which both replies stand beside each other: a terminal of 100 columns with a scroll bar."""
_MARGIN = 2
_BETWEEN = " \u2502 "


@dataclass(frozen=True)
class DifferenceStyles:
    """One style per role; the defaults have no colours."""

    text: Style = Style()
    code: Style = Style()
    gone: Style = Style(bold=True, underline=True)
    new: Style = Style(bold=True, underline=True)
    margin: Style = Style(bold=True)
    rule: Style = Style(dim=True)


class DifferenceRow(NamedTuple):
    """One row as it is drawn, and where in both texts it begins."""

    pieces: Sequence[Piece]
    a_at: int
    b_at: int


@dataclass(slots=True)
class DifferenceRows:
    """All rows, and the first row of each change."""

    rows: list[DifferenceRow] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)

    def row_of(self, side: int, offset: int) -> int:
        """The row that shows a place in the first text (0) or the second (1)."""
        starts = [row.a_at if side == 0 else row.b_at for row in self.rows]
        return max(0, bisect_right(starts, offset) - 1)


class _Run(NamedTuple):
    """A piece of one text."""

    text: str
    kind: str
    offset: int
    change: int
    """Number of the change it belongs to; -1: none."""
    is_code: bool


class _Section(NamedTuple):
    """Parts of both texts that begin and end on the same lines."""

    left: list[_Run]
    right: list[_Run]
    a_at: int
    b_at: int


def difference_rows(difference: Difference, width: int, styles: DifferenceStyles) -> DifferenceRows:
    """The rows for a width in cells. Some ten ms for each thousand words: call off the event loop."""
    return _side_by_side(difference, width, styles) if width >= SIDE_BY_SIDE else _in_one(difference, width, styles)


# Side by side


def _side_by_side(difference: Difference, width: int, styles: DifferenceStyles) -> DifferenceRows:
    room = max(10, (width - len(_BETWEEN)) // 2 - _MARGIN)
    found = DifferenceRows()
    seen = -1
    for section in _sections(difference):
        left = list(_wrapped(section.left, room, styles))
        right = list(_wrapped(section.right, room, styles))
        a_at, b_at = section.a_at, section.b_at
        for one, other in zip_longest(left, right):
            last = max(row.last_change for row in (one, other) if row is not None)
            found.changes += [len(found.rows)] * (last - seen)
            seen = max(seen, last)
            a_at, b_at = one.offset if one else a_at, other.offset if other else b_at
            pieces = [
                *_cell(one, "-", room, styles),
                (_BETWEEN, styles.rule),
                *_cell(other, "+", room, styles, is_last=True),
            ]
            found.rows.append(DifferenceRow(pieces, a_at, b_at))
    return found


def _cell(
    row: _Row | None, sign: str, room: int, styles: DifferenceStyles, *, is_last: bool = False
) -> Iterator[Piece]:
    if row is None:
        if not is_last:
            yield " " * (room + _MARGIN), styles.text
        return
    yield (f"{sign} " if row.is_changed else "  "), styles.margin
    yield from row.pieces
    if not is_last:
        yield " " * (room - sum(cells(text) for text, _ in row.pieces)), styles.text


def _sections(difference: Difference) -> Iterator[_Section]:
    left: list[_Run] = []
    right: list[_Run] = []
    a_at = b_at = 0
    change = -1
    was_same = True
    for span in difference.spans:
        a, b = difference.a[span.a_start : span.a_end], difference.b[span.b_start : span.b_end]
        if span.kind != "same":
            change += was_same
            was_same = False
            run = _Run(a or b, span.kind, span.a_start if a else span.b_start, change, span.is_code)
            (left if a else right).append(run)
            continue
        if not was_same and all(not runs or runs[-1].text.endswith("\n") for runs in (left, right)):
            yield _Section(left, right, a_at, b_at)
            left, right, a_at, b_at = [], [], span.a_start, span.b_start
        was_same = True
        a_from = b_from = 0
        for a_cut, b_cut in [*_common_ends(a, b), (len(a), len(b))]:
            left.append(_Run(a[a_from:a_cut], "same", span.a_start + a_from, -1, span.is_code))
            right.append(_Run(b[b_from:b_cut], "same", span.b_start + b_from, -1, span.is_code))
            a_from, b_from = a_cut, b_cut
            if a_cut < len(a) or b_cut < len(b) or (a.endswith("\n") and b.endswith("\n")):
                yield _Section(left, right, a_at, b_at)
                left, right, a_at, b_at = [], [], span.a_start + a_cut, span.b_start + b_cut
    if left or right:
        yield _Section(left, right, a_at, b_at)


def _common_ends(a: str, b: str) -> list[tuple[int, int]]:
    """Where both texts, equal but for their white space, begin a new line after the same word."""
    in_b = _line_ends(b)
    return [
        (at, in_b[ink]) for ink, at in _line_ends(a).items() if ink in in_b and (at < len(a) or in_b[ink] < len(b))
    ]


def _line_ends(text: str) -> dict[int, int]:
    """By the number of characters before it that are no white space: the place behind the last newline of a gap."""
    ends: dict[int, int] = {}
    ink = at = 0
    for match in re.finditer(r"\s+", text):
        ink += match.start() - at
        at = match.end()
        newline = match.group().rfind("\n")
        if newline >= 0:
            ends[ink] = match.start() + newline + 1
    return ends


# In one column


def _in_one(difference: Difference, width: int, styles: DifferenceStyles) -> DifferenceRows:
    runs: list[_Run] = []
    b_starts: list[tuple[int, int]] = []
    change = -1
    was_same = True
    for span in difference.spans:
        text = difference.b[span.b_start : span.b_end] or difference.a[span.a_start : span.a_end]
        if span.kind == "same":
            runs.append(_Run(text, "same", span.a_start, -1, span.is_code))
        else:
            change += was_same
            kept = text.rstrip() or text.rstrip("\n")
            rest = text[len(kept) :]
            marked = f"[-{kept}-]" if span.kind == "gone" else f"{{+{kept}+}}"
            runs.append(_Run((marked if kept else "") + rest, span.kind, span.a_start, change, span.is_code))
        was_same = span.kind == "same"
        b_starts.append((span.a_start, span.b_start))
    found = DifferenceRows()
    seen = -1
    places = [a for a, _ in b_starts]
    for row in _wrapped(runs, max(10, width - _MARGIN), styles):
        found.changes += [len(found.rows)] * (row.last_change - seen)
        seen = max(seen, row.last_change)
        a_start, b_start = b_starts[max(0, bisect_right(places, row.offset) - 1)] if b_starts else (0, 0)
        sign = {"": " ", "gone": "-", "new": "+"}.get(row.kinds, "\u00b1")
        found.rows.append(
            DifferenceRow([(f"{sign} ", styles.margin), *row.pieces], row.offset, b_start + row.offset - a_start)
        )
    return found


# Rows of runs


class _Row(NamedTuple):
    """One wrapped row of one text."""

    pieces: Sequence[Piece]
    offset: int
    kinds: str
    """The kind of its changes; both kinds joined by a blank; empty for none."""
    last_change: int
    """The last change that it shows something of; -1: none."""

    @property
    def is_changed(self) -> bool:
        return bool(self.kinds)


def _wrapped(runs: Sequence[_Run], room: int, styles: DifferenceStyles) -> Iterator[_Row]:
    """The rows of some runs; a newline at their end does not begin another one."""
    for line in _lines(runs):
        pieces = [_piece(run, styles) for run in line]
        starts = [0]
        for text, _ in pieces:
            starts.append(starts[-1] + len(text))
        for row in wrap_pieces(pieces, room):
            length = sum(len(text) for text, _ in row.pieces)
            first = max(0, bisect_right(starts, row.start) - 1)
            first = min(first, len(line) - 1)
            end = bisect_left(starts, row.start + max(length, 1), first)
            changed = [run for run in line[first:end] if run.change >= 0]
            yield _Row(
                row.pieces,
                line[first].offset + row.start - starts[first],
                " ".join(dict.fromkeys(run.kind for run in changed)),
                max((run.change for run in changed), default=-1),
            )


def _lines(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    """The runs cut at newlines; each line holds at least one run, which may be empty."""
    line: list[_Run] = []
    is_open = False
    for run in runs:
        offset = run.offset
        parts = run.text.split("\n")
        for number, part in enumerate(parts):
            if number:
                yield line or [run._replace(text="", offset=offset)]
                line, is_open = [], False
            if part:
                line.append(run._replace(text=part, offset=offset))
                is_open = True
            elif number < len(parts) - 1 and not line:
                line.append(run._replace(text="", offset=offset))
            offset += len(part) + 1
    if is_open:
        yield line


def _piece(run: _Run, styles: DifferenceStyles) -> Piece:
    base = {"gone": styles.gone, "new": styles.new}.get(run.kind, styles.text)
    text = expand_tabs(printable(run.text)).replace("\n", " ")
    return text, styles.code + base if run.is_code else base
