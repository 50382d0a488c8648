"""What a streamed reply does over time, as data, and the player that does it. Knows nothing of models or HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

TICK_SECONDS = 0.012
"""The shortest pause between two writes; faster replies put several events into one write."""
UNPACED_BATCH = 256


class Sink(Protocol):
    """Where a script's bytes go."""

    async def write(self, data: bytes) -> None: ...

    def cut(self, reset: bool) -> None: ...


@dataclass(frozen=True)
class Pause:
    """Silence."""

    seconds: float


@dataclass(frozen=True)
class Write:
    """Bytes at once."""

    data: bytes


@dataclass(frozen=True)
class Paced:
    """`count` events at `per_second` of them; None means as fast as the reader takes them."""

    count: int
    encode: Callable[[int, int], bytes]
    """Bytes of the events from the first number up to the second."""
    per_second: float | None


@dataclass(frozen=True)
class Drip:
    """Bytes in tiny writes that split characters and lines."""

    data: bytes
    size: int = 3
    gap_seconds: float = 0.001


@dataclass(frozen=True)
class Cut:
    """The connection ends here, without the end of the body."""

    reset: bool = False
    """With a reset instead of an ordinary close."""


Step = Pause | Write | Paced | Drip | Cut
Script = Iterable[Step]


async def play(script: Script, sink: Sink) -> None:
    """Performs the steps in order; being cancelled is how it stops early."""
    for step in script:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Write):
            await sink.write(step.data)
        elif isinstance(step, Paced):
            await _play_paced(step, sink)
        elif isinstance(step, Drip):
            for start in range(0, len(step.data), step.size):
                await sink.write(step.data[start : start + step.size])
                await asyncio.sleep(step.gap_seconds)
        else:
            sink.cut(step.reset)
            return


async def _play_paced(step: Paced, sink: Sink) -> None:
    now = asyncio.get_running_loop().time
    start, sent = now(), 0
    while sent < step.count:
        if step.per_second is None:
            due, wait = min(step.count, sent + UNPACED_BATCH), 0.0
        else:
            due = min(step.count, int((now() - start) * step.per_second) + 1)
            next_due = start + max(due, sent + 1) / step.per_second
            wait = max(next_due - now(), TICK_SECONDS if step.per_second * TICK_SECONDS > 1 else 0.0)
        if due > sent:
            await sink.write(step.encode(sent, due))
            sent = due
        if sent < step.count:
            await asyncio.sleep(wait)
