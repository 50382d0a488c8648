"""What the front ends know of a sign-in: its facts, its two clocks and how to make a new one. Pure.

Adapters satisfy the protocols; nothing here knows Globus, files or screens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import AccessToken

DeadlineSource = Literal["setting", "refused", "accepted"]
"""What tells how long a sign-in lasts: what is set, or what the gateway refused or accepted."""


@dataclass(frozen=True, slots=True)
class SignInDeadline:
    """When the site's session policy wants a fresh interactive sign-in, as far as that is known."""

    at: float | None
    """Unix time in seconds; None when it has passed and the gateway accepts the sign-in all the same."""
    signed_in_at: float
    """Unix time in seconds of the interactive sign-in."""
    days: float
    """How long a sign-in lasts: the setting, or what the gateway taught."""
    source: DeadlineSource
    is_estimate: bool = False
    """The sign-in was made elsewhere: this is the latest moment that it can have been."""

    @property
    def is_learned(self) -> bool:
        return self.source != "setting"

    @property
    def how_it_is_known(self) -> str:
        """In plain words."""
        days = f"{self.days:.1f}".removesuffix(".0")
        span = f"{days} {'day' if days == '1' else 'days'}"
        known = {
            "setting": f"{span} after the sign-in, as set (sign_in_days)",
            "refused": f"learned: the gateway refused a sign-in after {span}",
            "accepted": f"learned: the gateway accepted a sign-in after {span}",
        }[self.source]
        return f"{known}; an estimate, as the sign-in was made elsewhere" if self.is_estimate else known


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """Everything that is known about access to the gateway without asking anybody."""

    token: AccessToken | None
    """The access token as it is stored, also an expired one; None when there is none."""
    trouble: ChatError | None = None
    """Why it cannot be used now."""
    is_fixed: bool = False
    """It was handed over by a variable: never renewed, and a sign-in would not change it."""
    is_renewable: bool = False
    """A refresh token is stored beside it."""
    is_renewing: bool = False
    renewal_trouble: str = ""
    """Why the last renewal did not work, in plain words; empty when it did."""
    identity_id: str = ""
    """Globus' identifier of the identity."""
    scopes: tuple[str, ...] = ()
    file: str = ""
    """Path of the credential file; empty for a fixed token."""
    deadline: SignInDeadline | None = None
    """None when nothing is known about the sign-in."""
    notes: tuple[str, ...] = ()
    """What else is worth telling: a damaged file that was set aside, a sign-in that could not be saved."""

    @property
    def is_usable(self) -> bool:
        return self.token is not None and self.trouble is None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that worked."""

    token: AccessToken
    identity_id: str
    trouble: str = ""
    """Why it could not be saved; it then lasts until the program ends. Empty: it is saved."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What became of a sign-out."""

    was_signed_in: bool
    is_revoked: bool
    """Globus has ended the tokens; False: they are only removed from this machine."""
    trouble: str = ""
    """Why something was not done, in plain words."""
    others: tuple[str, ...] = field(default=())
    """Other places that still hold an access token: a variable's name or a file's path."""


class Identity(Protocol):
    """Who the access token belongs to, in the gateway's eyes (its whoami route)."""

    @property
    def name(self) -> str: ...

    @property
    def username(self) -> str: ...

    @property
    def identity_provider(self) -> str: ...


class PendingSignIn(Protocol):
    """A sign-in under way: the user opens `url` in any browser and brings back the code."""

    @property
    def url(self) -> str:
        """Globus' authorize page, about 450 characters."""

    async def finish(self, code: str, *, replace_identity: bool = False) -> SignedIn:
        """Exchanges the pasted code and stores what comes. May be called again after any failure: the same page
        gives another code, and one that was mistyped can be corrected.

        Args:
            code: as pasted; white space does not matter, and the address of the page with the code serves, too.
            replace_identity: take another identity than the stored one; after IdentityDiffers the same code serves.

        Raises:
            IdentityDiffers: somebody else is signed in here.
            SignInFailed: every other failure.
        """


class SignInService(Protocol):
    """Makes, renews and ends sign-ins. Never blocks the event loop."""

    async def facts(self) -> SignInFacts:
        """Reads files only; never the network, never raises."""

    async def keep_fresh(self) -> float:
        """Has an access token that is about to expire renewed in the background, at most as often as is polite.

        Never waits for Globus and never raises. Returns in how many seconds it is worth asking again, at most 60.
        """

    async def begin(self) -> PendingSignIn:
        """Starts an interactive sign-in that always asks for the password, as the site's policy wants.

        Raises:
            SignInFailed: the library cannot be used.
        """

    async def sign_out(self) -> SignedOut:
        """Revokes the tokens at Globus and removes them from this machine; the second also without a network."""
