"""Shows how far a run over a matrix is: one line that is redrawn on a terminal, plain lines now and then elsewhere.

On standard error. Knows nothing of how cells run.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

from metis_tui.chat.errors import ChatError
from metis_tui.chat.matrix_run import MatrixProgress
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics

_REDRAW_SECONDS = 0.25
_PLAIN_SECONDS = 30.0
_STEPS = 10
"""Plain lines for a run that takes no longer than half a minute a step."""
_SHORTEST_BAR, _LONGEST_BAR = 8, 24


async def show(progress: Callable[[], MatrixProgress]) -> None:
    """Shows the progress until it is cancelled."""
    started = time.monotonic()
    try:
        if diagnostics.is_terminal():
            while True:
                diagnostics.redraw(in_one_line(progress(), time.monotonic() - started, _width()))
                await asyncio.sleep(_REDRAW_SECONDS)
        await _plainly(progress, started)
    finally:
        if diagnostics.is_terminal():
            diagnostics.redraw("")


async def _plainly(progress: Callable[[], MatrixProgress], started: float) -> None:
    """A line for every tenth of the cells, every half minute, and when a model begins to be waited for."""
    told_at, told_step, told_holds = started, 0, frozenset[str]()
    while True:
        now, state = time.monotonic(), progress()
        step = state.finished * _STEPS // max(1, state.total)
        holds = frozenset(state.holds)
        if step > told_step or now - told_at >= _PLAIN_SECONDS or holds - told_holds:
            diagnostics.say(in_one_line(state, now - started, 200))
            told_at, told_step = now, step
        told_holds = holds
        await asyncio.sleep(_REDRAW_SECONDS)


def in_one_line(state: MatrixProgress, elapsed_seconds: float, width: int) -> str:
    """Bar, count, rate, time left, failures and waits; what does not fit is left out from the end."""
    share = state.finished / state.total if state.total else 1.0
    parts = [f"{state.finished}/{state.total}"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    parts += [_wait(model, seconds, why) for model, (seconds, why) in state.holds.items()]
    if state.finished and elapsed_seconds > 0:
        per_second = state.finished / elapsed_seconds
        longest_wait = max((seconds for seconds, _ in state.holds.values()), default=0.0)
        left = max(longest_wait, (state.total - state.finished) / per_second)
        parts += [f"{clock(left)} left", f"{per_second:.1f}/s" if per_second >= 1 else f"{per_second * 60:.1f}/min"]
    parts.append(f"{state.under_way} under way")
    line = ""
    for part in parts:
        longer = f"{line}, {part}" if line else part
        if len(longer) + _SHORTEST_BAR + 3 > width:
            break
        line = longer
    return f"{_bar(share, min(_LONGEST_BAR, width - len(line) - 3))} {line}"


def clock(seconds: float) -> str:
    """Such as 0:23 or 1:02:40."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def _bar(share: float, size: int) -> str:
    filled = int(share * size)
    return "[" + "#" * filled + "." * (size - filled) + "]"


def _wait(model: str, seconds: float, why: ChatError) -> str:
    return f"{printable_line(model, 30)}: {why.title.lower()}, on in {clock(seconds)}"


def _width() -> int:
    try:
        return max(20, os.get_terminal_size(2).columns - 1)
    except (OSError, ValueError):
        return 79
