"""Streams shown at one pace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from metis_tui.tui.lock_step import LockStep


def test_the_slowest_sets_the_pace() -> None:
    step = LockStep(2)
    step.take(0, "a fast one")
    assert step.release() == {}
    step.take(1, "slo")
    assert step.release() == {0: "a f", 1: "slo"}
    step.take(1, "w")
    step.end(1)
    assert step.release() == {0: "ast one", 1: "w"}, "one that has ended holds nobody back"
    assert not step.is_over
    step.end(0)
    assert step.is_over


def test_the_rest_of_a_stream_is_given_out_at_once() -> None:
    step = LockStep(2)
    step.take(0, "abcdef")
    step.take(1, "x")
    assert step.release() == {0: "a", 1: "x"}
    assert step.rest(0) == "bcdef"
    step.take(1, "yz")
    assert step.release() == {1: "yz"}


@given(st.lists(st.tuples(st.integers(0, 2), st.text(max_size=5), st.booleans()), max_size=30))
def test_nothing_is_lost_and_nothing_runs_ahead(pieces: list[tuple[int, str, bool]]) -> None:
    step, sent, shown = LockStep(3), ["", "", ""], ["", "", ""]
    for number, text, is_time in pieces:
        step.take(number, text)
        sent[number] += text
        if is_time:
            for n, piece in step.release().items():
                shown[n] += piece
            assert len({len(text) for text in shown}) == 1
    for number in range(3):
        step.end(number)
    for n, piece in step.release().items():
        shown[n] += piece
    assert shown == sent
    assert step.is_over
