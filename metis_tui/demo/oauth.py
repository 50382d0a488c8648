"""The routes of the demo gateway's own Globus: signing in, tokens, revocation, keys. Knows nothing of sockets.

Where the Globus SDK is pointed at this address, the whole sign-in can be played without a network. Nobody is asked
for a password: whoever opens the authorize address has signed in.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

from .chat import ChatAnswer, TornReply
from .errors import Answer, json_answer, nginx_page, wrong_method
from .http import HttpRequest
from .id_tokens import public_keys, signed
from .identities import IDENTITIES
from .sign_ins import (
    ACCESS_TOKEN_SECONDS,
    AUTH_SCOPES,
    CLIENT_IDS,
    GATEWAY_SCOPE,
    AuthorizeRequest,
    GrantRefused,
    SignIn,
    SignIns,
)

AUTHORIZE = "/v2/oauth2/authorize"
CODE_PAGE = "/v2/web/auth-code"
TOKEN = "/v2/oauth2/token"
REVOKE = "/v2/oauth2/token/revoke"
CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/jwk.json"

_TEXT = "text/plain; charset=utf-8"
_NO_STORE = (("cache-control", "no-store"), ("pragma", "no-cache"))
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_DEPENDENCIES = re.compile(r"\[[^\[\]]*\]")
_SCOPES = frozenset({*AUTH_SCOPES, GATEWAY_SCOPE})
_MOST_FIELDS = 50


class GlobusRoutes:
    """Answers what Globus Auth would; one object serves one gateway.

    Args: address: gives the own address, with its trailing slash, once it is known.
    """

    def __init__(self, sign_ins: SignIns, address: Callable[[], str]) -> None:
        self._sign_ins, self._address = sign_ins, address
        self._table: dict[str, tuple[str, Callable[[HttpRequest], Awaitable[Answer]]]] = {
            AUTHORIZE: ("GET", self._authorize),
            CODE_PAGE: ("GET", self._code_page),
            TOKEN: ("POST", self._token),
            REVOKE: ("POST", self._revoke),
            CONFIGURATION: ("GET", self._configuration),
            KEYS: ("GET", self._keys),
        }

    async def answer(self, request: HttpRequest) -> ChatAnswer | None:
        """The answer to a request for one of these routes; None for all others."""
        entry = self._table.get(request.path)
        if entry is None:
            return None
        outage = self._sign_ins.outage
        if outage is not None:
            return await _outage(outage)
        method, handler = entry
        if request.method != method:
            return wrong_method(method)
        try:
            return await handler(request)
        except GrantRefused as refused:
            return json_answer(401 if refused.word == "invalid_client" else 400, {"error": refused.word})

    # -- in the browser ------------------------------------------------------------------------------------------

    async def _authorize(self, request: HttpRequest) -> Answer:
        asked = _single(request.query)
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") not in CLIENT_IDS:
            return _page(400, "This application is not known: client_id.")
        if redirect_uri != self._own(CODE_PAGE):
            return _page(400, "The application has not registered this address: redirect_uri.")
        back = {"state": asked["state"]} if "state" in asked else {}
        word = _trouble(asked)
        if word:
            return _redirect(redirect_uri, {"error": word, **back})
        wanted = AuthorizeRequest(
            client_id=asked["client_id"],
            redirect_uri=redirect_uri,
            scopes=_scopes(asked["scope"]),
            challenge=asked["code_challenge"],
            state=asked.get("state", ""),
            is_offline=asked.get("access_type") == "offline",
        )
        code = self._sign_ins.authorize(wanted, asked.get("login_hint", ""))
        return _redirect(redirect_uri, {"code": code, **back})

    async def _code_page(self, request: HttpRequest) -> Answer:
        shown = _single(request.query)
        if "error" in shown:
            return _page(200, f"The sign-in failed: {_one_line(shown['error'])}.")
        code = shown.get("code", "")
        identity = self._sign_ins.identity_of_code(code)
        if identity is None:
            return _page(200, "There is no such code, or it was used.")
        return _page(
            200,
            f"Signed in as {identity.name} ({identity.username}).",
            "Copy this code and paste it where you came from:",
            code,
            "It is good once, for ten minutes.",
            "To sign in as somebody else, add &login_hint=NAME to the address that brought you here. "
            f"There are: {', '.join(IDENTITIES)}.",
        )

    # -- for programs --------------------------------------------------------------------------------------------

    async def _token(self, request: HttpRequest) -> Answer:
        form = _client_form(request)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return _secret(await self._code_grant(form))
        if grant == "refresh_token":
            refreshed = self._sign_ins.refresh(_needed(form, "refresh_token"), form["client_id"])
            return _secret({**refreshed.document(), "other_tokens": []})
        raise GrantRefused("unsupported_grant_type" if grant else "invalid_request")

    async def _code_grant(self, form: dict[str, str]) -> dict[str, Any]:
        verifier = _needed(form, "code_verifier")
        if not _VERIFIER.fullmatch(verifier):
            raise GrantRefused("invalid_grant")
        granted, sign_in, wanted = self._sign_ins.exchange(
            _needed(form, "code"), form["client_id"], _needed(form, "redirect_uri"), verifier
        )
        documents = [one.document() for one in granted]
        answer = {**documents[0], "other_tokens": documents[1:], "state": wanted.state}
        if "openid" in wanted.scopes:
            claims = self._claims(sign_in, wanted.client_id)
            answer["id_token"] = await asyncio.to_thread(signed, claims)
        return answer

    def _claims(self, sign_in: SignIn, client_id: str) -> dict[str, Any]:
        now = int(time.time())
        return {
            **sign_in.identity.claims(),
            "iss": self._issuer,
            "aud": client_id,
            "iat": now,
            "exp": now + int(ACCESS_TOKEN_SECONDS),
            "last_authentication": int(sign_in.at),
        }

    async def _revoke(self, request: HttpRequest) -> Answer:
        form = _client_form(request)
        self._sign_ins.revoke(_needed(form, "token"), form["client_id"])
        return _secret({"active": False})

    async def _configuration(self, request: HttpRequest) -> Answer:
        return json_answer(
            200,
            {
                "issuer": self._issuer,
                "authorization_endpoint": self._own(AUTHORIZE),
                "token_endpoint": self._own(TOKEN),
                "revocation_endpoint": self._own(REVOKE),
                "jwks_uri": self._own(KEYS),
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": [*AUTH_SCOPES, GATEWAY_SCOPE],
            },
        )

    async def _keys(self, request: HttpRequest) -> Answer:
        return json_answer(200, await asyncio.to_thread(public_keys))

    @property
    def _issuer(self) -> str:
        return self._address().rstrip("/")

    def _own(self, path: str) -> str:
        return self._issuer + path


def _trouble(asked: dict[str, str]) -> str:
    """OAuth2's name of what is wrong with a request to sign in; empty when nothing is."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type" if asked.get("response_type") else "invalid_request"
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return "invalid_request"
    if asked.get("access_type", "online") not in ("online", "offline"):
        return "invalid_request"
    if asked.get("prompt", "login") != "login":
        return "invalid_request"
    if not all(map(_is_uuid, filter(None, asked.get("session_required_policies", "").split(",")))):
        return "invalid_request"
    scopes = _scopes(asked.get("scope", ""))
    return "" if scopes and _SCOPES.issuperset(scopes) else "invalid_scope"


