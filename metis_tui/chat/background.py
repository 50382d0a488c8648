"""Runs one blocking call off the event loop. Knows nothing of what it runs.

The thread is a daemon: a hung disk or a slow import must never keep the program from ending, as threads of the
event loop's own pool do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def in_background(call: Callable[[], _T], name: str = "metis-tui-background") -> _T:
    """The result of `call()`, run in a daemon thread; its exception is raised here."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_T] = loop.create_future()

    def report(result: _T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: _T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as caught:
            error = caught
        try:
            loop.call_soon_threadsafe(report, result, error)
        except RuntimeError:
            return  # the loop has ended: nobody waits any more

    threading.Thread(target=run, name=name, daemon=True).start()
    return await outcome
