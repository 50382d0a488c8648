"""Tells whether a terminal shows exactly what the application means to show: every cell, text and style.

The screen is compared with itself after Ctrl+L, which paints every cell again, and with a second terminal that was
full of rubbish and received nothing but that repaint. Knows terminals and keys, nothing of the application's inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emulator import Emulator, EmulatorStream
from pyte.screens import Char
from terminal_process import KEYS, UNKNOWN_TO_PYTE, TerminalProcess

Cells = Sequence[Sequence[Char]]

REDRAW = KEYS["ctrl+l"]
ANSWER_SECONDS = 5.0
MOST_TRIES = 6
_RUBBISH = "#%~日x"
_TIME = re.compile(r"\d(?:\.\d+)?\s?(?:ms|s|m|h|d|min)\b|\d\d:\d\d|just now")


@dataclass
class Verdict:
    """What a check found."""

    wrong_cells: int = 0
    report: list[str] = field(default_factory=list)
    """The rows that differ, both ways, and the first cell of each that does."""
    is_repainted: bool = True
    """Whether Ctrl+L was answered with a repaint: some overlays may keep the key to themselves."""

    def __bool__(self) -> bool:
        """True when no cell is wrong."""
        return not self.wrong_cells


def seen(cell: Char) -> Char:
    """The cell without what the eye cannot see: the letters' style where there is no letter."""
    if cell.data in (" ", "") and not (cell.underscore or cell.strikethrough or cell.reverse):
        return Char(cell.data, bg=cell.bg)
    return cell


def differences(before: Cells, after: Cells) -> list[tuple[int, int]]:
    """Row and column of every cell that looks different."""
    if [len(row) for row in before] != [len(row) for row in after]:
        raise ValueError("the screens differ in size")
    return [
        (y, x)
        for y, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
        for x, (one, other) in enumerate(zip(old, new, strict=True))
        if seen(one) != seen(other)
    ]


def described(name: str, before: Cells, after: Cells, found: list[tuple[int, int]]) -> list[str]:
    """The rows that differ, for people."""
    lines = []
    for y in sorted({row for row, _ in found}):
        columns = [x for row, x in found if row == y]
        x = columns[0]
        lines += [
            f"{name}: row {y + 1}, {len(columns)} cells from column {x + 1} to {columns[-1] + 1}",
            f"  shown   |{text_of(before[y])}|",
            f"  meant   |{text_of(after[y])}|",
            f"  first: {_told(before[y][x])} instead of {_told(after[y][x])}",
        ]
    return lines


def cells_of(screen: Emulator) -> Cells:
    return [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]


def text_of(row: Sequence[Char]) -> str:
    return "".join(cell.data for cell in row)


def _told(cell: Char) -> str:
    marks = [name for name, value in zip(cell._fields[3:], cell[3:], strict=True) if value]
    return f"{cell.data!r} {cell.fg} on {cell.bg} {' '.join(marks)}".rstrip()


def is_clock(before: Sequence[Char], after: Sequence[Char]) -> bool:
    """Whether two rows tell the same but for the time in them."""
    old, new = text_of(before), text_of(after)
    if not (_TIME.search(old) and _TIME.search(new)):
        return False
    if _without_numbers(old) != _without_numbers(new):
        return False
    return {seen(cell)[1:] for cell in before} == {seen(cell)[1:] for cell in after}


def _without_numbers(text: str) -> str:
    """A longer number takes its room from the blanks or the line beside it."""
    text = text.replace("just now", "0 s ago")
    return re.sub(r"\d+", "0", re.sub(r"([ ─])\1+", r"\1", text)).rstrip()


def rubbish(like: Emulator) -> Emulator:
    """A terminal of the same kind on which others have scribbled: cells, pen and scroll region."""
    screen = Emulator(like.columns, like.lines, is_erasing_in_colour=like.is_erasing_in_colour)
    EmulatorStream(screen).feed(scribble(like.columns, like.lines))
    screen.mode = set(like.mode)
    return screen


def scribble(columns: int, rows: int) -> bytes:
    """What fills a terminal with rubbish and leaves it with an odd pen and an odd scroll region."""
    lines = [(_RUBBISH * columns)[y % len(_RUBBISH) :][: columns - 2 - columns // 5] for y in range(rows)]
    drawn = "".join(f"\x1b[{y}H\x1b[1;4;7;35;46m{line}\x1b[K" for y, line in enumerate(lines, 1))
    return f"{drawn}\x1b[2;{rows - 1}r\x1b[3;3H".encode()


def _is_rubbish(cell: Char) -> bool:
    return cell.bg == "cyan"


def check(
    window: TerminalProcess,
    *,
    quiet_seconds: float = 0.2,
    before_looking: Callable[[], object] = lambda: None,
    is_alone: bool = True,
    look: Callable[[], Cells] | None = None,
) -> Verdict:
    """Waits until the screen is quiet, has it repainted and compares.

    `before_looking` runs before each look at the screen. With `is_alone` false there is another program between
    the application and the terminal, whose output is no repaint of ours: there is no second terminal then. `look`
    gives the cells as that program has them, when it can tell; else those of the outer terminal are taken.
    """
    verdict = Verdict()
    for _ in range(MOST_TRIES):
        verdict, is_certain = _check_once(window, quiet_seconds, before_looking, is_alone, look or window.cells)
        if is_certain:
            break
    return verdict


def _check_once(
    window: TerminalProcess,
    quiet_seconds: float,
    before_looking: Callable[[], object],
    is_alone: bool,
    look: Callable[[], Cells],
) -> tuple[Verdict, bool]:
    """The verdict, and whether it is one: false when only the time in a row went on meanwhile."""
    before_looking()
    window.settle(quiet_seconds)
    before, start = look(), len(window.received)
    window.send(REDRAW)
    window.wait_for_more(start, ANSWER_SECONDS)
    before_looking()
    window.settle(quiet_seconds)
    after, repaint = look(), bytes(window.received[start:])
    found = differences(before, after)
    rows = {y for y, _ in found}
    if rows and all(is_clock(before[y], after[y]) for y in rows):
        return Verdict(), False
    verdict = Verdict(len(found), described("after the journey", before, after, found))
    if is_alone:
        fresh = rubbish(window.screen)
        EmulatorStream(fresh).feed(UNKNOWN_TO_PYTE.sub(b"", repaint))
        other = cells_of(fresh)
        if sum(any(map(_is_rubbish, row)) for row in other) > len(other) / 2:
            verdict.is_repainted = False
            return verdict, True
        left = differences(other, after)
        verdict.wrong_cells += len(left)
        verdict.report += described("on a terminal full of rubbish", other, after, left)
    return verdict, True
