"""Decides what an Authorization header is worth. Knows nothing of routes.

Every refusal is a 401, as on the public gateway: status alone never tells whose fault it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import Answer, Refused, detail, gateway_error
from .limits import Clock

DEMO_TOKEN = "good-token"
NEGATIVE_CACHE_SECONDS = 60.0

INACTIVE = "Token is either not active or invalid"
_LOGIN_AGAIN = (
    "logout from Globus by visiting https://app.globus.org/logout and re-authenticate with the following command: "
    "'python3 inference_auth_token.py authenticate --force'."
)
_WRONG_PROVIDER = (
    "Error: Permission denied. Must authenticate with anl.gov, alcf.anl.gov. Currently authenticated as {who}. "
    "If you are passing an access token directly to this API, please " + _LOGIN_AGAIN
)

REFUSALS: dict[str, str] = {
    "expired-token": INACTIVE,
    "exp-passed-token": "Access token expired.",
    "policy-token": (
        "Error: Permission denied from internal policies. This is likely due to a high-assurance timeout. Please "
        "logout by visiting https://app.globus.org/logout, and re-authenticate with the following command: "
        "'python3 inference_auth_token.py authenticate --force'. Make sure you authenticate with an authorized "
        "identity provider: anl.gov, alcf.anl.gov."
    ),
    "noaccess-token": _WRONG_PROVIDER.format(who="Mal Outsider (mal@gmail.com)"),
    "nosession-token": _WRONG_PROVIDER.format(who="Unknown (no active session found)"),
    "globus-down-token": (
        "Could not introspect token with Globus /v2/oauth2/token/introspect. auth.globus.org unreachable (simulated)"
    ),
    "group-token": (
        "Error: Permission denied. User (Gus Grouper - gus@anl.gov) not part of the Globus Groups applied for "
        "this service."
    ),
}
"""What each known bad token is refused with; any other unknown token is not active."""

# Only what the token service itself says is remembered; the policy checks run again each time.
_FROM_INTROSPECTION = (INACTIVE, REFUSALS["globus-down-token"])

IDENTITY = {
    "id": "11111111-1111-4111-8111-111111111111",
    "name": "Alice Tester",
    "username": "alice@anl.gov",
    "user_group_uuids": ["55555555-5555-4555-8555-555555555555"],
    "idp_id": "0dcf5063-bffd-40f7-b403-24f97e32fa47",
    "idp_name": "Argonne National Laboratory",
    "auth_service": "globus",
}


def unauthorized(message: str) -> Answer:
    return gateway_error(401, "unauthorized", message)


@dataclass
class TokenDesk:
    """Checks access tokens and remembers failures of the token service for a minute."""

    clock: Clock
    tokens: frozenset[str] = frozenset({DEMO_TOKEN})
    refuse_as: str | None = None
    """A key of REFUSALS: good tokens are then refused the same way."""
    _failures: dict[str, tuple[float, str]] = field(default_factory=dict)

    def admit(self, header: str | None) -> str:
        """The access token of a good Authorization header; raises Refused with a 401 otherwise."""
        if not header:
            raise Refused(
                detail(401, "Error: Missing ('Authorization': 'Bearer <your-access-token>') in request headers.")
            )
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise Refused(
                unauthorized("Something went wrong while reading headers. Authorization type should be Bearer.")
            )
        token = token.strip()
        message = self._refusal(token)
        if message is not None:
            raise Refused(unauthorized(self._remembered(token, message)))
        return token

    def _refusal(self, token: str) -> str | None:
        if token in self.tokens:
            return REFUSALS[self.refuse_as] if self.refuse_as else None
        return REFUSALS.get(token, INACTIVE)

    def _remembered(self, token: str, message: str) -> str:
        if message not in _FROM_INTROSPECTION:
            return message
        now = self.clock()
        failed_at, earlier = self._failures.get(token, (-NEGATIVE_CACHE_SECONDS, ""))
        if earlier and now - failed_at < NEGATIVE_CACHE_SECONDS:
            return f"Token introspection: {earlier}"
        if len(self._failures) > 1000:
            self._failures.clear()
        self._failures[token] = (now, message)
        return message


def accepted_tokens(*extra: Iterable[str]) -> frozenset[str]:
    """The demo token and any others given."""
    return frozenset({DEMO_TOKEN}.union(*extra))
