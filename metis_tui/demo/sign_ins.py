"""Keeps the sign-ins of the demo gateway's own Globus: codes, refresh tokens, access tokens, and who is signed in.

Knows nothing of HTTP. Everything may be called from any thread. Tests steer it as `DemoGateway.oauth`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .identities import ALICE, Identity, find_identity
from .limits import Clock

GATEWAY_RESOURCE_SERVER = "681c10cc-f684-4540-bcd7-0b4df3bc26ef"
GATEWAY_SCOPE = f"https://auth.globus.org/scopes/{GATEWAY_RESOURCE_SERVER}/action_all"
AUTH_RESOURCE_SERVER = "auth.globus.org"
AUTH_SCOPES = ("openid", "profile", "email")
CLIENT_IDS = ("7f3e61f5-e0de-4e8f-9150-0a62c65dda63", "58fdd3bc-e1c3-4ce5-80ea-8d6b87cfb944")
"""The native clients of ALCF's tools, the newest first."""

ACCESS_TOKEN_SECONDS = 172_800.0
CODE_SECONDS = 600.0
_CODE_CHARACTERS = 30
_TOKEN_CHARACTERS = 94
_MOST_KEPT = 2000


class GrantRefused(Exception):
    """No tokens for this request; `word` is OAuth2's name of the reason."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass
class SignIn:
    """One interactive sign-in; what comes to ail it stays until there is a new one."""

    identity: Identity
    at: float
    """Unix seconds."""
    trouble: str = ""
    """A key of access.REFUSALS."""


@dataclass(frozen=True)
class AuthorizeRequest:
    """What a client asked for when it sent somebody to sign in."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    """The S256 code challenge."""
    state: str
    is_offline: bool
    """Whether refresh tokens are wanted, too."""


@dataclass
class _Code:
    request: AuthorizeRequest
    sign_in: SignIn
    expires_at: float


@dataclass
class IssuedToken:
    """One access token or refresh token that was handed out."""

    value: str = field(repr=False)
    sign_in: SignIn
    client_id: str
    resource_server: str
    scope: str
    expires_at: float | None = None
    """On the gateway's clock; None: never."""
    is_revoked: bool = False
    parent: IssuedToken | None = field(default=None, repr=False)
    """The refresh token whose end is the end of this one, too."""

    def is_active(self, now: float) -> bool:
        if self.is_revoked or (self.parent is not None and self.parent.is_revoked):
            return False
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True)
class Granted:
    """What a grant gives for one resource server."""

    access: IssuedToken
    refresh: IssuedToken | None
    expires_in: int

    def document(self) -> dict[str, Any]:
        """As Globus' token route answers."""
        document: dict[str, Any] = {
            "access_token": self.access.value,
            "scope": self.access.scope,
            "expires_in": self.expires_in,
            "token_type": "Bearer",
            "resource_server": self.access.resource_server,
        }
        if self.refresh is not None:
            document["refresh_token"] = self.refresh.value
        return document

    def stored(self) -> dict[str, Any]:
        """As the Globus SDK keeps it in its token file."""
        return {
            "resource_server": self.access.resource_server,
            "identity_id": self.access.sign_in.identity.id,
            "scope": self.access.scope,
            "access_token": self.access.value,
            "refresh_token": self.refresh.value if self.refresh is not None else None,
            "expires_at_seconds": int(time.time() + self.expires_in),
            "token_type": "Bearer",
        }


