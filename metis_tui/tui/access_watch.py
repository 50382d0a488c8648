"""Follows access to the gateway: what is known of it, and that it is renewed in time. Knows no widgets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import SignInFacts, SignInService

_LONGEST_PAUSE_SECONDS = 60.0
"""Another program may have renewed or removed the tokens meanwhile."""
_SHORTEST_PAUSE_SECONDS = 1.0
_PAUSE_WITHOUT_ACCESS_SECONDS = 5.0


class AccessWatch:
    """`on_change` is called after every look with what is known."""

    def __init__(
        self,
        sign_in: SignInService,
        on_change: Callable[[SignInFacts], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._on_change = on_change
        self._now = now
        self.facts: SignInFacts | None = None
        """None before the first look."""

    async def look(self) -> SignInFacts:
        """Reads what is known; never waits for Globus."""
        facts = self.facts = await self._sign_in.facts()
        self._on_change(facts)
        return facts

    async def run(self) -> None:
        """Looks whenever something may have changed, until cancelled; has the access token renewed when it is due."""
        await self.look()
        while True:
            wish = await self._sign_in.keep_fresh()
            facts = await self.look()
            await asyncio.sleep(pause_seconds(facts, wish, self._now()))


def pause_seconds(facts: SignInFacts, wish: float, now: float) -> float:
    """How long nothing is expected to change; `wish` is what the service asks for."""
    if facts.is_renewing:
        return _SHORTEST_PAUSE_SECONDS
    pause = min(wish, _LONGEST_PAUSE_SECONDS)
    left = facts.token.expires_at - now if facts.token is not None and facts.token.expires_at is not None else None
    if left is not None and left > 0:
        return max(_SHORTEST_PAUSE_SECONDS, min(pause, left / 3))
    return max(_SHORTEST_PAUSE_SECONDS if left is None else _PAUSE_WITHOUT_ACCESS_SECONDS, pause)
