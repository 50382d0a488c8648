"""Lets requests leave fairly: several in one turn of the event loop, few enough a second, and none against a limit.

Knows nothing of what leaves; front ends show the waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar

from metis_tui.chat.errors import ChatError, RateLimited

_T = TypeVar("_T")

REQUESTS_A_SECOND = 8
"""The gateway refuses the eleventh request in any second of one user, counted over all programs of that user."""
_FASTER_AGAIN_SECONDS = 10.0
"""After so long one more request a second is tried."""
_WHOLE_USER_SECONDS = 2.0
"""A limit that passes sooner than this is the one on requests a second, which all models share."""


class Departure(NamedTuple):
    """When one of several requests left."""

    lane: int
    """Its place in the order in which the models were named, from 0."""
    place: int
    """Its place in the order of leaving, from 0."""
    offset_seconds: float
    """After the first one of its round."""


class StartLine:
    """Holds lanes until all of them are ready; then they leave in one turn of the event loop, in the order given.

    Args:
        order: numbers of the lanes, the first to leave first.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self.departures: list[Departure] = []
        self._order = list(order)
        self._ready: dict[int, asyncio.Future[None]] = {}
        self._first = 0.0

    async def ready(self, lane: int) -> None:
        """Waits for the others; the lane leaves when this returns. A second call returns at once."""
        if lane not in self._order:
            return
        loop = asyncio.get_running_loop()
        self._ready[lane] = go = loop.create_future()
        loop.call_soon(self._release)  # not at once: the last one would go on here and now, before all others
        await go
        now = time.monotonic()
        self._first = self._first or now
        self.departures.append(Departure(lane, len(self.departures), round(now - self._first, 6)))

    def give_up(self, lane: int) -> None:
        """The others wait no longer for this one: it has ended before it could leave, or has left."""
        if lane in self._order:
            self._order.remove(lane)
            self._release()

    def _release(self) -> None:
        if not all(lane in self._ready for lane in self._order):
            return
        for lane in self._order:
            if not self._ready[lane].done():
                self._ready[lane].set_result(None)
        self._order.clear()


async def leave_together(
    lanes: Sequence[Callable[[Callable[[], Awaitable[None]]], Coroutine[Any, Any, _T]]], order: Sequence[int]
) -> tuple[list[_T], list[Departure]]:
    """Runs all lanes, lets them leave together, and waits for all of them.

    Args:
        lanes: each takes what it has to await when it is ready but for the request itself.
        order: numbers of the lanes, the first to leave first.

    Returns:
        The results by lane, and the departures by place.

    Raises:
        asyncio.CancelledError: it was cancelled; by then every lane has ended.
    """
    line = StartLine(order)

    async def run(lane: int) -> _T:
        try:
            return await lanes[lane](lambda: line.ready(lane))
        finally:
            line.give_up(lane)

    tasks = {lane: asyncio.create_task(run(lane)) for lane in order}
    try:
        await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return [tasks[lane].result() for lane in range(len(lanes))], line.departures


class DeparturePacer:
    """Keeps requests below the gateway's limit on requests a second, and holds those that a limit has struck.

    Args:
        most: requests that may leave in any one second.
        monotonic: seconds; replaced by tests.
    """

    def __init__(self, most: int = REQUESTS_A_SECOND, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._left: deque[float] = deque(maxlen=most)
        self._usual = self._most = most
        self._slower_since = 0.0
        self._monotonic = monotonic
        self._held: dict[str, tuple[float, ChatError]] = {}
        self._all_until = 0.0

    def seconds_until_room(self, count: int = 1) -> float:
        """Seconds until so many more may leave at once; more than the limit never may, so they count as the limit."""
        now = self._monotonic()
        recent = [at for at in self._left if at > now - 1.0]
        crowd = len(recent) + min(count, self._most) - self._most
        wait = recent[crowd - 1] + 1.0 - now if crowd > 0 else 0.0
        return max(0.0, wait, self._all_until - now)

    def note(self, count: int = 1) -> None:
        """So many leave now."""
        now = self._monotonic()
        self._left.extend([now] * min(count, self._usual))
        if self._most < self._usual and now - self._slower_since > _FASTER_AGAIN_SECONDS:
            self._most += 1
            self._slower_since = now

    async def room(self, count: int = 1) -> None:
        """Waits until so many may leave at once, and counts them."""
        while True:
            wait = self.seconds_until_room(count)
            if wait <= 0:
                break
            await asyncio.sleep(wait)
        self.note(count)

    def hold(self, model: str, failure: ChatError, seconds: float) -> None:
        """Nothing leaves for the model for so long, because of this failure.

        A limit that passes within two seconds is the one on requests a second. It holds every model, and from then
        on half as many leave in a second, for a while: the user's other programs need their share.
        """
        now = self._monotonic()
        until = now + seconds
        if isinstance(failure, RateLimited) and (failure.retry_after_seconds or 60) <= _WHOLE_USER_SECONDS:
            if now >= self._all_until:
                self._most, self._slower_since = max(1, self._most // 2), now
            self._all_until = max(self._all_until, until)
        if until > self._held.get(model, (0.0, failure))[0]:
            self._held[model] = (until, failure)

    def held_seconds(self, model: str) -> float:
        """Seconds for which nothing leaves for this model; 0.0: it may leave now."""
        until = self._held.get(model, (0.0, None))[0]
        return max(0.0, until - self._monotonic())

    def holds(self) -> dict[str, tuple[float, ChatError]]:
        """The models that are held now: seconds left, and why."""
        now = self._monotonic()
        return {model: (until - now, why) for model, (until, why) in self._held.items() if until > now}
