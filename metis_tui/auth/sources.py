"""The access token to use: a given one, a variable's, or that of a Globus sign-in. Knows nothing of HTTP.

The one object that the other rooms are given: it satisfies Authenticator and SignInService.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.auth.credential_file import token_files
from metis_tui.auth.deadline import SignInMemory
from metis_tui.auth.fixed import FixedToken, token_from_environment
from metis_tui.auth.globus_access import GlobusAccess
from metis_tui.auth.shelf import TokenShelf
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import AccessToken

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import PendingSignIn, SignedOut, SignInFacts


class TokenSources:
    """An explicit access token wins over METIS_TUI_TOKEN, that over ALCF_AI_TOKEN, and these over a sign-in.

    Args:
        files: the shared token file, then those that are only read; None: where ALCF's tools keep theirs.
        auth_url: another address of Globus Auth; None: the SDK's own choice.
        state_folder: where the sign-in is remembered; None: in memory.
        sign_in_days: how long the site lets a sign-in last, as set.
        clock: gives Unix seconds.
    """

    def __init__(
        self,
        explicit_token: str | None = None,
        *,
        explicit_source: str = "given",
        environ: Mapping[str, str] | None = None,
        files: tuple[Path, ...] | None = None,
        auth_url: str | None = None,
        state_folder: Path | None = None,
        sign_in_days: float = 7.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        value = (explicit_token or "").strip()
        given = AccessToken(value, None, explicit_source) if value else token_from_environment(environ)
        self._fixed = FixedToken(given.value, given.source) if given is not None else None
        self._environ = environ
        self._globus = GlobusAccess(
            TokenShelf(token_files() if files is None else files, clock),
            auth_url,
            SignInMemory(state_folder),
            sign_in_days=sign_in_days,
            clock=clock,
        )

    async def access_token(self) -> AccessToken:
        """See Authenticator."""
        return await (self._fixed or self._globus).access_token()

    async def renew(self, refused: AccessToken) -> AccessToken:
        """See Authenticator."""
        return await (self._fixed or self._globus).renew(refused)

    def heard(self, token: AccessToken, failure: ChatError | None) -> None:
        """See Authenticator."""
        (self._fixed or self._globus).heard(token, failure)

    async def facts(self) -> SignInFacts:
        """See SignInService."""
        return await (self._fixed or self._globus).facts()

    async def keep_fresh(self) -> float:
        """See SignInService."""
        return await (self._fixed or self._globus).keep_fresh()

    def adopt(self, documents: Mapping[str, Mapping[str, object]]) -> None:
        """Keeps a sign-in that was made just now without the user: documents by resource server. Blocks."""
        from metis_tui.auth import signing_in

        signing_in.keep(self._globus, documents)

    async def begin(self) -> PendingSignIn:
        """See SignInService."""
        from metis_tui.auth import signing_in  # most starts need neither it nor what it imports

        return await signing_in.begin(self._globus)

    async def sign_out(self) -> SignedOut:
        """See SignInService."""
        from metis_tui.auth import signing_in

        return await signing_in.sign_out(self._globus, self._environ)
