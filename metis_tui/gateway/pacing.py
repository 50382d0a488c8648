"""Spaces out small requests. Knows nothing of what they are.

The gateway answers at most 10 requests a second for one user, counted over all programs of that user; half of
that is left to the others.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

BURST = 5
"""Requests that may start within one second."""


class Pacer:
    """Lets at most `burst` requests start in any one second, in the order they came."""

    def __init__(self, burst: int = BURST) -> None:
        self._started: deque[float] = deque(maxlen=burst)
        self._line = asyncio.Lock()

    async def turn(self) -> None:
        """Waits until one more request may start."""
        async with self._line:
            if len(self._started) == self._started.maxlen:
                wait_seconds = self._started[0] + 1.0 - time.monotonic()
                if wait_seconds > 0:
                    await asyncio.sleep(wait_seconds)
            self.note()

    def note(self) -> None:
        """Counts a request that does not wait: a prompt is never held up by the catalog."""
        self._started.append(time.monotonic())
