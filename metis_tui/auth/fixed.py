"""An access token that was handed over as it is: by a variable or by the demo gateway. Never renewed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from metis_tui.chat.errors import ChatError, SignInLapsed, TokenInactive, WrongIdentity
from metis_tui.chat.ports import AccessToken

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import SignInFacts

VARIABLES = ("METIS_TUI_TOKEN", "ALCF_AI_TOKEN")
"""The first that is set and not blank wins."""


class FixedToken:
    """Satisfies Authenticator with one access token; when it expires is not known."""

    def __init__(self, value: str, source: str = "given") -> None:
        self._token = AccessToken(value.strip(), expires_at=None, source=source)
        self._trouble: ChatError | None = None

    async def access_token(self) -> AccessToken:
        return self._token

    async def renew(self, refused: AccessToken) -> AccessToken:
        """Raises TokenInactive: there is no other one."""
        source = self._token.source
        hint = f"Put a fresh one into {source}, or unset it and sign in with Globus." if source in VARIABLES else ""
        raise TokenInactive(
            f"The access token of {source} has expired, was revoked or is mistyped; it cannot be renewed.",
            hint=hint or None,
        )

    def heard(self, token: AccessToken, failure: ChatError | None) -> None:
        if failure is None or isinstance(failure, (TokenInactive, SignInLapsed, WrongIdentity)):
            self._trouble = failure

    async def facts(self) -> SignInFacts:
        from metis_tui.chat.sign_in import SignInFacts

        return SignInFacts(token=self._token, trouble=self._trouble, is_fixed=True)

    async def keep_fresh(self) -> float:
        return 60.0


def token_from_environment(environ: Mapping[str, str] | None = None) -> AccessToken | None:
    """The token of METIS_TUI_TOKEN, else of ALCF_AI_TOKEN, stripped; None when both are unset or blank."""
    variables = os.environ if environ is None else environ
    for name in VARIABLES:
        value = variables.get(name, "").strip()
        if value:
            return AccessToken(value, expires_at=None, source=name)
    return None