class SignIns:
    """Gives codes and tokens, and takes them back.

    Args:
        clock: drives what expires.
        access_token_seconds: how long the gateway's access tokens are good.
        refuse_issued_as: what the gateway has against sign-ins from before it started (a key of access.REFUSALS).
    """

    def __init__(
        self, clock: Clock, access_token_seconds: float = ACCESS_TOKEN_SECONDS, refuse_issued_as: str | None = None
    ) -> None:
        self.access_token_seconds = access_token_seconds
        """For access tokens issued from now on."""
        self.grants: list[str] = []
        """The grants that gave tokens, oldest first: authorization_code or refresh_token."""
        self.outage: int | str | None = None
        """See set_down."""
        self._clock, self._refuse_issued_as = clock, refuse_issued_as
        self._next_identity = ALICE
        self._sign_ins: list[SignIn] = []
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, IssuedToken] = {}
        self._lock = threading.RLock()

    # -- for tests -----------------------------------------------------------------------------------------------

    def sign_in_as(self, who: str) -> Identity:
        """From now on this identity signs in: alice, bob, mal or gus. Raises ValueError."""
        self._next_identity = find_identity(who)
        return self._next_identity

    def issue(
        self, who: str = "alice", *, access_token_seconds: float | None = None, client_id: str = CLIENT_IDS[0]
    ) -> dict[str, dict[str, Any]]:
        """Tokens of a sign-in from before the gateway started, by resource server, as the SDK's token file has them.

        In a scenario whose access token is refused these are refused alike; one that is no longer active can be
        renewed.
        """
        with self._lock:
            sign_in = self._new_sign_in(find_identity(who))
            granted = self._all_granted(sign_in, client_id, (*AUTH_SCOPES, GATEWAY_SCOPE), True, access_token_seconds)
            if self._refuse_issued_as == "expired-token":
                for one in granted:
                    one.access.is_revoked = True
            elif self._refuse_issued_as:
                sign_in.trouble = self._refuse_issued_as
            return {one.access.resource_server: one.stored() for one in granted}

    def expire_access_tokens(self) -> None:
        """Every access token until now is no longer active; refresh tokens stay good."""
        with self._lock:
            for token in self._tokens.values():
                token.is_revoked = token.is_revoked or token.expires_at is not None

    def revoke_everything(self) -> None:
        """Every access token and refresh token until now is dead."""
        with self._lock:
            for token in self._tokens.values():
                token.is_revoked = True

    def lapse_sign_ins(self, trouble: str = "policy-token") -> None:
        """The session policy timed out: every sign-in until now is refused, renewed or not, until a new one."""
        with self._lock:
            for sign_in in self._sign_ins:
                sign_in.trouble = trouble

    def set_down(self, how: int | str | None) -> None:
        """An outage of Globus: a status that it answers everything with, "cut" for connections that end without an
        answer, "hang" for none at all; None ends it.
        """
        if isinstance(how, str) and how not in ("cut", "hang"):
            raise ValueError(f"no outage {how!r}; there are: a status, cut, hang")
        self.outage = how

    @property
    def is_down(self) -> bool:
        return self.outage is not None

    def is_active(self, value: str) -> bool:
        """Whether an access token or refresh token is good now."""
        return self.find(value) is not None

    # -- for the routes ------------------------------------------------------------------------------------------

    def authorize(self, request: AuthorizeRequest, who: str = "") -> str:
        """Somebody signs in; gives the code. An unknown name is that of whoever is next."""
        with self._lock:
            try:
                identity = find_identity(who)
            except ValueError:
                identity = self._next_identity
            code = _random_word(_CODE_CHARACTERS)
            _forget_some(self._codes)
            self._codes[code] = _Code(request, self._new_sign_in(identity), self._clock() + CODE_SECONDS)
            return code

    def identity_of_code(self, code: str) -> Identity | None:
        """Who has signed in with it."""
        with self._lock:
            found = self._codes.get(code)
            return found.sign_in.identity if found else None

    def exchange(
        self, code: str, client_id: str, redirect_uri: str, verifier: str
    ) -> tuple[list[Granted], SignIn, AuthorizeRequest]:
        """The tokens for a code, the first to answer with first. Raises GrantRefused; a good exchange uses it up."""
        with self._lock:
            found = self._codes.get(code)
            if found is None or self._clock() >= found.expires_at:
                raise GrantRefused("invalid_grant")
            request = found.request
            if (client_id, redirect_uri) != (request.client_id, request.redirect_uri):
                raise GrantRefused("invalid_grant")
            if not hmac.compare_digest(_s256(verifier), request.challenge.encode()):
                raise GrantRefused("invalid_grant")
            del self._codes[code]
            granted = self._all_granted(found.sign_in, client_id, request.scopes, request.is_offline)
            self.grants.append("authorization_code")
            return granted, found.sign_in, request

    def refresh(self, refresh_token: str, client_id: str) -> Granted:
        """A new access token; the refresh token stays good. Raises GrantRefused."""
        with self._lock:
            refresh = self.find(refresh_token)
            if refresh is None or refresh.expires_at is not None or refresh.client_id != client_id:
                raise GrantRefused("invalid_grant")
            self.grants.append("refresh_token")
            return self._granted(refresh.sign_in, client_id, refresh.resource_server, refresh.scope, refresh)

    def revoke(self, value: str, client_id: str) -> None:
        """Ends a token, and with a refresh token its access tokens; one that is unknown is dead already."""
        with self._lock:
            token = self._tokens.get(value)
            if token is None:
                return
            if token.client_id != client_id:
                raise GrantRefused("unauthorized_client")
            token.is_revoked = True

    def find(self, value: str) -> IssuedToken | None:
        """The token that was issued with this value, if it is good now."""
        with self._lock:
            token = self._tokens.get(value)
            return token if token is not None and token.is_active(self._clock()) else None

    # -- parts ---------------------------------------------------------------------------------------------------

    def _new_sign_in(self, identity: Identity) -> SignIn:
        sign_in = SignIn(identity, time.time())
        self._sign_ins.append(sign_in)
        return sign_in

    def _all_granted(
        self,
        sign_in: SignIn,
        client_id: str,
        scopes: Collection[str],
        is_offline: bool,
        gateway_seconds: float | None = None,
    ) -> list[Granted]:
        granted = []
        for resource_server, scope in _by_resource_server(scopes).items():
            refresh = self._new_token(sign_in, client_id, resource_server, scope) if is_offline else None
            granted.append(self._granted(sign_in, client_id, resource_server, scope, refresh, gateway_seconds))
        return granted

    def _granted(
        self,
        sign_in: SignIn,
        client_id: str,
        resource_server: str,
        scope: str,
        refresh: IssuedToken | None,
        gateway_seconds: float | None = None,
    ) -> Granted:
        seconds = ACCESS_TOKEN_SECONDS
        if resource_server == GATEWAY_RESOURCE_SERVER:
            seconds = self.access_token_seconds if gateway_seconds is None else gateway_seconds
        access = self._new_token(sign_in, client_id, resource_server, scope)
        access.expires_at, access.parent = self._clock() + seconds, refresh
        return Granted(access, refresh, int(seconds))

    def _new_token(self, sign_in: SignIn, client_id: str, resource_server: str, scope: str) -> IssuedToken:
        if len(self._tokens) >= _MOST_KEPT:
            now = self._clock()
            self._tokens = {value: token for value, token in self._tokens.items() if token.is_active(now)}
        token = IssuedToken("Ag" + _random_word(_TOKEN_CHARACTERS), sign_in, client_id, resource_server, scope)
        self._tokens[token.value] = token
        return token


def _by_resource_server(scopes: Collection[str]) -> Mapping[str, str]:
    """The wanted scopes of each resource server, joined; Globus' own answers first."""
    own = " ".join(scope for scope in scopes if scope in AUTH_SCOPES)
    found = {AUTH_RESOURCE_SERVER: own} if own else {}
    if GATEWAY_SCOPE in scopes:
        found[GATEWAY_RESOURCE_SERVER] = GATEWAY_SCOPE
    return found


def _s256(verifier: str) -> bytes:
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _random_word(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def _forget_some(codes: dict[str, _Code]) -> None:
    while len(codes) >= _MOST_KEPT:
        del codes[next(iter(codes))]
