"""The whole application is killed while a fast reply streams, at random moments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from crash_rounds import crash

pytestmark = pytest.mark.terminal


@pytest.mark.parametrize("number", range(3))
def test_a_crash_costs_at_most_a_second_of_a_reply_and_nothing_else(tmp_path: Path, number: int) -> None:
    found = crash(tmp_path, random.Random(number))
    assert found.lost_records == 0
    assert found.recovered == 1
    assert found.lost_seconds <= 2.0, "one second, and as much again for a busy machine"
