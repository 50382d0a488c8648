"""One sign-in from its address to its outcome, step by step. Knows the port of signing in; no widgets, no Globus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING

from metis_tui.chat.errors import ChatError, IdentityDiffers, SignInFailed

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import Identity, PendingSignIn, SignedIn, SignInFacts, SignInService


class Step(str, Enum):
    PREPARING = "preparing"
    UNUSABLE = "unusable"
    READY = "ready"
    ASKING = "asking"
    OTHER_IDENTITY = "other-identity"
    DONE = "done"


class SignInFlow:
    """Args: changed: called after every change; signed_in: called once a sign-in was made and stored.

    `begin` and `finish` may be cancelled at any time.
    """

    def __init__(
        self,
        service: SignInService,
        whoami: Callable[[], Awaitable[Identity]],
        *,
        changed: Callable[[], None],
        signed_in: Callable[[], None],
    ) -> None:
        self._service, self._whoami = service, whoami
        self._changed, self._signed_in = changed, signed_in
        self._pending: PendingSignIn | None = None
        self._code = ""
        self.step = Step.PREPARING
        self.failure: ChatError | None = None
        """What went wrong last; in the step DONE why the gateway does not take this identity."""
        self.known: SignInFacts | None = None
        """What there was before."""
        self.fixed_source = ""
        """The variable whose access token wins over any sign-in; empty when there is none."""
        self.signed_in: SignedIn | None = None
        self.facts: SignInFacts | None = None
        """After a sign-in: both clocks and the file."""
        self.identity: Identity | None = None

    @property
    def address(self) -> str:
        return self._pending.url if self._pending is not None else ""

    @property
    def is_open(self) -> bool:
        """Whether the address is of use."""
        return bool(self.address) and self.step in (Step.READY, Step.ASKING)

    async def begin(self, earlier: ChatError | None = None) -> None:
        """A new address. Args: earlier: a failure that is still to be told."""
        self._pending, self.signed_in, self.facts, self.identity = None, None, None, None
        self._go(Step.PREPARING, earlier)
        facts = self.known = await self._service.facts()
        self.fixed_source = facts.token.source if facts.is_fixed and facts.token is not None else ""
        try:
            self._pending = await self._service.begin()
        except SignInFailed as error:
            self._go(Step.UNUSABLE, error)
        else:
            self._go(Step.READY, earlier)

    async def finish(self, code: str | None = None) -> None:
        """Exchanges a code; without one the last code again, taking the other identity that it brought."""
        if self._pending is None:
            return
        replace_identity = code is None
        self._code = code or self._code
        self._go(Step.ASKING)
        try:
            self.signed_in = await self._pending.finish(self._code, replace_identity=replace_identity)
        except IdentityDiffers as error:
            self._go(Step.OTHER_IDENTITY, error)
        except SignInFailed as error:
            if error.can_retry:
                self._go(Step.READY, error)
            else:
                await self.begin(error)
        else:
            self._go(Step.DONE)
            self._signed_in()
            await self._look()

    async def _look(self) -> None:
        """What was gained: the clocks at once, the gateway's word on the identity when it comes."""
        self.facts = await self._service.facts()
        self._changed()
        try:
            self.identity = await self._whoami()
        except ChatError as error:
            self.failure = error
        self._changed()

    def _go(self, step: Step, failure: ChatError | None = None) -> None:
        self.step, self.failure = step, failure
        self._changed()
