"""Writes the difference between two screens of cells in few bytes. Pure: rows in, text for a terminal out.

Only absolute cursor moves are used: on a terminal smaller than it said they are cut, while relative ones would
go astray. Rows are moved by line feeds and reverse line feeds at the edges of a scroll region, which is all that
every terminal, console and multiplexer does alike; for the few rows of a frame this is also the shortest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from metis_tui.tui.display.cells import BLANK, CONTINUED, Clusters, Row, is_alias, reach
from metis_tui.tui.display.pens import DEFAULT_PEN, Pens
from metis_tui.tui.display.scrolling import Scroll

SANE = "\x1b[m\x1b[r\x1b[?6l\x1b[4l\x1b(B\x0f\x1b[?7l"
"""Colours, margins, origin, insert mode, letters and wrapping as this module needs them, whatever others left."""
_LONGEST_GAP = 4
"""Cells that are cheaper to write again than to jump over."""
_SHORTEST_ERASE_TO_END = 4
_SHORTEST_ERASE = 12
_same_pen = re.compile(r"(.)\1*", re.S).finditer
_is_uneasy = re.compile("[\x00\U00100000-\U0010ffff]").search
_blanks = re.compile(f"{BLANK}{{{_SHORTEST_ERASE_TO_END},}}").finditer


class Painter:
    """One update. Knows where the cursor is (None: nobody does) and which pen is in use."""

    def __init__(
        self,
        pens: Pens,
        clusters: Clusters,
        size: tuple[int, int],
        *,
        cursor: tuple[int, int] | None,
        fills_background: bool,
    ) -> None:
        """Args: size: columns, rows; cursor: column, row; fills_background: erased cells get the pen's background."""
        self._pens, self._clusters = pens, clusters
        self._width, self._height = size
        self._cursor = cursor
        self._pen = DEFAULT_PEN
        self._fills_background = fills_background
        self._out: list[str] = []

    @property
    def text(self) -> str:
        """What has been written so far."""
        return "".join(self._out)

    @property
    def cursor(self) -> tuple[int, int] | None:
        return self._cursor

    def heal(self) -> None:
        """Brings a terminal of which nothing is known into a state that is known."""
        self._out.append(SANE)
        self._pen, self._cursor = DEFAULT_PEN, None

    def finish(self, cursor: tuple[int, int]) -> None:
        """Leaves the default pen, for whoever writes next, and the cursor where it is wanted (column, row)."""
        self._use(DEFAULT_PEN)
        self._go(*cursor)

    def scroll(self, scroll: Scroll) -> None:
        """Moves rows; those uncovered are blank, in the default pen."""
        self._use(DEFAULT_PEN)
        is_part = (scroll.first, scroll.last) != (0, self._height - 1)
        if is_part:
            self._out.append(f"\x1b[{scroll.first + 1};{scroll.last + 1}r")
            self._cursor = None  # most terminals take it home now, not all
        if scroll.rows > 0:
            self._go(0, scroll.last)
            self._out.append("\n" * scroll.rows)
        else:
            self._go(0, scroll.first)
            self._out.append("\x1bM" * -scroll.rows)
        if is_part:
            self._out.append("\x1b[r")
            self._cursor = None

    def row(self, y: int, old: Row, new: Row) -> None:
        """Writes the cells of a row that differ."""
        for start, end in self._spans(old, new):
            self._write(y, start, end, new)

    # --- which cells ------------------------------------------------------------------------------

    def _spans(self, old: Row, new: Row) -> Iterator[tuple[int, int]]:
        """[start, end) of what must be written, in order; whole characters, of the old row too."""
        pending: tuple[int, int] | None = None
        for start, end in _differences(old, new):
            start, end = self._whole(start, end, old, new)
            if pending is None:
                pending = start, end
            elif start - pending[1] <= _LONGEST_GAP and self._is_one_pen(new, pending[1], start):
                pending = pending[0], max(end, pending[1])
            else:
                yield pending
                pending = start, end
        if pending is not None:
            yield pending

    def _whole(self, start: int, end: int, old: Row, new: Row) -> tuple[int, int]:
        """Widened to whole characters, and over what a character of unsure width may have drawn on."""
        while start > 0 and CONTINUED in (new.text[start], old.text[start]):
            start -= 1
        place = start
        while place < end or (place < self._width and CONTINUED in (new.text[place], old.text[place])):
            character = new.text[place]
            if is_alias(character):
                end = max(end, min(self._width, place + reach(self._clusters.text(character))))
            place += 1
            end = max(end, place)
        return start, end

    @staticmethod
    def _is_one_pen(row: Row, start: int, end: int) -> bool:
        """Whether writing [start, end) takes no other pen than the cell before, and only plain characters."""
        text = row.text[start:end]
        return text.isascii() and CONTINUED not in text and row.pens[start:end] == row.pens[start - 1] * (end - start)

    # --- writing ----------------------------------------------------------------------------------

    def _write(self, y: int, start: int, end: int, row: Row) -> None:
        for match in _same_pen(row.pens, start, end):
            first, last = match.span()
            pen = match[1]
            if _is_uneasy(row.text, first, last):
                self._write_uneasy(y, first, last, row.text, pen)
            else:
                self._write_plain(y, first, last, row.text, pen)

    def _write_plain(self, y: int, start: int, end: int, text: str, pen: str) -> None:
        if self._pens.can_erase(pen, fills_background=self._fills_background):
            for match in _blanks(text, start, end):
                first, last = match.span()
                is_rest = last == self._width
                if not is_rest and last - first < _SHORTEST_ERASE:
                    continue
                self._put(y, start, text[start:first], pen)
                self._go(first, y)
                self._use(pen)
                self._out.append("\x1b[K" if is_rest else f"\x1b[{last - first}X")
                start = last
        self._put(y, start, text[start:end], pen)

    def _write_uneasy(self, y: int, start: int, end: int, text: str, pen: str) -> None:
        """Characters of two cells or of a width that terminals do not agree on."""
        place = start
        while place < end:
            after = place + 1
            while after < self._width and text[after] == CONTINUED:
                after += 1
            character = text[place]
            if not is_alias(character):
                self._put(y, place, character, pen, after - place)
            else:
                self._put_unsure(y, place, after - place, self._clusters.text(character), pen)
            place = after

    def _put_unsure(self, y: int, x: int, width: int, cluster: str, pen: str) -> None:
        """Its cells are blanked first, and what follows gets a place of its own, however wide it is drawn."""
        self._put(y, x, BLANK * width, pen)
        if x + reach(cluster) > self._width:  # nothing is written behind it that could mend what it spoils
            cluster = cluster[:1]
        self._go(x, y)
        self._out.append(cluster)
        self._cursor = None if self._cursor is None else (-1, y)

    def _put(self, y: int, x: int, text: str, pen: str, width: int | None = None) -> None:
        if not text:
            return
        self._go(x, y)
        self._use(pen)
        self._out.append(text)
        x += len(text) if width is None else width
        # Behind the last cell terminals differ in where the cursor is.
        self._cursor = (x, y) if x < self._width else (-1, y)

    def _use(self, pen: str) -> None:
        if pen != self._pen:
            self._out.append(self._pens.change(self._pen, pen))
            self._pen = pen

    def _go(self, x: int, y: int) -> None:
        if self._cursor == (x, y):
            return
        if self._cursor is not None and self._cursor[1] == y:
            self._out.append(f"\x1b[{x + 1}G" if x else "\r")
        elif x:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")
        else:
            self._out.append(f"\x1b[{y + 1}H" if y else "\x1b[H")
        self._cursor = (x, y)


def _differences(old: Row, new: Row) -> Iterator[tuple[int, int]]:
    """Runs of cells that differ."""
    start = None
    for x, (a, b, c, d) in enumerate(zip(old.text, new.text, old.pens, new.pens, strict=True)):
        if a != b or c != d:
            if start is None:
                start = x
        elif start is not None:
            yield start, x
            start = None
    if start is not None:
        yield start, len(new.text)
