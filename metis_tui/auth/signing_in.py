"""Makes and ends Globus sign-ins: the page to open, the code that comes back, and signing out. Draws nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from urllib.parse import parse_qs, urlsplit

from metis_tui.auth import words
from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, StoredToken, read_token_file
from metis_tui.auth.credential_store import Document
from metis_tui.auth.fixed import VARIABLES
from metis_tui.auth.globus import Grant, StartedFlow
from metis_tui.auth.globus_access import GlobusAccess
from metis_tui.chat.background import in_background
from metis_tui.chat.errors import IdentityDiffers, SignInFailed
from metis_tui.chat.ports import AccessToken
from metis_tui.chat.sign_in import SignedIn, SignedOut


class GlobusSignIn:
    """One sign-in under way; satisfies PendingSignIn."""

    def __init__(self, access: GlobusAccess, flow: StartedFlow) -> None:
        self._access = access
        self._flow = flow
        self._exchanged: tuple[str, Grant] | None = None
        """A code is good once: what it gave is kept until it is stored."""

    @property
    def url(self) -> str:
        return self._flow.url

    async def finish(self, code: str, *, replace_identity: bool = False) -> SignedIn:
        """See PendingSignIn."""
        code = _bare_code(code)
        if not code:
            raise SignInFailed(
                "There is no code in what was pasted.", hint="Copy the code from the page and paste it."
            )
        return await in_background(lambda: self._finish(code, replace_identity), "globus-sign-in")

    def _finish(self, code: str, replace_identity: bool) -> SignedIn:
        if self._exchanged is None or self._exchanged[0] != code:
            self._exchanged = (code, self._flow.exchange(code))
        grant = self._exchanged[1]
        shelf = self._access.shelf
        with shelf.store.locked() if shelf.store is not None else nullcontext():
            stored = shelf.read().own
            if stored is not None and stored.identity_id not in ("", grant.identity_id) and not replace_identity:
                raise IdentityDiffers(
                    f"The tokens stored here belong to the identity {stored.identity_id}; "
                    f"the one that has just signed in is {grant.identity_id}.",
                    stored_id=stored.identity_id,
                    new_id=grant.identity_id,
                )
            trouble = keep(self._access, grant.documents)
        document = grant.documents[GATEWAY_RESOURCE_SERVER]
        expires_at = document["expires_at_seconds"]
        token = AccessToken(
            str(document["access_token"]),
            float(expires_at) if isinstance(expires_at, (int, float)) else None,
            "memory" if trouble else words.shown(shelf.files[0]),
        )
        return SignedIn(token, grant.identity_id, trouble)


async def begin(access: GlobusAccess) -> GlobusSignIn:
    """Starts a sign-in; asks nobody. Raises SignInFailed when the SDK cannot be used."""
    return GlobusSignIn(access, await in_background(lambda: access.renewals.globus().start(), "globus-start"))


def keep(access: GlobusAccess, documents: Mapping[str, Document]) -> str:
    """Stores a fresh sign-in and starts its clocks; why it is in memory only, or empty. Blocks."""
    trouble = access.shelf.keep(documents, is_sign_in=True)
    access.new_sign_in(str(documents[GATEWAY_RESOURCE_SERVER].get("refresh_token") or ""))
    return trouble


async def sign_out(access: GlobusAccess, environ: Mapping[str, str] | None = None) -> SignedOut:
    """See SignInService."""
    return await in_background(
        lambda: _sign_out(access, os.environ if environ is None else environ), "globus-sign-out"
    )


def _sign_out(access: GlobusAccess, environ: Mapping[str, str]) -> SignedOut:
    shelf = access.shelf
    troubles: list[str] = []
    with shelf.store.locked() if shelf.store is not None else nullcontext():
        documents = shelf.documents()
        tokens = [str(d[kind]) for kind in ("refresh_token", "access_token") for d in documents if d.get(kind)]
        is_revoked = True
        globus = access.renewals.globus()
        try:
            for token in tokens:
                globus.revoke(token)
        except SignInFailed as error:
            is_revoked = False
            troubles.append(f"Globus was not told: {error.reason}")
        try:
            shelf.empty()
        except OSError as error:
            troubles.append(f"The token file cannot be changed: {(error.strerror or 'no reason given').lower()}.")
    others = [name for name in VARIABLES if environ.get(name, "").strip()]
    others += [words.shown(path) for path in shelf.files[1:] if isinstance(read_token_file(path), StoredToken)]
    return SignedOut(bool(tokens), is_revoked and bool(tokens), " ".join(troubles), tuple(others))


def _bare_code(pasted: str) -> str:
    """The code in what was pasted: with white space, or the whole address of the page that shows it."""
    text = "".join(pasted.split())
    if text.startswith(("https://", "http://")):
        try:
            return parse_qs(urlsplit(text).query).get("code", [""])[0]
        except ValueError:
            return ""
    return text
