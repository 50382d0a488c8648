"""Signing in at a demo gateway's own Globus: with plain HTTP, and with the real SDK."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from demo_calls import Got
from globus_sdk import NativeAppAuthClient
from globus_sdk.transport import RetryConfig

from metis_tui.demo.server import DemoGateway
from metis_tui.demo.sign_ins import CLIENT_IDS, GATEWAY_RESOURCE_SERVER, GATEWAY_SCOPE

CLIENT_ID = CLIENT_IDS[0]
POLICY = "83732ff2-9c42-4548-b5ce-17e498c84f6a"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def ask(
    gateway: DemoGateway, path: str, form: dict[str, str] | bytes | None = None, *, kind: str | None = None
) -> Got:
    """One request to the demo's Globus, without following redirects; a POST when there is a form."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    body = urlencode(form) if isinstance(form, dict) else form
    headers = {} if form is None else {"Content-Type": kind or "application/x-www-form-urlencoded"}
    try:
        connection.request("GET" if form is None else "POST", path, body, headers)
        reply = connection.getresponse()
        return Got(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


def authorize_path(gateway: DemoGateway, **change: str | None) -> str:
    """The way to sign in, with some parameters changed, or left out when None."""
    query = {
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri(gateway),
        "scope": f"openid profile email {GATEWAY_SCOPE}",
        "state": "_default",
        "response_type": "code",
        "access_type": "offline",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "prompt": "login",
        "session_required_policies": POLICY,
        **change,
    }
    return "/v2/oauth2/authorize?" + urlencode({name: value for name, value in query.items() if value is not None})


def redirect_uri(gateway: DemoGateway) -> str:
    return f"{gateway.auth_url}v2/web/auth-code"


def redirected(got: Got) -> dict[str, str]:
    """What the redirect carries."""
    assert got.status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(got.headers["location"]).query).items()}


def new_code(gateway: DemoGateway, **change: str | None) -> str:
    return redirected(ask(gateway, authorize_path(gateway, **change)))["code"]


def exchanged(gateway: DemoGateway, code: str, /, **change: str | None) -> Got:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": code,
        "code_verifier": VERIFIER,
        "redirect_uri": redirect_uri(gateway),
        **change,
    }
    return ask(gateway, "/v2/oauth2/token", {name: value for name, value in form.items() if value is not None})


def refreshed(gateway: DemoGateway, refresh_token: str, client_id: str = CLIENT_ID) -> Got:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
    return ask(gateway, "/v2/oauth2/token", form)


def revoked(gateway: DemoGateway, token: str, client_id: str = CLIENT_ID) -> Got:
    return ask(gateway, "/v2/oauth2/token/revoke", {"token": token, "client_id": client_id})


def signed_in(gateway: DemoGateway, **change: str | None) -> dict[str, Any]:
    """The gateway's token document after an interactive sign-in."""
    return for_gateway(exchanged(gateway, new_code(gateway, **change)).json)


def for_gateway(answer: dict[str, Any]) -> dict[str, Any]:
    documents = [answer, *answer["other_tokens"]]
    return next(document for document in documents if document["resource_server"] == GATEWAY_RESOURCE_SERVER)


def code_on(page: str) -> str:
    """The code of the page that shows it: alone on its line."""
    found = re.findall(r"^[A-Za-z0-9]{30}$", page, re.M)
    assert len(found) == 1, page
    return found[0]


def sdk_client(gateway: DemoGateway) -> NativeAppAuthClient:
    return NativeAppAuthClient(CLIENT_ID, base_url=gateway.auth_url, retry_config=RetryConfig(max_retries=0))


def word_of(got: Got) -> str:
    """The one word of an OAuth2 refusal."""
    body = json.loads(got.raw)
    assert set(body) == {"error"}
    return body["error"]