def _scopes(text: str) -> tuple[str, ...]:
    """The scopes asked for, without the ones in brackets that hang on them."""
    return tuple(dict.fromkeys(_DEPENDENCIES.sub("", text).split()))


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _client_form(request: HttpRequest) -> dict[str, str]:
    """The fields of a form that a known client has sent; raises GrantRefused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind != "application/x-www-form-urlencoded":
            raise ValueError("no form")
        fields = parse_qs(
            request.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise GrantRefused("invalid_request") from None
    if any(len(values) > 1 for values in fields.values()):
        raise GrantRefused("invalid_request")
    form = _single(fields)
    if form.get("client_id") not in CLIENT_IDS:
        raise GrantRefused("invalid_client")
    return form


def _single(fields: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in fields.items()}


def _needed(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise GrantRefused("invalid_request")
    return value


def _secret(value: dict[str, Any]) -> Answer:
    answer = json_answer(200, value)
    return Answer(answer.status, answer.body, headers=_NO_STORE)


def _redirect(address: str, query: dict[str, str]) -> Answer:
    location = f"{address}?{urlencode(query, errors='replace')}"
    return Answer(302, b"", _TEXT, (("location", location), *_NO_STORE))


def _page(status: int, *paragraphs: str) -> Answer:
    """Plain text, which a browser and curl show alike."""
    return Answer(status, ("\n\n".join(paragraphs) + "\n").encode("utf-8", "replace"), _TEXT, _NO_STORE)


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:80]


async def _outage(how: int | str) -> Answer | TornReply:
    if how == "hang":
        await asyncio.Event().wait()
    if how == "cut":
        return TornReply(Answer(503, b""), reset=False)
    if how == 500:
        return json_answer(500, {"error": "internal_error", "error_description": "Internal Server Error"})
    return nginx_page(int(how), "Service Temporarily Unavailable")
