"""The line that tells how far a matrix is, and the measures below it, at any width."""

from __future__ import annotations

import pytest

from metis_tui.chat.conversation import ChatMessage, Timing, Usage
from metis_tui.chat.errors import RateLimited
from metis_tui.chat.fair_timing import ModelReplies
from metis_tui.chat.matrix_run import MatrixProgress
from metis_tui.cli.matrix_progress import clock, in_one_line
from metis_tui.cli.measure_table import measure_table

HELD = {"gpt-oss-120b@metis": (23.4, RateLimited("tokens"))}


def test_everything_where_there_is_room() -> None:
    line = in_one_line(MatrixProgress(300, 150, 2, 3, HELD), 75.0, 160)
    assert line == (
        "[############............] 150/300, 2 failed, gpt-oss-120b@metis: rate limit reached, on in 0:23, "
        "1:15 left, 2.0/s, 3 under way"
    )


@pytest.mark.parametrize("width", [20, 39, 79, 200])
def test_it_fits(width: int) -> None:
    for finished in (0, 1, 299, 300):
        line = in_one_line(MatrixProgress(300, finished, 0, 3, HELD), 60.0, width)
        assert len(line) <= width
        assert f"{finished}/300" in line


def test_the_time_left_is_never_less_than_a_wait() -> None:
    assert "0:23 left" in in_one_line(MatrixProgress(10, 9, 0, 1, HELD), 9.0, 200)


def test_clocks() -> None:
    assert [clock(seconds) for seconds in (0.4, 59.6, 61, 3723)] == ["0:00", "1:00", "1:01", "1:02:03"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_table_that_is_too_wide_becomes_lines(width: int) -> None:
    reply = ChatMessage(
        "1", None, "assistant", "x", 0, timing=Timing(3.0, 0.5, 1.0), usage=Usage(1, 251, 252), stop="stop"
    )
    shown = measure_table([ModelReplies("gpt-oss-120b@metis", [reply, reply])], width)
    assert max(map(len, shown.splitlines())) <= width
    for words in ("gpt-oss-120b@metis", "2 ok", "0.500 s", "100.0"):
        assert words in shown
