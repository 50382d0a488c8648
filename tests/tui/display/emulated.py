"""An emulated terminal for the display's tests, and what its cells should be by Rich's and Textual's own account."""

from __future__ import annotations

from collections.abc import Sequence

import pyte
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Screen = list[Strip]
Cells = list[list[tuple[object, ...]]]

JUNK = "\x1b[31;44;1mjunk\x1b[2;5r\x1b[4h\x1b[10;10Hmore \x1b[7mjunk\x1b[?7h"
"""What others may leave: colours, margins, insert mode, wrapping."""

STYLES = [
    None,
    Style(color="#ff0000"),
    Style(bgcolor="#102030"),
    Style(color="#ff0000", bgcolor="#102030"),
    Style(color="#00ff00", bgcolor="#102030", bold=True),
    Style(color="red", bgcolor="bright_blue", italic=True),
    Style(color="color(99)", underline=True),
    Style(reverse=True),
    Style(bgcolor="#203040", strike=True, bold=True),
    Style(meta={"@click": "somewhere"}, bgcolor="#102030"),
    Style(link="https://example.org/a", color="#ff0000"),
    Style(link="https://example.org/b", color="#ff0000"),
]
SURE = "  abcxyz.-│─●…äé漢字かなハ한"
UNSURE = [
    *"👍🏽⚠✅☎𝄞",
    "👩‍👩‍👧‍👦",
    "⚠️",
    "e\u0301",
    "ne\u0308\u0323",
    "🇩🇪",
    "\U00100000",
    "\x1b",
    "\u202e",
    "\t",
    "\x07",
    "\u200b",
]


class Emulated:
    """pyte, the way a terminal is under Textual: no wrapping at the right edge."""

    def __init__(self, columns: int, rows: int, junk: str = "") -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.feed("\x1b[?7l" + junk)

    def feed(self, text: str) -> None:
        self.stream.feed(text)

    def cells(self) -> Cells:
        buffer, screen = self.screen.buffer, self.screen
        return [[_cell(buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _cell(char: pyte.screens.Char) -> tuple[object, ...]:
    marks = (char.bold, char.italics, char.underscore, char.strikethrough, char.reverse)
    return (char.data, char.fg, char.bg, *marks)


def drawn_by_textual(screen: Screen, columns: int) -> Cells:
    """The cells when every row is written whole, the way Textual does it."""
    emulated = Emulated(columns, len(screen))
    for y, strip in enumerate(screen):
        text = "".join(
            segment.style.render(segment.text) if segment.style else segment.text for segment in strip if segment.text
        )
        emulated.feed(f"\x1b[{y + 1};1H{text}\x1b[0m")
    return emulated.cells()


def strips(columns: int, *, is_sure: bool = True) -> st.SearchStrategy[Strip]:
    """Rows of styled text exactly `columns` cells wide."""
    letters = st.sampled_from(SURE) if is_sure else st.one_of(st.sampled_from(SURE), st.sampled_from(UNSURE))
    texts = st.one_of(st.lists(letters, max_size=12).map("".join), st.integers(1, columns).map(lambda n: " " * n))
    segments = st.tuples(texts, st.sampled_from(STYLES)).map(lambda some: Segment(*some))
    return st.lists(segments, max_size=6).map(
        lambda some: Strip(some).adjust_cell_length(columns, some[-1].style if some else None)
    )


def changed(old: Sequence[Strip], columns: int, *, is_sure: bool = True) -> st.SearchStrategy[Screen]:
    """What may come after a screen: rows that moved up or down, all or some, and rows that are new."""
    height = len(old)

    def moved(first: int, last: int, by: int, new: list[Strip]) -> Screen:
        first, last = min(first, last), max(first, last)
        middle = list(old[first : last + 1])
        count = min(abs(by), len(middle))
        filler = new[:count] + [Strip.blank(columns)] * (count - len(new))
        middle = middle[count:] + filler if by > 0 else filler + middle[: len(middle) - count]
        return [*old[:first], *middle, *old[last + 1 :]]

    rows = st.integers(0, height - 1)
    fresh = st.lists(strips(columns, is_sure=is_sure), max_size=4)
    exchanged = st.tuples(rows, strips(columns, is_sure=is_sure)).map(
        lambda some: [*old[: some[0]], some[1], *old[some[0] + 1 :]]
    )
    whole = st.lists(strips(columns, is_sure=is_sure), min_size=height, max_size=height)
    return st.one_of(st.builds(moved, rows, rows, st.integers(-height, height), fresh), exchanged, whole)
