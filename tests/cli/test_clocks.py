"""The two clocks in words."""

from __future__ import annotations

import time

import pytest

from metis_tui.chat.ports import AccessToken
from metis_tui.chat.sign_in import SignInDeadline
from metis_tui.cli.clocks import deadline_clock, moment, span, token_clock


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 h 00 min"),
        (3_599, "0 h 59 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 days 0 h"),
        (-7_260, "2 h 01 min"),
    ],
)
def test_spans(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_the_access_tokens_end() -> None:
    now = time.time()
    assert token_clock(AccessToken("x", None, "METIS_TUI_TOKEN")) == "expiry unknown"
    assert token_clock(AccessToken("x", now - 5, "file")) == f"expired {moment(now - 5)}"
    assert token_clock(AccessToken("x", now + 7_230, "file")) == f"2 h 00 min left, until {moment(now + 7_230)}"
    assert token_clock(AccessToken("x", now + 90, "f"), is_renewable=True).endswith("then renewed by itself")


def test_the_deadline_and_how_it_is_known() -> None:
    now = time.time()
    assert deadline_clock(None) == "unknown"
    plain = deadline_clock(SignInDeadline(now + 90_030, now, 7.0, "setting"))
    assert plain == f"25 h 00 min left, until {moment(now + 90_030)}; 7 days after the sign-in, as set (sign_in_days)"
    assert "at the latest; " in deadline_clock(SignInDeadline(now + 90_030, now, 7.0, "setting", is_estimate=True))
    learned = deadline_clock(SignInDeadline(now - 60, now, 6.53, "refused"))
    assert learned == f"passed {moment(now - 60)}; learned: the gateway refused a sign-in after 6.5 days"
    later = deadline_clock(SignInDeadline(None, now, 8.0, "accepted"))
    assert later.startswith("passed, and the gateway accepts the sign-in all the same; learned: ")


@pytest.mark.parametrize("at", [float("inf"), float("nan"), 1e18])
def test_a_time_that_is_none_is_no_fault(at: float) -> None:
    assert moment(at) == "at an unknown time"
    assert "until at an unknown time" in token_clock(AccessToken("x", at, "file"))
