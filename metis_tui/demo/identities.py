"""The people who can sign in to the demo gateway. Knows nothing of HTTP or of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GROUP = "55555555-5555-4555-8555-555555555555"
_ARGONNE = ("0dcf5063-bffd-40f7-b403-24f97e32fa47", "Argonne National Laboratory")
_GOOGLE = ("7daddf46-70c5-45ee-9f0f-7244fe7c8707", "Google")


@dataclass(frozen=True)
class Identity:
    """Who Globus says somebody is."""

    id: str
    name: str
    username: str
    provider: tuple[str, str] = _ARGONNE
    """Id and name of the identity provider."""
    refuse_as: str = ""
    """The refusal that the gateway has for this identity, a key of access.REFUSALS; empty: it is let in."""

    def whoami(self) -> dict[str, Any]:
        """What the gateway's whoami route says."""
        return {
            "id": self.id,
            "name": self.name,
            "username": self.username,
            "user_group_uuids": [_GROUP],
            "idp_id": self.provider[0],
            "idp_name": self.provider[1],
            "auth_service": "globus",
        }

    def claims(self) -> dict[str, Any]:
        """What Globus states about it in an id_token."""
        return {
            "sub": self.id,
            "name": self.name,
            "preferred_username": self.username,
            "email": self.username,
            "organization": self.provider[1],
            "identity_provider": self.provider[0],
            "identity_provider_display_name": self.provider[1],
        }


ALICE = Identity("11111111-1111-4111-8111-111111111111", "Alice Tester", "alice@anl.gov")
IDENTITIES: Mapping[str, Identity] = {
    "alice": ALICE,
    "bob": Identity("22222222-2222-4222-8222-222222222222", "Bob Builder", "bob@alcf.anl.gov"),
    "mal": Identity(
        "33333333-3333-4333-8333-333333333333", "Mal Outsider", "mal@gmail.com", _GOOGLE, refuse_as="noaccess-token"
    ),
    "gus": Identity("44444444-4444-4444-8444-444444444444", "Gus Grouper", "gus@anl.gov", refuse_as="group-token"),
}
"""`mal` comes from an identity provider that the gateway does not take, `gus` is in no group that it lets in."""


def find_identity(who: str) -> Identity:
    """The identity of that short name, username or id; raises ValueError that lists the names there are."""
    for name, identity in IDENTITIES.items():
        if who in (name, identity.username, identity.id):
            return identity
    raise ValueError(f"no identity {who!r}; there are: {', '.join(IDENTITIES)}")
