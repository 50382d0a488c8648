"""Counts requests per second and tokens per minute. Knows nothing of HTTP.

Ten requests a second and user over a sliding second; 60 000 tokens a minute per user and model, 100 000 per model for
everybody, in fixed windows that open with the first use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]

REQUESTS_PER_SECOND = 10
USER_TOKENS_PER_MINUTE = 60_000
MODEL_TOKENS_PER_MINUTE = 100_000
WINDOW_SECONDS = 60.0


class Throttle:
    """Lets through `per_second` requests of one caller within any second; None lets everything through."""

    def __init__(self, per_second: int | None, clock: Clock) -> None:
        self.per_second = per_second
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}

    def admits(self, caller: str) -> bool:
        if self.per_second is None:
            return True
        now = self._clock()
        seen = self._seen.setdefault(caller, deque())
        while seen and now - seen[0] >= 1.0:
            seen.popleft()
        if len(seen) >= self.per_second:
            return False
        seen.append(now)
        return True


@dataclass
class _Window:
    opened: float
    used: int = 0


@dataclass
class TokenBudget:
    """Tokens used per minute, by user and model and by model alone."""

    clock: Clock
    user_limit: int | None = USER_TOKENS_PER_MINUTE
    model_limit: int | None = MODEL_TOKENS_PER_MINUTE
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def usage(self, caller: str, model: str) -> tuple[int, int]:
        """(everybody's tokens of this minute, this caller's)."""
        return self._used(("", model)), self._used((caller, model))

    def is_spent(self, caller: str, model: str) -> bool:
        everybody, own = self.usage(caller, model)
        return (self.user_limit is not None and own >= self.user_limit) or (
            self.model_limit is not None and everybody >= self.model_limit
        )

    def add(self, caller: str, model: str, tokens: int) -> None:
        for key in (("", model), (caller, model)):
            self._used(key)
            self._windows.setdefault(key, _Window(self.clock())).used += tokens

    def _used(self, key: tuple[str, str]) -> int:
        window = self._windows.get(key)
        if window is None:
            return 0
        if self.clock() - window.opened >= WINDOW_SECONDS:
            del self._windows[key]
            return 0
        return window.used
