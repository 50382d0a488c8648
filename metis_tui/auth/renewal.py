"""Renews the access token with the stored refresh token, at most once across processes. Blocks; knows no loop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from metis_tui.auth.credential_file import StoredToken
from metis_tui.auth.globus import Globus, Grant, GrantRefused
from metis_tui.auth.shelf import TokenShelf
from metis_tui.chat.errors import SignInNeeded

_LEAST_SECONDS = 10.0
"""One that ends sooner is not worth taking over."""


def renew(shelf: TokenShelf, globus: Globus, stale: str, clock: Callable[[], float]) -> StoredToken:
    """Another access token than `stale`: one that somebody else has put into the file meanwhile, else a new one.

    Raises:
        SignInNeeded: there is no refresh token.
        GrantRefused: Globus does not take the refresh token any more.
        SignInFailed: it did not work this time.
    """
    with shelf.store.locked() if shelf.store is not None else nullcontext():
        tried = ""
        while True:
            own = shelf.read().own
            if own is not None and own.value != stale and (own.expires_at or 0.0) > clock() + _LEAST_SECONDS:
                return own
            if own is None or not own.refresh_token or own.refresh_token == tried:
                if tried:
                    raise GrantRefused("Globus has ended this sign-in, or it was not used for six months.")
                raise SignInNeeded("There is no refresh token to renew the access token with.")
            try:
                grant = globus.renew(own.refresh_token)
            except GrantRefused:
                tried = own.refresh_token  # another tool, which takes no lock, may have stored a new one
                continue
            shelf.keep(_completed(grant, own))
            renewed = shelf.read().own
            if renewed is None or renewed.value == stale:
                raise SignInNeeded("The new access token was lost.")
            return renewed


def _completed(grant: Grant, old: StoredToken) -> dict[str, dict[str, object]]:
    """A renewal names nobody, and may leave the refresh token out when it stays the same."""
    return {
        name: {
            **document,
            "identity_id": old.identity_id or None,
            "refresh_token": document["refresh_token"] or old.refresh_token,
        }
        for name, document in grant.documents.items()
    }
