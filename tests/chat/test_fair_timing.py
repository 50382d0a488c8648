"""What replies took: latencies apart, rates without them, estimates marked, medians and quartiles."""

from __future__ import annotations

import random

import pytest

from metis_tui.chat import measure_words
from metis_tui.chat.conversation import ChatMessage, FailureNote, Timing, Usage
from metis_tui.chat.fair_timing import ModelReplies, measures_of, shuffled, spread


def reply(**facts: object) -> ChatMessage:
    whole: dict[str, object] = {"stop": "stop", "text": "four", **facts}
    return ChatMessage(id="1", parent=None, role="assistant", created_ms=0, **whole)  # type: ignore[arg-type]


def test_reasoning_and_text_are_apart_and_the_rate_leaves_the_latency_out() -> None:
    took = measures_of(reply(timing=Timing(5.5, 0.5, 2.0), usage=Usage(10, 501, 511)))
    assert (took.first_reasoning_seconds, took.first_text_seconds, took.first_delta_seconds) == (0.5, 2.0, 0.5)
    assert (took.token_count, took.is_estimated, took.tokens_per_second) == (501, False, 100.0)


def test_without_usage_tokens_are_estimated_and_say_so() -> None:
    took = measures_of(reply(text="x" * 4004, timing=Timing(11.0, None, 1.0)))
    assert (took.token_count, took.is_estimated, took.tokens_per_second) == (1001, True, 100.0)
    row = measure_words.row(ModelReplies("m@c", [reply(text="x" * 4004, timing=Timing(11.0, None, 1.0))]))
    assert row == ("m@c", "-", "1.00 s", "1.00 s", "~100.0", "~1001", "1 ok")


def test_nothing_that_arrived_has_no_measures() -> None:
    assert measures_of(reply(text="", timing=Timing(3.0))) == (None, None, None, None, None, False, None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([None, 2.0], (1, 2.0, 2.0, 2.0)),
        ([4.0, 1.0, 3.0, 2.0], (4, 1.75, 2.5, 3.25)),
        ([5.0, 1.0, 3.0], (3, 2.0, 3.0, 4.0)),
    ],
)
def test_median_and_quartiles(values: list[float | None], expected: tuple[float, ...] | None) -> None:
    assert spread(values) == expected


def test_broken_replies_are_counted_and_not_measured() -> None:
    broken = reply(stop="error", timing=Timing(0.2, None, 0.1), failure=FailureNote("It broke", "so", "upstream"))
    each = ModelReplies("m", [reply(timing=Timing(2.0, None, 1.0)), broken, reply(stop="length")])
    assert each.summary.reply_count == 2
    assert each.summary.first_delta == (1, 1.0, 1.0, 1.0)
    assert each.ends == {"ok": 1, "failed: It broke": 1, "at its length limit": 1}


def test_one_seed_gives_one_order() -> None:
    orders = [[shuffled(4, order) for _ in range(9)] for order in (random.Random(7), random.Random(7))]
    assert orders[0] == orders[1]
    assert len(set(orders[0])) > 1
