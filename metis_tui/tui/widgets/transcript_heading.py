"""The words around a message: its heading, its reasoning line, why it is incomplete. Pure; knows no widget.

These words are said by the program. They are never part of a message's text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.printable import printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.rendering.lines import Line, Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.wrapping import cells, crop

Clock = Callable[[int], str]
"""Unix milliseconds -> time of day as it is shown."""

_STOPPED = {
    "cancelled": "stopped by you",
    "length": "reached the length limit",
    "interrupted": "interrupted: the program ended while it streamed",
    "error": "failed",
    None: "incomplete: how it ended is not known",
}
BOOKMARK = "\u2605"
NOTE = "\u00bb"
_ROLES = {"user": "You", "assistant": "Reply", "system": "System"}


class Remarks(NamedTuple):
    """What the user put beside a message. Never part of its text, never sent."""

    is_bookmarked: bool = False
    note: str = ""


NO_REMARKS = Remarks()


def local_time(created_ms: int) -> str:
    return time.strftime("%H:%M", time.localtime(created_ms / 1000))


def heading(
    message: ChatMessage,
    width: int,
    palette: Palette,
    clock: Clock,
    activity: str | None = None,
    marks: str = "",
    remarks: Remarks = NO_REMARKS,
) -> Line:
    """Who speaks, and the message's marks, on the left; on the right when, or how fast, as far as it fits."""
    name = printable_line(message.served_by or _ROLES[message.role], 80)
    if message.is_continuation:
        name = f"\u21b3 {name} goes on"
    if remarks.is_bookmarked:
        name = f"{BOOKMARK} {name}"
    marks = f" \u00b7 {marks}" if marks else ""
    name = crop(crop(name, max(4, width - 1 - cells(marks))) + marks, max(1, width - 1))
    facts = [activity] if activity is not None else _facts(message, clock)
    right = _fitting(facts, width - cells(name) - 2)
    style = palette.model if message.role == "assistant" else palette.you
    pieces: list[Piece] = [(name, style)]
    if right:
        gap = width - cells(name) - cells(right) - 1
        pieces += [(" " * gap, palette.text), (right, palette.muted)]
    return Line(pieces, kind="fact")


def _facts(message: ChatMessage, clock: Clock) -> list[str]:
    """What is known of a message, in the order in which it is shown."""
    if message.role != "assistant":
        return [clock(message.created_ms)]
    facts: list[str] = []
    tokens = message.usage.completion_tokens if message.usage else 0
    if message.timing is not None:
        if message.timing.first_delta_seconds is not None:
            facts.append(f"first {fmt.latency(message.timing.first_delta_seconds)}")
        rate = message.timing.tokens_per_second(tokens)
        if rate is not None:
            facts.append(fmt.rate(rate))
    if tokens:
        facts.append(f"{tokens:,} tokens")
    facts.append({"cancelled": "stopped", None: "incomplete"}.get(message.stop, message.stop or ""))
    return facts


def _fitting(facts: list[str], room: int) -> str:
    """The facts joined; the least important go first, why it stopped goes last."""
    kept = [printable_line(fact, 200) for fact in facts if fact]
    while kept:
        joined = " \u00b7 ".join(kept)
        if cells(joined) <= room:
            return joined
        if len(kept) == 1:
            return crop(joined, room) if room >= 8 else ""
        least = next((n for n, fact in enumerate(kept) if fact.endswith("tokens")), 0)
        del kept[least]
    return ""


def reasoning_fold(message: ChatMessage, width: int, palette: Palette, *, is_open: bool, live: str | None) -> Line:
    """The line that stands for the reasoning; while it streams it shows where the reasoning is."""
    label = "\u25be reasoning" if is_open else "\u25b8 reasoning"
    if live is not None:
        words = printable_line(live, 240)
        if words and not is_open:
            room = width - cells(label) - 3
            while words and cells(words) > room:
                words = words[max(1, len(words) - max(1, room)) :] if len(words) > room else words[1:]
            label += f" \u00b7 {words}" if words else ""
    else:
        label += _measured(message)
    return Line([(crop(label, width), palette.muted)], kind="fact")


def _measured(message: ChatMessage) -> str:
    facts: list[str] = []
    timing = message.timing
    if timing is not None and timing.first_reasoning_seconds is not None:
        end = timing.first_text_seconds if timing.first_text_seconds is not None else timing.total_seconds
        facts.append(f"{max(0.0, end - timing.first_reasoning_seconds):.1f} s")
    if message.usage is not None and message.usage.reasoning_tokens:
        facts.append(f"{message.usage.reasoning_tokens:,} tokens")
    return f" ({', '.join(facts)})" if facts else ""


def incompleteness(message: ChatMessage) -> tuple[str, bool] | None:
    """Why a reply is not whole, in words, and whether that was a failure; None for whole messages."""
    if not message.is_incomplete:
        return None
    if message.failure is not None:
        title = printable_line(message.failure.title, 200)
        reason = printable_line(message.failure.reason, 600)
        return (f"\u2715 {title} \u2014 {reason}" if reason else f"\u2715 {title}"), True
    return ("\u25a0 " if message.stop != "error" else "\u2715 ") + _STOPPED.get(
        message.stop, ""
    ), message.stop == "error"
