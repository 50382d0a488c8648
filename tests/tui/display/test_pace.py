"""How many frames a line gets, told with a clock of its own."""

from __future__ import annotations

import pytest

from metis_tui.tui.display.pace import FRAME_RATES, Pace


def run(pace: Pace, seconds: float, *, size: int = 500, held: float = 0.0, start: float = 0.0) -> float:
    """Frames as fast as the pace allows; each is held for so long. Gives the time at the end."""
    now = start
    while now < start + seconds:
        if held:
            pace.held(now)
            now += held
        pace.sent(size, now)
        now += pace.wait(now)
    return now


@pytest.mark.parametrize(
    ("profile", "is_remote", "rate"),
    [("auto", False, 60), ("auto", True, 15), ("fast", True, 60), ("slow", False, 8), ("slow", True, 8)],
)
def test_where_each_profile_begins(profile: str, is_remote: bool, rate: int) -> None:
    assert Pace(profile, is_remote=is_remote).frames_per_second == rate  # type: ignore[arg-type]


def test_a_line_that_holds_frames_up_gets_fewer_and_gets_them_back() -> None:
    pace = Pace("auto")
    seen = [pace.frames_per_second]
    now = 0.0
    for _ in range(6):
        now = run(pace, 1.1, held=0.2, start=now)
        seen.append(pace.frames_per_second)
    assert seen[:4] == list(FRAME_RATES)
    assert seen[-1] == FRAME_RATES[-1]
    now = run(pace, 30, start=now)
    assert pace.frames_per_second == FRAME_RATES[0]


def test_writes_that_block_count_as_held_up() -> None:
    pace = Pace("auto")
    for number in range(20):
        pace.blocked(0.09)
        pace.sent(500, number * 0.1)
    assert pace.frames_per_second < FRAME_RATES[0]


def test_many_bytes_over_a_distant_line_are_too_many() -> None:
    pace = Pace("auto", is_remote=True)
    run(pace, 5, size=5000)
    assert pace.frames_per_second == 8
    at_home = Pace("auto")
    run(at_home, 5, size=5000)
    assert at_home.frames_per_second == 60


def test_a_fast_line_is_never_slowed_and_a_slow_one_never_raised() -> None:
    fast, slow = Pace("fast"), Pace("slow")
    run(fast, 5, held=0.5)
    run(slow, 30)
    assert fast.frames_per_second == 60
    assert slow.frames_per_second == 8


def test_frames_keep_their_distance_but_not_after_a_key() -> None:
    pace = Pace("slow")
    pace.sent(100, 10.0)
    assert pace.wait(10.0) == pytest.approx(1 / 8)
    assert pace.wait(11.0) == 0
    pace.touched(10.0)
    assert pace.wait(10.0) == pytest.approx(1 / 60)
    assert pace.wait(10.02) == 0
    pace.sent(100, 10.3)
    assert pace.wait(10.3) == pytest.approx(1 / 8)


def test_the_limit_of_the_settings_holds() -> None:
    assert Pace("auto", limit=10).frames_per_second == 10
    assert Pace("slow", limit=30).frames_per_second == 8


def test_what_goes_out_is_measured() -> None:
    pace = Pace("auto")
    for number in range(10):
        pace.sent(100, 5 + number * 0.1)
    assert pace.rates(5.95) == (1000, 10)
    assert pace.rates(60) == (0, 0)
