"""Access by a Globus sign-in: the stored access token, renewed when it is due, and what is known of the sign-in.

The event loop's side: everything that reads a file or asks Globus runs in a thread, and nobody waits for a renewal
while the access token there is still good.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from metis_tui.auth import deadline
from metis_tui.auth.credential_file import StoredToken
from metis_tui.auth.renewals import Renewals
from metis_tui.auth.shelf import Reading, TokenShelf
from metis_tui.chat.background import in_background
from metis_tui.chat.errors import ChatError, SignInLapsed, SignInNeeded, WrongIdentity
from metis_tui.chat.ports import AccessToken

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import SignInFacts

_AT_ONCE_SECONDS = 5.0
"""A request does not set out with an access token that ends sooner."""
_ASK_AGAIN_SECONDS = 60.0


class GlobusAccess:
    """For use on one event loop.

    Args:
        shelf: the access tokens there are.
        auth_url: another address of Globus Auth; None: the SDK's own choice.
        memory: what is known of the sign-in.
        sign_in_days: how long a sign-in lasts, as set.
    """

    def __init__(
        self,
        shelf: TokenShelf,
        auth_url: str | None,
        memory: deadline.SignInMemory,
        *,
        sign_in_days: float = 7.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.shelf = shelf
        self.memory = memory
        self.renewals = Renewals(shelf, auth_url, clock)
        self._days = sign_in_days
        self._clock = clock
        self._dead_refresh_token = ""
        """Globus does not take it any more."""
        self._said: tuple[str, ChatError] | None = None
        """What the gateway holds against a sign-in, by its mark."""

    # -- the access token ----------------------------------------------------------------------------------------

    async def access_token(self) -> AccessToken:
        """See Authenticator."""
        reading = await in_background(self._read, "access-token")
        token, now = reading.best, self._clock()
        left = self._left(token, now)
        if token is not None and left > (_AT_ONCE_SECONDS if self._can_renew(reading) else 0.0):
            if self._is_due(left) and self._can_renew(reading):
                self._renew_quietly(token.value)
            return _handed(token)
        if not self._can_renew(reading) and (trouble := self._trouble(reading, now)) is not None:
            raise trouble
        return _handed(await self._renewed(token.value if token is not None else "", reading))

    async def renew(self, refused: AccessToken) -> AccessToken:
        """See Authenticator."""
        self.shelf.refuse(refused.value)
        reading = await in_background(self._read, "access-token")
        best = reading.best
        if best is not None and best.value != refused.value and self._left(best, self._clock()) > _AT_ONCE_SECONDS:
            return _handed(best)
        if not self._can_renew(reading):
            from metis_tui.auth import words

            raise words.revoked("It cannot be renewed.", needs_sign_in=True)
        return _handed(await self._renewed(refused.value, reading))

    def heard(self, token: AccessToken, failure: ChatError | None) -> None:
        """See Authenticator."""
        if failure is not None and not isinstance(failure, (SignInLapsed, WrongIdentity)):
            return
        record = self.memory.read()
        if failure is None:
            self._said = None
        else:
            self._said = (record.mark, failure)
        learned = record
        if failure is None:
            learned = deadline.accepted(record, self._days, self._clock())
        elif isinstance(failure, SignInLapsed):
            learned = deadline.refused(record, self._clock())
        if learned != record:
            threading.Thread(target=self.memory.change, args=(learned,), name="sign-in-memory", daemon=True).start()

    # -- what is known -------------------------------------------------------------------------------------------

    async def facts(self) -> SignInFacts:
        """See SignInService."""
        from metis_tui.auth import words
        from metis_tui.chat.sign_in import SignInFacts

        reading = await in_background(self._read, "sign-in-facts")
        now = self._clock()
        token = reading.best
        record = self.memory.read()
        is_told = self._said is not None and self._said[0] == record.mark
        trouble = self._said[1] if is_told and self._said is not None else self._trouble(reading, now)
        failure = self.renewals.failure
        return SignInFacts(
            token=_handed(token) if token is not None else None,
            trouble=trouble,
            is_renewable=self._can_renew(reading),
            is_renewing=self.renewals.is_running,
            renewal_trouble=failure.reason if failure is not None else "",
            identity_id=token.identity_id if token is not None else "",
            scopes=tuple(token.scope.split()) if token is not None else (),
            file=words.shown(token.path) if token is not None else "",
            deadline=deadline.deadline_of(record, self._days, now) if token is not None else None,
            notes=(*self.shelf.notes, *filter(None, [words.told_troubles(reading.troubles)])),
        )

    async def keep_fresh(self) -> float:
        """See SignInService."""
        reading = await in_background(self._read, "access-token")
        token = reading.best
        left = self._left(token, self._clock())
        if token is None or not self._can_renew(reading):
            return min(_ASK_AGAIN_SECONDS, max(1.0, left)) if left > 0 else _ASK_AGAIN_SECONDS
        if not self._is_due(left):
            return min(_ASK_AGAIN_SECONDS, max(1.0, left - self.renewals.threshold_seconds))
        self._renew_quietly(token.value)
        return min(_ASK_AGAIN_SECONDS, max(1.0, left / 3))

    # -- renewing ------------------------------------------------------------------------------------------------

    async def _renewed(self, stale: str, reading: Reading) -> StoredToken:
        """Waits for another access token than the stale one."""
        if (failure := self.renewals.recent_failure) is not None:
            raise self._in_words(reading, failure)
        for _ in range(2):  # one that was under way may have been for an earlier token
            try:
                token = await asyncio.shield(self.renewals.start(stale))
            except ChatError as error:
                raise self._in_words(reading, error) from None
            if token.value != stale:
                return token
        raise SignInNeeded("Globus gave the same access token again.")

    def _in_words(self, reading: Reading, error: ChatError) -> ChatError:
        """Why there is no access token: renewing it failed."""
        from metis_tui.auth import words  # most starts have no trouble to tell

        is_refused = error.kind == "grant_refused"
        is_dead = is_refused or isinstance(error, SignInNeeded)
        if is_refused and reading.renewable is not None:
            self._dead_refresh_token = reading.renewable.refresh_token
        token, now = reading.best or reading.own, self._clock()
        hint = "" if is_dead else error.hint
        because = error.reason if is_dead else f"It could not be renewed: {error.reason}"
        if token is not None and self._left(token, now) <= 0:
            return words.expired(token, now, because=because, hint=hint, needs_sign_in=is_dead)
        return words.revoked(because, needs_sign_in=is_dead, hint=hint)

    # -- parts ---------------------------------------------------------------------------------------------------

    def _read(self) -> Reading:
        reading = self.shelf.read()
        token = reading.best
        if token is not None and token.refresh_token:
            record = self.memory.read()
            if record.mark != deadline.mark_of(token.refresh_token):  # another process may know when that was
                record = self.memory.reload()
            self.memory.change(deadline.seen(record, token.refresh_token, token.expires_at, self._clock()))
        return reading

    def _can_renew(self, reading: Reading) -> bool:
        own = reading.renewable
        return own is not None and own.refresh_token != self._dead_refresh_token

    def _trouble(self, reading: Reading, now: float) -> ChatError | None:
        """Why there is no access token to use; None when there is one."""
        token = reading.best
        is_in_time = token is not None and self._left(token, now) > 0
        if token is not None and is_in_time and (not self.shelf.is_refused(token.value) or self._can_renew(reading)):
            return None
        from metis_tui.auth import words

        if token is None:
            return words.missing(reading.troubles)
        if is_in_time:
            return words.revoked("It cannot be renewed.", needs_sign_in=True)
        if self._can_renew(reading):
            failure = self.renewals.failure
            because = f"It could not be renewed: {failure.reason}" if failure else "It is being renewed."
            return words.expired(token, now, because=because, hint=failure.hint if failure else "Wait a moment.")
        told = words.told_troubles(reading.troubles)
        return words.expired(token, now, because=told, needs_sign_in=True)

    def _is_due(self, left: float) -> bool:
        return left <= self.renewals.threshold_seconds

    def _renew_quietly(self, stale: str) -> None:
        if not self.renewals.is_pausing:
            self.renewals.start(stale)

    @staticmethod
    def _left(token: StoredToken | None, now: float) -> float:
        """Seconds until it expires; one without a time is taken for good."""
        if token is None:
            return 0.0
        return float("inf") if token.expires_at is None else token.expires_at - now

    def new_sign_in(self, refresh_token: str) -> None:
        """Forgets what was held against the earlier sign-in. Blocks."""
        self.memory.change(deadline.signed_in(self.memory.reload(), refresh_token, self._clock()))
        self._said, self._dead_refresh_token = None, ""
        self.renewals.start_anew(self.shelf.read().own)


def _handed(token: StoredToken) -> AccessToken:
    return AccessToken(token.value, token.expires_at, str(token.path))
