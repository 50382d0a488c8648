"""The two clocks in words: when the access token ends and when the site wants a fresh sign-in. Asks nobody."""

from __future__ import annotations

import time

from metis_tui.chat.ports import AccessToken
from metis_tui.chat.sign_in import SignInDeadline

_DAY_SECONDS = 86_400
_LONGEST_SECONDS = 1e11


def moment(at: float) -> str:
    """Local time."""
    try:
        return time.strftime("%a %Y-%m-%d %H:%M", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    whole = int(min(_LONGEST_SECONDS, abs(seconds)))  # a token file may hold any number
    if whole >= 2 * _DAY_SECONDS:
        return f"{whole // _DAY_SECONDS} days {whole % _DAY_SECONDS // 3600} h"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def token_clock(token: AccessToken, *, is_renewable: bool = False) -> str:
    """When the access token ends, and whether that matters."""
    if token.expires_at is None:
        return "expiry unknown"
    left = token.expires_at - time.time()
    if left <= 0:
        return f"expired {moment(token.expires_at)}"
    renewed = ", then renewed by itself" if is_renewable else ""
    return f"{span(left)} left, until {moment(token.expires_at)}{renewed}"


def deadline_clock(deadline: SignInDeadline | None) -> str:
    """When the site wants a fresh sign-in, and how that is known."""
    if deadline is None:
        return "unknown"
    how = deadline.how_it_is_known
    if deadline.at is None:
        return f"passed, and the gateway accepts the sign-in all the same; {how}"
    left = deadline.at - time.time()
    if left <= 0:
        return f"passed {moment(deadline.at)}; {how}"
    limit = " at the latest" if deadline.is_estimate else ""
    return f"{span(left)} left, until {moment(deadline.at)}{limit}; {how}"
