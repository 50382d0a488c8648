"""The whole application is killed while replies stream, at random moments: twenty times, five at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crash_rounds import Crash, crash

pytestmark = pytest.mark.terminal
AT_ONCE = 5


@pytest.mark.parametrize("speed", [60, 300, 1000, 2000])
def test_a_crash_costs_at_most_a_second_of_a_reply_and_nothing_else(tmp_path: Path, speed: int) -> None:
    def one(number: int) -> Crash:
        return crash(tmp_path / str(number), random.Random(speed + number), speed=speed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one, range(AT_ONCE)))
    assert [round.lost_records for round in found] == [0] * AT_ONCE
    assert [round.recovered for round in found] == [1] * AT_ONCE
    assert max(round.lost_seconds for round in found) <= 2.0, "one second, and as much again for a busy machine"
