"""One renewal at a time: whoever asks meanwhile shares its outcome, and after a failure there is a pause.

The event loop's side of `renewal`. Knows what happened and when; decides nothing about which access token to use.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from metis_tui.auth.credential_file import StoredToken
from metis_tui.auth.deadline import ACCESS_TOKEN_SECONDS
from metis_tui.auth.shelf import TokenShelf
from metis_tui.chat.background import in_background
from metis_tui.chat.errors import ChatError, SignInFailed

if TYPE_CHECKING:
    from metis_tui.auth.globus import Globus

RENEWAL_SECONDS = 600.0
"""So long before its expiry an access token is renewed; for short-lived ones when a third of their life is left."""
_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 15.0
_LONGEST_PAUSE_SECONDS = 600.0
_REPEAT_SECONDS = 2.0
"""Requests that come so soon after a failed renewal share its outcome."""


class Renewals:
    """Args: auth_url: another address of Globus Auth; None: the SDK's own choice. `clock` gives Unix seconds."""

    def __init__(self, shelf: TokenShelf, auth_url: str | None, clock: Callable[[], float]) -> None:
        self._shelf = shelf
        self._auth_url = auth_url
        self._clock = clock
        self._running: asyncio.Future[StoredToken] | None = None
        self._lifetime = ACCESS_TOKEN_SECONDS
        self._failed_at = float("-inf")
        """On the monotonic clock."""
        self.failure: ChatError | None = None
        """Why the last one did not work; None when it did."""
        self.failure_count = 0
        """How many failed in a row."""

    def start(self, stale: str) -> asyncio.Future[StoredToken]:
        """The renewal under way, or a new one, which gives another access token than the stale one."""
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(in_background(lambda: self._renew(stale), "globus-renewal"))
            self._running.add_done_callback(self._note)
        return self._running

    @property
    def is_running(self) -> bool:
        return self._running is not None and not self._running.done()

    @property
    def recent_failure(self) -> ChatError | None:
        return self.failure if time.monotonic() - self._failed_at < _REPEAT_SECONDS else None

    @property
    def is_pausing(self) -> bool:
        """Whether a renewal that nobody waits for should not be tried yet."""
        if not self.failure_count:
            return False
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(self.failure_count - 1, 10))
        return time.monotonic() - self._failed_at < pause

    @property
    def threshold_seconds(self) -> float:
        """An access token that ends within this time is due."""
        return min(RENEWAL_SECONDS, self._lifetime / 3)

    def start_anew(self, token: StoredToken | None) -> None:
        """There is a new sign-in with this access token: earlier failures do not count."""
        self.failure, self.failure_count = None, 0
        self._lifetime = ACCESS_TOKEN_SECONDS
        if token is not None:
            self._learn_lifetime(token)

    def globus(self) -> Globus:
        """Globus Auth; importing what talks to it takes its time."""
        from metis_tui.auth.globus import Globus

        return Globus(self._auth_url)

    def _renew(self, stale: str) -> StoredToken:
        from metis_tui.auth.renewal import renew  # most starts renew nothing

        return renew(self._shelf, self.globus(), stale, self._clock)

    def _note(self, renewal: asyncio.Future[StoredToken]) -> None:
        if renewal.cancelled():
            return
        error = renewal.exception()
        if error is None:
            self.failure, self.failure_count = None, 0
            self._learn_lifetime(renewal.result())
            _LOG.debug("the access token was renewed")
            return
        self._failed_at, self.failure_count = time.monotonic(), self.failure_count + 1
        self.failure = error if isinstance(error, ChatError) else SignInFailed(f"A fault ({type(error).__name__}).")
        _LOG.info("renewal %d failed in a row: %s", self.failure_count, self.failure.kind)

    def _learn_lifetime(self, token: StoredToken) -> None:
        if token.expires_at is not None:
            self._lifetime = max(1.0, token.expires_at - self._clock())
