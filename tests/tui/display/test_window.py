"""How much is under way to a distant terminal, on simulated lines."""

from __future__ import annotations

from collections import deque

import pytest

from metis_tui.tui.display.window import Window


class SimulatedLine:
    """Carries so many bytes a second, with a delay each way and a buffer without end."""

    def __init__(self, bytes_per_second: float, round_trip: float) -> None:
        self._rate, self._delay = bytes_per_second, round_trip / 2
        self._free_at = 0.0
        self.drawn: deque[float] = deque()
        """When each frame is drawn."""
        self.answers: deque[float] = deque()

    def send(self, size: int, now: float, *, asks: bool) -> None:
        self._free_at = max(now, self._free_at) + size / self._rate
        self.drawn.append(self._free_at + self._delay)
        if asks:
            self.answers.append(self._free_at + 2 * self._delay)


def stream(window: Window, line: SimulatedLine, *, seconds: float, size: int, rate: float) -> list[float]:
    """Frames of one size as often as allowed; gives how old each is when it is drawn."""
    ages, now = [], 0.0
    while now < seconds:
        while line.answers and line.answers[0] <= now:
            window.answered(line.answers.popleft())
        if window.is_open(now):
            asks = window.sent(size, now)
            line.send(size, now, asks=asks)
            ages.append(line.drawn[-1] - now)
        now += 1 / rate
    return ages


@pytest.mark.parametrize(("size", "rate"), [(600, 15), (2_500, 30), (5_000, 60)])
def test_a_narrow_line_never_falls_far_behind(size: int, rate: float) -> None:
    """20 KB/s and 200 ms: held-down PgUp makes pages faster than that; without the window they would pile up."""
    ages = stream(Window(is_used=True), SimulatedLine(20_000, 0.2), seconds=20, size=size, rate=rate)
    assert max(ages) <= 1.0
    assert max(ages[len(ages) // 2 :]) <= 0.75


def test_a_wide_line_with_a_long_way_is_used() -> None:
    ages = stream(Window(is_used=True), SimulatedLine(2_000_000, 0.2), seconds=20, size=2_000, rate=30)
    assert len(ages) > 500
    assert max(ages) < 0.2


def test_an_unused_window_asks_nothing_and_holds_nothing() -> None:
    window = Window(is_used=False)
    assert not any(window.sent(5_000, n) for n in range(100))
    assert window.is_open(100)
    assert window.under_way == 0


def test_a_terminal_that_never_answers_is_not_asked_for_ever_and_holds_up_little() -> None:
    window = Window(is_used=True)
    questions = held = 0
    for number in range(1000):
        now = number * 0.1
        if window.is_open(now):
            questions += window.sent(2_000, now)
        else:
            held += 1
    assert questions == 3
    assert held * 0.1 < 4.5


def test_a_line_that_hangs_gets_little_and_goes_on_when_it_answers() -> None:
    window = Window(is_used=True)
    window.sent(1_500, 0.0)
    window.answered(0.1)
    sent = 0
    for number in range(600):  # a minute
        now = 1 + number * 0.1
        if window.is_open(now):
            window.sent(1_500, now)
            sent += 1_500
    assert sent < 50_000
    window.answered(62.0)
    window.answered(62.0)
    assert window.round_trip is not None


def test_a_new_terminal_owes_nothing() -> None:
    window = Window(is_used=True)
    window.sent(1_500, 0.0)
    window.answered(0.1)
    while window.is_open(1.0):
        window.sent(1_500, 1.0)
    assert window.is_waiting
    window.reset()
    assert window.is_open(1.0)
    assert not window.is_waiting


def test_an_answer_nobody_asked_for_does_no_harm() -> None:
    window = Window(is_used=True)
    window.answered(1.0)
    assert window.is_open(1.0)
    assert window.under_way == 0
