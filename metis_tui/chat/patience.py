"""When a request that failed before its first word is sent again by itself, and after how long. Pure.

Only failures that pass by themselves count, and only while nothing of a reply has arrived: afterwards a repetition
would say everything twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from metis_tui.chat.errors import (
    ChatError,
    GatewayFailure,
    RateLimited,
    ReplyIncomplete,
    RequestTooLarge,
    SignInServiceTrouble,
    Unreachable,
    UpstreamFailure,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a turn holds out. All in seconds."""

    pauses: tuple[float, ...] = (2.0, 5.0, 15.0)
    """Before each new attempt after a connection or a server that failed."""
    rate_limit_seconds: float = 60.0
    """The window of the token limit; for rate limits that name no time of their own."""
    checked_again_seconds: float = 61.0
    """The gateway keeps a failed check of a sign-in for a minute."""
    most_rate_limits: int = 5
    scale: float = 1.0
    """Multiplies every pause."""

    def pause(self, failure: ChatError, attempt: int) -> float | None:
        """Seconds before the next attempt; None when there should be none. `attempt` counts from 1."""
        seconds = self._unscaled(failure, attempt)
        return None if seconds is None else seconds * self.scale

    def most(self, failure: ChatError) -> int:
        """How many times the request is sent again at most because of such a failure."""
        if isinstance(failure, RateLimited):
            return self.most_rate_limits
        return 2 if isinstance(failure, SignInServiceTrouble) else len(self.pauses)

    def _unscaled(self, failure: ChatError, attempt: int) -> float | None:
        if not failure.can_retry or attempt > self.most(failure) or isinstance(failure, RequestTooLarge):
            return None
        if isinstance(failure, RateLimited):
            # a little later than told: the window begins with somebody's first request
            return (failure.retry_after_seconds or self.rate_limit_seconds) + 0.5
        if isinstance(failure, SignInServiceTrouble):
            return self.checked_again_seconds
        if isinstance(failure, (Unreachable, GatewayFailure, UpstreamFailure)) and not isinstance(
            failure, ReplyIncomplete
        ):
            return self.pauses[attempt - 1]
        return None
