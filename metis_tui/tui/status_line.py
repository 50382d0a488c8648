"""Composes the status bar's text: what is said, in which order, and what is dropped when it is narrow. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from rich.cells import cell_len

from metis_tui.chat.catalog import ModelState
from metis_tui.tui import format as fmt

Tone = Literal["normal", "muted", "good", "warning", "bad"]
SEPARATOR = " │ "
_DAY_SECONDS, _HOUR_SECONDS = 86_400.0, 3_600.0


@dataclass
class StatusFacts:
    """Everything the status bar can tell. Times are Unix seconds."""

    model_name: str = ""
    model_state: ModelState | None = None
    """None: no model is chosen."""
    cluster: str = ""
    state_as_of: float | None = None
    is_maintenance: bool = False
    access_expires_at: float | None = None
    has_access: bool | None = None
    """None while it is being read."""
    is_access_expired: bool = False
    is_access_renewed: bool = False
    """It is renewed by itself before its end, which then alarms nobody."""
    sign_in_deadline: float | None = None
    is_deadline_estimate: bool = False
    sign_in_trouble: str = ""
    """What the gateway holds against the sign-in, in two words."""
    signed_in_at: float | None = None
    """Tells the age of a sign-in that is accepted beyond its deadline."""
    turn: str = ""
    is_stalled: bool = False
    is_running: bool = False
    context_used: int | None = None
    is_context_estimated: bool = True
    context_window: int | None = None
    is_saved: bool = True
    save_trouble: str = ""
    is_saving_off: bool = False
    is_demo: bool = False
    has_more_below: bool = False
    is_reading: bool = False
    """The keys go to the transcript."""
    is_connected: bool = True


class Part(NamedTuple):
    text: str
    tone: Tone
    rank: int
    """Higher ranks go first when there is no room; rank 0 is never dropped."""
    short: str = ""


def parts(facts: StatusFacts, now: float) -> list[Part]:
    """The parts in their order on screen."""
    found = [
        _model(facts, now),
        _access(facts, now),
        _sign_in(facts, now),
        _turn(facts),
        _context(facts),
        _saving(facts) if facts.is_connected else Part("starting", "muted", 5),
        Part("reading · i types", "warning", 1, "i types") if facts.is_reading else None,
        Part("▼ more", "warning", 4) if facts.has_more_below else None,
        Part("demo", "muted", 6) if facts.is_demo else None,
        Part("F1 help", "muted", 7),
    ]
    return [part for part in found if part is not None]


def fit(found: list[Part], width: int) -> list[Part]:
    """What fits into `width` cells: the least urgent are shortened, then dropped."""
    chosen = list(found)

    def total() -> int:
        return sum(cell_len(part.text) for part in chosen) + len(SEPARATOR) * max(0, len(chosen) - 1) + 2

    for rank in range(9, -1, -1):
        for index, part in enumerate(list(chosen)):
            if total() <= width:
                return chosen
            if part.rank == rank and part.short and part.text != part.short:
                chosen[index] = Part(part.short, part.tone, part.rank, part.short)
        if rank == 0 or total() <= width:
            return chosen
        for part in [part for part in chosen if part.rank == rank][::-1]:
            if total() <= width:
                return chosen
            chosen.remove(part)
    return chosen


def _model(facts: StatusFacts, now: float) -> Part | None:
    if facts.model_state is None:
        return Part("no model · F2 chooses", "warning", 1, "F2 model")
    if facts.is_maintenance:
        return Part(f"✕ maintenance {facts.cluster}", "bad", 0, "✕ maintenance")
    state = facts.model_state
    tone: Tone = {"live": "good", "offline": "bad"}.get(state.value, "warning")  # type: ignore[assignment]
    text = f"{state.symbol} {state.value}"
    since = f" {fmt.age(facts.state_as_of, now)}" if facts.state_as_of is not None else ""
    is_old = facts.state_as_of is not None and now - facts.state_as_of > 120
    rank = 0 if state is ModelState.OFFLINE else 1
    full = f"{text} {facts.cluster}{since if is_old or state is not ModelState.LIVE else ''}"
    return Part(full.strip(), tone, rank, text)


def _access(facts: StatusFacts, now: float) -> Part | None:
    if facts.has_access is None:
        return None
    if not facts.has_access:
        words = "access expired" if facts.is_access_expired else "not signed in"
        return Part(words, "bad", 0, "no access")
    if facts.access_expires_at is None:
        return Part("access expiry unknown", "muted", 5, "access ?")
    left = facts.access_expires_at - now
    if left <= 0:
        return Part("access expired", "bad", 0)
    if facts.is_access_renewed:
        return Part(f"access {fmt.short_duration(left)}", "normal", 3)
    return _clock("access", left, rank=3)


def _sign_in(facts: StatusFacts, now: float) -> Part | None:
    if facts.sign_in_trouble:
        return Part(f"{facts.sign_in_trouble} · F8", "bad", 0, facts.sign_in_trouble)
    if facts.sign_in_deadline is None:
        if facts.signed_in_at is None:
            return None
        return Part(f"sign-in {fmt.short_duration(now - facts.signed_in_at)} old", "muted", 5)
    left = facts.sign_in_deadline - now
    if left <= 0:
        return Part("sign-in due · F8", "bad", 0, "sign-in due")
    return _clock("sign-in", left, rank=4, mark="~" if facts.is_deadline_estimate else "")


def _clock(name: str, left: float, *, rank: int, mark: str = "") -> Part:
    """Under a day it warns and under an hour it alarms, in words as well as by colour."""
    text = f"{name} {mark}{fmt.short_duration(left)}"
    if left >= _DAY_SECONDS:
        return Part(text, "normal", rank)
    if left >= _HOUR_SECONDS:
        return Part(f"{text} left", "warning", 2, text)
    return Part(f"{text} left · F8", "bad", 0, f"{text} left")


def _turn(facts: StatusFacts) -> Part | None:
    if not facts.turn:
        return None
    if facts.is_stalled:
        return Part(f"{facts.turn} · Esc stops", "warning", 0, facts.turn)
    return Part(facts.turn, "normal", 1 if facts.is_running else 4)


def _context(facts: StatusFacts) -> Part | None:
    if facts.context_used is None:
        return None
    mark = "~" if facts.is_context_estimated else ""
    used = f"{mark}{fmt.token_count(facts.context_used)}"
    if facts.context_window is None:
        return Part(f"context {used}", "normal", 6)
    share = facts.context_used / facts.context_window
    tone: Tone = "bad" if share > 0.95 else "warning" if share > 0.8 else "normal"
    return Part(
        f"context {used}/{fmt.token_count(facts.context_window)}", tone, 2 if share > 0.8 else 5, f"ctx {used}"
    )


def _saving(facts: StatusFacts) -> Part:
    if facts.is_saving_off:
        return Part("not kept", "warning", 2)
    if facts.save_trouble:
        return Part(f"NOT SAVED: {facts.save_trouble}", "bad", 0, "NOT SAVED")
    if not facts.is_saved:
        return Part("saving", "warning", 3)
    return Part("saved", "muted", 5)
