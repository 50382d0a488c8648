"""Decides what an Authorization header is worth. Knows nothing of routes.

Every refusal is a 401, as on the public gateway: status alone never tells whose fault it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import Answer, Refused, detail, gateway_error
from .faults import access_faults
from .identities import ALICE, Identity
from .limits import Clock
from .sign_ins import GATEWAY_RESOURCE_SERVER, IssuedToken, SignIns

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

GROUP_RESTRICTED = "Permission denied due to Globus Group restrictions."
"""About one model, not about the caller."""

_ACCESS_FAULTS = {
    "lapse": REFUSALS["policy-token"],
    "inactive": INACTIVE,
    "wrong_identity": REFUSALS["noaccess-token"],
    "globus_down": REFUSALS["globus-down-token"],
    "group": GROUP_RESTRICTED,
}
_MOST_STRUCK = 1000


def unauthorized(message: str) -> Answer:
    return gateway_error(401, "unauthorized", message)


@dataclass(frozen=True)
class Caller:
    """Who sends a request."""

    key: str = field(repr=False)
    """One for each user; whoever holds a fixed access token is a user of its own."""
    identity: Identity


@dataclass
class TokenDesk:
    """Checks access tokens and remembers failures of the token service for a minute."""

    clock: Clock
    sign_ins: SignIns
    tokens: frozenset[str] = frozenset({DEMO_TOKEN})
    """The fixed ones, which never expire."""
    refuse_as: str | None = None
    """A key of REFUSALS: the fixed ones are then refused the same way."""
    _failures: dict[str, tuple[float, str]] = field(default_factory=dict)
    _struck: set[tuple[str, int]] = field(default_factory=set)
    """The faults that have struck, each with the hash of its prompt, which may be long."""

    def admit(self, header: str | None, prompt: str = "") -> Caller:
        """Who sends this Authorization header; raises Refused with a 401 when it is not good, or when the prompt
        asks for such a fault that has not struck yet.
        """
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
        self._check(token)
        issued = self._issued(token)
        self._strike(token, issued, prompt)
        return Caller(issued.sign_in.identity.id if issued else token, issued.sign_in.identity if issued else ALICE)

    def _check(self, token: str) -> None:
        message = self._refusal(token)
        if message is not None:
            raise Refused(unauthorized(self._remembered(token, message)))

    def _refusal(self, token: str) -> str | None:
        if token in self.tokens:
            return REFUSALS[self.refuse_as] if self.refuse_as else None
        issued = self._issued(token)
        if issued is None:
            return REFUSALS.get(token, INACTIVE)
        sign_in = issued.sign_in
        refused_as = sign_in.trouble or sign_in.identity.refuse_as
        if refused_as == "noaccess-token":
            return _WRONG_PROVIDER.format(who=_outsider(sign_in.identity))
        return REFUSALS[refused_as] if refused_as else None

    def _issued(self, token: str) -> IssuedToken | None:
        """The good access token of a sign-in; a refresh token or one for another service is none."""
        found = self.sign_ins.find(token)
        is_ours = found is not None and found.resource_server == GATEWAY_RESOURCE_SERVER
        return found if is_ours and found is not None and found.expires_at is not None else None

    def _strike(self, token: str, issued: IssuedToken | None, prompt: str) -> None:
        """Lets the first fault of the prompt that has not struck yet do its harm; raises Refused then."""
        for name in access_faults(prompt):
            strike = (name, hash(prompt))
            if strike in self._struck:
                continue
            if len(self._struck) >= _MOST_STRUCK:
                self._struck.clear()
            self._struck.add(strike)
            if issued is not None:
                self._harm(name, issued)
                self._check(token)
            raise Refused(unauthorized(_ACCESS_FAULTS[name]))

    def _harm(self, name: str, issued: IssuedToken) -> None:
        if name == "lapse":
            self.sign_ins.lapse_sign_ins()
        elif name == "wrong_identity":
            self.sign_ins.lapse_sign_ins("noaccess-token")
        elif name == "inactive":
            self.sign_ins.revoke(issued.value, issued.client_id)

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


def accepted_tokens(*extra: Iterable[str], with_demo_token: bool = True) -> frozenset[str]:
    """The demo token, unless a sign-in is needed, and any others given."""
    return frozenset({DEMO_TOKEN} if with_demo_token else ()).union(*extra)


def _outsider(identity: Identity) -> str:
    """How a refusal calls somebody who signed in with an identity provider that is not let in."""
    return f"{identity.name} ({identity.username.partition('@')[0]}@gmail.com)"
