"""Measures that compare models fairly: what one reply took, and median and quartiles of several. Pure.

First reasoning and first text are kept apart; the rate leaves the first-delta latency out; token counts are the
gateway's own, and where it gave none an estimate that says so. Knows nothing of requests, files or screens.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.printable import printable_line

_BYTES_PER_TOKEN = 4
"""Of English text and code in UTF-8, roughly, for every tokenizer in use."""


class Measures(NamedTuple):
    """What one reply took. Durations in seconds from sending the prompt; None: there was no such moment."""

    first_reasoning_seconds: float | None
    first_text_seconds: float | None
    first_delta_seconds: float | None
    total_seconds: float | None
    """To the last delta."""
    token_count: int | None
    """Of the reply, its reasoning included; None when nothing arrived."""
    is_estimated: bool
    """The token count, and with it the rate, is an estimate."""
    tokens_per_second: float | None
    """Without the first-delta latency."""


class Spread(NamedTuple):
    """Median and interquartile range of some values."""

    size: int
    """How many values there were."""
    low: float
    """First quartile."""
    median: float
    high: float
    """Third quartile."""


def measures_of(reply: ChatMessage) -> Measures:
    """The measures of a reply, also of one that was cut short: what had arrived counts."""
    tokens, is_estimated = _token_count(reply)
    timing = reply.timing
    if timing is None:
        return Measures(None, None, None, None, tokens, is_estimated, None)
    return Measures(
        timing.first_reasoning_seconds,
        timing.first_text_seconds,
        timing.first_delta_seconds,
        timing.total_seconds if timing.first_delta_seconds is not None else None,
        tokens,
        is_estimated,
        timing.tokens_per_second(tokens) if tokens is not None else None,
    )


def estimated_tokens(text: str) -> int:
    """About how many tokens the text has; 0 for none."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def spread(values: Iterable[float | None]) -> Spread | None:
    """Median and quartiles of the values that there are, interpolated linearly; None when there are none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return Spread(len(known), _quantile(known, 0.25), _quantile(known, 0.5), _quantile(known, 0.75))


class Summary(NamedTuple):
    """How one model did over several replies."""

    reply_count: int
    first_reasoning: Spread | None
    first_text: Spread | None
    first_delta: Spread | None
    rate: Spread | None
    """Tokens per second."""
    tokens: Spread | None
    is_estimated: bool
    """At least one of the token counts is an estimate."""


def summary_of(measures: Sequence[Measures]) -> Summary:
    """The spreads of replies that are whole; a broken one would make its model look quicker or slower than it is."""
    return Summary(
        len(measures),
        spread(m.first_reasoning_seconds for m in measures),
        spread(m.first_text_seconds for m in measures),
        spread(m.first_delta_seconds for m in measures),
        spread(m.tokens_per_second for m in measures),
        spread(m.token_count for m in measures),
        any(m.is_estimated for m in measures if m.token_count is not None),
    )


_ENDS = {"length": "at its length limit", "interrupted": "interrupted", "cancelled": "stopped"}


class ModelReplies(NamedTuple):
    """All replies of one model, broken ones included."""

    model: str
    """`model@cluster`."""
    replies: Sequence[ChatMessage]

    @property
    def whole(self) -> list[Measures]:
        """Of the replies that the model ended, or that reached their length limit."""
        return [measures_of(reply) for reply in self.replies if reply.stop in ("stop", "length")]

    @property
    def summary(self) -> Summary:
        return summary_of(self.whole)

    @property
    def ends(self) -> Counter[str]:
        """How many ended how: "ok", or why not."""
        return Counter(end_in_words(reply) for reply in self.replies)


def end_in_words(reply: ChatMessage) -> str:
    """ "ok" for a whole reply, else why it is none; one short line."""
    if reply.stop == "stop":
        return "ok"
    if reply.failure is not None:
        return f"failed: {printable_line(reply.failure.title, 60)}"
    return _ENDS.get(reply.stop or "", "failed")


def shuffled(count: int, order: random.Random) -> tuple[int, ...]:
    """The numbers below `count` in the order in which they are to leave; the same for the same state of `order`."""
    places = list(range(count))
    order.shuffle(places)
    return tuple(places)


def new_seed() -> int:
    """A seed for an order that nobody chose; to be recorded."""
    return random.SystemRandom().randrange(2**31)


def _token_count(reply: ChatMessage) -> tuple[int | None, bool]:
    if reply.usage is not None and reply.usage.completion_tokens > 0:
        return reply.usage.completion_tokens, False
    estimate = estimated_tokens(reply.reasoning) + estimated_tokens(reply.text)
    return (estimate, True) if estimate else (None, False)


def _quantile(known: Sequence[float], share: float) -> float:
    place = (len(known) - 1) * share
    below = int(place)
    above = min(below + 1, len(known) - 1)
    return known[below] + (known[above] - known[below]) * (place - below)
