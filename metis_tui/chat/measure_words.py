"""Measures in words: one row for each model, the same in tables on a terminal and in reports. Pure."""

from __future__ import annotations

from collections.abc import Callable

from metis_tui.chat.fair_timing import ModelReplies, Spread
from metis_tui.chat.printable import printable_line

HEAD = ("Model", "First reasoning", "First text", "First delta", "Tokens/s", "Tokens", "Replies")
NOTHING = "-"


def row(each: ModelReplies) -> tuple[str, ...]:
    """For HEAD: medians with the quartiles in brackets; "~" before what rests on an estimate."""
    summary = each.summary
    mark = "~" if summary.is_estimated else ""
    return (
        printable_line(each.model, 120),
        in_seconds(summary.first_reasoning),
        in_seconds(summary.first_text),
        in_seconds(summary.first_delta),
        in_words(summary.rate, lambda value: f"{value:.1f}", mark=mark),
        in_words(summary.tokens, lambda value: f"{value:.0f}", mark=mark),
        ", ".join(f"{count} {end}" for end, count in each.ends.items()) or "none",
    )


def in_seconds(spread: Spread | None) -> str:
    """Such as: 0.318 s [0.316, 0.320]."""
    return in_words(spread, lambda value: f"{value:.3f}" if value < 1 else f"{value:.2f}", unit=" s")


def in_words(spread: Spread | None, shown: Callable[[float], str], *, mark: str = "", unit: str = "") -> str:
    """The median; with several values the quartiles, too."""
    if spread is None:
        return NOTHING
    median = f"{mark}{shown(spread.median)}{unit}"
    return median if spread.size == 1 else f"{median} [{shown(spread.low)}, {shown(spread.high)}]"
