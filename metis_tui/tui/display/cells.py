"""Rows of cells: one character and one pen a cell, whatever the text is made of.

A row is two strings as long as the terminal is wide, so that rows compare and hash at the speed of strings. What is
more than one code point (accents, emoji sequences) goes by an alias; a wide character is followed by a cell of its
own. Nothing but printable characters gets into a row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment

from metis_tui.tui.display.pens import UNKNOWN_PEN, Pens

BLANK = " "
CONTINUED = "\x00"
"""The second cell of a wide character."""
UNKNOWN = "\x01"
"""A cell of which nobody knows what the terminal shows there."""
FIRST_ALIAS = 0x100000
"""Aliases are code points of the last private plane; such characters in a text get an alias themselves."""
_LAST_ALIAS = 0x10FFFD
_LONGEST_CLUSTER = 12
"""Code points; what goes on longer is cut: a flood of accents is no character."""
_JOINERS = ("\u200c", "\u200d")

SIMPLE = (
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u0482\u2010-\u2027\u2030-\u205e\u2190-\u2193"
    "\u2200-\u22ff\u2500-\u25fc\u2800-\u28ff]"
)
"""Characters that every terminal draws in one cell."""
SURELY_WIDE = (
    "[\u1100-\u115f\u2e80-\u2e99\u2e9b-\u2ef3\u3001-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u30ff\u3105-\u312f"
    "\u3131-\u3163\u3165-\u318e\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]"
)
"""Characters that every terminal draws in two."""
_is_simple = re.compile(f"{SIMPLE}*").fullmatch
_is_surely_wide = re.compile(SURELY_WIDE).fullmatch


class Row(NamedTuple):
    """`text` and `pens` are equally long: a character a cell."""

    text: str
    pens: str


class TooManyClusters(Exception):
    """The table of aliases is full; whoever keeps rows with aliases must forget them and begin a new table."""


def unknown_row(width: int) -> Row:
    return Row(UNKNOWN * width, UNKNOWN_PEN * width)


class Clusters:
    """Aliases for what is more than one code point, or whose width terminals do not agree on."""

    def __init__(self) -> None:
        self._aliases: dict[str, str] = {}
        self._texts: list[str] = []

    def alias(self, cluster: str) -> str:
        """One code point that stands for the cluster. Raises TooManyClusters."""
        found = self._aliases.get(cluster)
        if found is None:
            if FIRST_ALIAS + len(self._texts) > _LAST_ALIAS:
                raise TooManyClusters
            found = self._aliases[cluster] = chr(FIRST_ALIAS + len(self._texts))
            self._texts.append(cluster)
        return found

    def text(self, alias: str) -> str:
        return self._texts[ord(alias) - FIRST_ALIAS]


def is_alias(character: str) -> bool:
    return character >= "\U00100000"


def reach(cluster: str) -> int:
    """The most cells that a terminal may draw a cluster in: one that joins nothing draws each part, and wide."""
    return max(1, sum(map(_most_cells, cluster)))


def _most_cells(character: str) -> int:
    if _is_simple(character) or character == "\ufe0f":  # the latter makes some symbols wide
        return 1
    return 2 if _size(character) else 0


def row_part(segments: Iterable[Segment], width: int, pens: Pens, clusters: Clusters) -> Row:
    """Segments as exactly `width` cells.

    Raises:
        TooManyPens, TooManyClusters: the tables are full.
    """
    text: list[str] = []
    drawn_with: list[str] = []
    for content, style, _ in segments:
        pen = pens.of(style)
        cells = content if _is_simple(content) else "".join(_cells(content, clusters))
        text.append(cells)
        drawn_with.append(pen * len(cells))
    row = Row("".join(text), "".join(drawn_with))
    return row if len(row.text) == width else _fitted(row, width)


def spliced(row: Row, x: int, part: Row) -> Row:
    """The row with a part of it exchanged; halves of wide characters that are left over are blanks."""
    end = x + len(part.text)
    left, right = row.text[:x], row.text[end:]
    if row.text[x] == CONTINUED:
        start = len(left.rstrip(CONTINUED)) - 1
        left = left[:start] + BLANK * (x - start)
    if right.startswith(CONTINUED):
        rest = right.lstrip(CONTINUED)
        right = BLANK * (len(right) - len(rest)) + rest
    return Row(left + part.text + right, row.pens[:x] + part.pens + row.pens[end:])


def _fitted(row: Row, width: int) -> Row:
    """Cut or filled up; half a wide character is a blank."""
    text, pens = row.text[:width], row.pens[:width]
    if len(row.text) > width > 0 and row.text[width] == CONTINUED:
        start = len(text.rstrip(CONTINUED)) - 1
        text = text[:start] + BLANK * (width - start)
    missing = width - len(text)
    return Row(text + BLANK * missing, pens + (pens[-1:] or "\x01") * missing)


def _cells(content: str, clusters: Clusters) -> Iterable[str]:
    """Each cluster as one character, followed by the mark for its further cells."""
    for cluster in _clusters(content):
        if _is_simple(cluster):
            yield cluster
        elif _is_surely_wide(cluster):
            yield cluster + CONTINUED
        else:
            width = cell_len(cluster)
            if width:
                yield clusters.alias(cluster[:_LONGEST_CLUSTER])
                yield from repeat(CONTINUED, width - 1)


def _clusters(content: str) -> Iterable[str]:
    """A character together with what is drawn over it or joined to it; what cannot be shown is left out."""
    cluster = ""
    is_joined = False
    for character in content:
        if not is_shown(character):
            continue
        if cluster and (is_joined or _size(character) == 0 or (_is_flag(character) and _is_flag(cluster))):
            cluster += character
        else:
            if cluster:
                yield cluster
            cluster = character if _size(character) else ""
        is_joined = character == "\u200d"
    if cluster:
        yield cluster


def _is_flag(text: str) -> bool:
    """Two regional indicators are a flag."""
    return len(text) == 1 and "\U0001f1e6" <= text <= "\U0001f1ff"


def is_shown(character: str) -> bool:
    """Whether a character may go to a terminal: no control, no bidirectional override, no line separator."""
    if character.isprintable() or character in _JOINERS:
        return True
    return unicodedata.category(character) in ("Zs", "Co", "Cn")


def _size(character: str) -> int:
    return get_character_cell_size(character)
