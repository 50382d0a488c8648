"""Runs a coroutine until it ends or a signal asks it to; then it may still save what it has."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from metis_tui.cli import diagnostics


class StopSignals:
    """Which signal came, if any."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.before_end: Callable[[], None] = lambda: None
        """Called when the program is told to end, not when the user stops it with Ctrl+C."""

    def take(self, number: int, task: asyncio.Task[Any]) -> None:
        self.number = number
        if number != signal.SIGINT:
            self.before_end()
        task.cancel()


def run(work: Callable[[StopSignals], Coroutine[Any, Any, int]]) -> int:
    """The exit code of the work; 128 + the signal's number when a signal ended it."""
    return asyncio.run(_run(work))


async def _run(work: Callable[[StopSignals], Coroutine[Any, Any, int]]) -> int:
    signals = StopSignals()
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup and background jobs have a signal ignored on purpose
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, signals.take, number, task)
    try:
        return await work(signals)
    except asyncio.CancelledError:
        if signals.number is None:
            raise
        return int(diagnostics.interrupted()) if signals.number == signal.SIGINT else 128 + signals.number
