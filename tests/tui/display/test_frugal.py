"""The frugal display between Textual's updates and a line that takes its time; scheduling by a clock of the test."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import count

import pytest
from emulated import Emulated
from rich.color import ColorSystem
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from metis_tui.tui.display.frugal import FrugalDisplay
from metis_tui.tui.display.window import QUESTION

COLUMNS, ROWS = 20, 4
REMOTE = {"SSH_CONNECTION": "a", "TERM": "xterm-256color"}


class Wakeup:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class Line:
    """A terminal at the end of a line that takes frames when the test says so, and a clock."""

    def __init__(self, environment: Mapping[str, str] = REMOTE, **options: object) -> None:
        self.now = 100.0
        self.frames: list[str] = []
        self.faults: list[Exception] = []
        self.is_free = True
        self.backlog = 0
        self.emulated = Emulated(COLUMNS, ROWS)
        self._calls: list[tuple[float, int, Wakeup]] = []
        self._numbers = count()
        self.display = FrugalDisplay(
            self._write,
            lambda: self.backlog,
            self._call_later,
            self.faults.append,
            environment=environment,
            clock=lambda: self.now,
            **options,  # type: ignore[arg-type]
        )

    def _write(self, text: str) -> None:
        self.frames.append(text)
        self.emulated.feed(text.replace(QUESTION, ""))
        if not self.is_free:
            self.backlog += len(text)

    def _call_later(self, seconds: float, call: Callable[[], None]) -> Wakeup:
        wakeup = Wakeup(call)
        heapq.heappush(self._calls, (self.now + seconds, next(self._numbers), wakeup))
        return wakeup

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._calls and self._calls[0][0] <= end:
            self.now, _, wakeup = heapq.heappop(self._calls)
            if wakeup.call is not None:
                wakeup.call()
        self.now = end

    def free(self) -> None:
        self.is_free, self.backlog = True, 0
        self.display.written(0.0)

    def show(self, *rows: str) -> bool:
        strips = [[Strip([Segment(row)]).adjust_cell_length(COLUMNS)] for row in rows]
        strips += [[Strip.blank(COLUMNS)] for _ in range(ROWS - len(rows))]
        return self.take(LayoutUpdate(strips, Region(0, 0, COLUMNS, ROWS)))  # type: ignore[arg-type]

    def take(self, update: object) -> bool:
        return self.display.take(update, (0, 0), ColorSystem.TRUECOLOR)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.emulated.screen.display]


def piece(y: int, x: int, text: str) -> ChopsUpdate:
    """A partial update as Textual's compositor makes it: [x, x + len(text)) of row y is a widget's."""
    cuts = [[0, COLUMNS] for _ in range(ROWS)]
    cuts[y] = sorted({0, x, x + len(text), COLUMNS})
    chops: list[dict[int, Strip | None]] = [dict.fromkeys(cut[:-1]) for cut in cuts]
    chops[y][x] = Strip([Segment(text)], len(text))
    return ChopsUpdate(chops, [(y, x, x + len(text))], [cut[1:] for cut in cuts])


def test_a_whole_update_and_pieces() -> None:
    line = Line()
    assert line.show("one", "two")
    line.run(1)
    assert line.take(piece(1, 4, "more"))
    line.run(1)
    assert line.lines[:2] == ["one", "two more"]
    assert len(line.frames[1]) < 25


def test_updates_between_two_frames_are_one_frame() -> None:
    line = Line()
    for number in range(10):
        line.show(f"number {number}")
    line.run(1)
    assert len(line.frames) == 2
    assert line.lines[0] == "number 9"


def test_under_backlog_frames_are_skipped_and_the_newest_is_shown() -> None:
    line = Line()
    line.show("start")
    line.run(1)
    line.is_free = False
    line.show("this one is stuck")
    for number in range(50):
        line.show(f"number {number}")
        line.run(0.1)
    assert len(line.frames) == 2
    assert line.display.facts().is_held
    line.free()
    line.run(1)
    assert len(line.frames) == 3
    assert line.lines[0] == "number 49"
    assert not line.display.facts().is_held


def test_a_line_that_hangs_gets_fewer_frames_a_second() -> None:
    line = Line()
    for number in range(6):
        line.is_free = False
        line.show(f"number {number}")
        line.run(0.3)
        line.show(f"more {number}")
        line.run(0.7)
        line.free()
        line.run(0.1)
    assert line.display.facts().most_frames_per_second < 15


def test_what_a_key_does_is_shown_at_once() -> None:
    line = Line(profile="slow")
    line.show("a")
    line.run(0.03)
    line.display.touched()
    line.show("ab")
    line.run(0.001)
    assert line.lines[0] == "ab"
    line.run(0.2)
    line.show("abc")
    line.show("abcd")
    line.run(0.02)
    assert line.lines[0] == "abc"  # without a key it waits for its turn


def test_what_is_under_way_is_told_and_waited_for() -> None:
    line = Line()
    for number in range(300):
        line.show(*(f"{number} {row} {'x' * (number % 7)} words" for row in range(ROWS)))
        line.run(0.1)
        if line.frames[-1].endswith(QUESTION) and number < 100:
            line.display.answered(line.now)
    facts = line.display.facts()
    assert facts.is_held
    assert facts.backlog_bytes >= 8_000
    assert facts.round_trip_seconds is not None
    frames = len(line.frames)
    while line.display.window.is_waiting:
        line.display.answered(line.now)
    assert len(line.frames) == frames + 1
    assert line.lines[0].startswith("299 0")


def test_at_home_nothing_is_asked() -> None:
    line = Line({"TERM": "xterm-256color"})
    for number in range(100):
        line.show(f"{number} " * 5, f"{number} " * 6)
        line.run(0.1)
    assert not any(QUESTION in frame for frame in line.frames)


def test_what_draws_more_than_text_is_left_to_others() -> None:
    line = Line()
    line.show("text")
    line.run(1)
    picture = [[Strip([Control.home().segment])] for _ in range(ROWS)]
    assert not line.take(LayoutUpdate(picture, Region(0, 0, COLUMNS, ROWS)))  # type: ignore[arg-type]
    assert not line.display.is_drawing
    assert not line.take(piece(0, 0, "piece"))
    line.emulated.feed("\x1b[1;1Ha picture")
    assert line.show("text again")
    line.run(1)
    assert line.display.is_drawing
    assert line.lines[0] == "text again"


@pytest.mark.parametrize("other", ["no update", LayoutUpdate([], Region(3, 3, 5, 5))])
def test_what_is_no_update_of_the_screen_is_left_to_others(other: object) -> None:
    line = Line()
    line.show("text")
    assert not line.take(other)


def test_another_size_begins_anew() -> None:
    line = Line()
    line.show("text")
    line.run(1)
    assert not line.take(ChopsUpdate([{0: None}], [(0, 0, 5)], [[5]]))
    small = [[Strip([Segment("tiny!")], 5)]]
    assert line.take(LayoutUpdate(small, Region(0, 0, 5, 1)))  # type: ignore[arg-type]
    line.run(1)
    assert line.lines[0].startswith("tiny!")


def test_while_others_have_the_terminal_nothing_is_written() -> None:
    line = Line()
    line.show("before")
    line.run(1)
    line.display.leave()
    line.show("meanwhile")
    line.run(5)
    assert len(line.frames) == 1
    line.emulated.feed("\x1b[2J\x1b[1;1Hthe editor's")
    line.display.come_back()
    line.display.show()
    line.run(1)
    assert line.lines[0] == "meanwhile"


def test_long_frames_are_shown_at_once_where_the_terminal_can() -> None:
    line = Line()
    line.display.is_sync_available = True
    colours = [Strip([Segment("x", Style(color=f"color({n})")) for n in range(COLUMNS)], COLUMNS)]
    line.take(LayoutUpdate([colours] * ROWS, Region(0, 0, COLUMNS, ROWS)))  # type: ignore[arg-type]
    line.run(1)
    line.show("one word")
    line.take(piece(1, 0, "x"))
    line.run(1)
    assert line.frames[0].startswith("\x1b[?2026h")
    assert line.frames[0].removesuffix(QUESTION).endswith("\x1b[?2026l")
    assert "2026" not in line.frames[-1]


def test_too_many_styles_begin_anew() -> None:
    line = Line()
    line.show("text")
    line.run(1)
    assert line.display._copy is not None
    line.display._copy._pens._pens += [None] * 30_000
    strips = [[Strip([Segment("x", Style(bold=True))]).adjust_cell_length(COLUMNS)] for _ in range(ROWS)]
    assert line.take(LayoutUpdate(strips, Region(0, 0, COLUMNS, ROWS)))  # type: ignore[arg-type]
    line.run(1)
    assert line.lines == ["x"] * ROWS


class Faulty(Strip):
    """Stands for a fault of the display: it cannot be read."""

    def __iter__(self) -> object:  # type: ignore[override]
        raise RuntimeError("cannot be read")


def test_a_fault_is_told_and_costs_nothing_else() -> None:
    line = Line()
    line.show("text")
    line.run(1)
    faulty = [[Faulty([Segment("x")], COLUMNS)] for _ in range(ROWS)]
    assert not line.take(LayoutUpdate(faulty, Region(0, 0, COLUMNS, ROWS)))  # type: ignore[arg-type]
    assert not line.display.is_drawing
    assert [str(fault) for fault in line.faults] == ["cannot be read"]
