"""Talks to Globus Auth by way of globus-sdk: starts a sign-in, exchanges its code, renews, revokes.

Everything here blocks and belongs in a thread. The SDK takes 0.2 s to import, so it is imported when first needed.
No text of an error ever holds a code or a token: the SDK's own texts are not passed on.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from metis_tui.auth.credential_file import APP_NAME, CLIENT_ID, GATEWAY_RESOURCE_SERVER
from metis_tui.chat.errors import SignInFailed
from metis_tui.chat.printable import printable_line

if TYPE_CHECKING:
    from globus_sdk import NativeAppAuthClient

SCOPE = f"https://auth.globus.org/scopes/{GATEWAY_RESOURCE_SERVER}/action_all"
SESSION_POLICY = "83732ff2-9c42-4548-b5ce-17e498c84f6a"
"""ALCF's policy for inference: who has to sign in again, and how often."""

CONNECT_SECONDS = 2.5
ANSWER_SECONDS = 10.0
_CLOCK_LEEWAY_SECONDS = 300.0
"""The SDK's own default."""
_SCOPES = ("openid", SCOPE)
"""`openid` because the SDK's own application object, with which other tools read the file, wants it stored."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What Globus gave: documents by resource server, as the token file keeps them."""

    documents: Mapping[str, Mapping[str, object]]
    identity_id: str
    """Empty after a renewal, which names nobody."""

    def __repr__(self) -> str:
        return f"Grant({sorted(self.documents)})"


class GlobusUnreachable(SignInFailed):
    """No answer from Globus: nobody's token is at fault."""

    kind = "globus_unreachable"
    title = "Globus cannot be reached"
    hint = "Check the network or proxy and try again; stored tokens are kept."


class GrantRefused(SignInFailed):
    """Globus does not take the code or the refresh token, and will not take it later either."""

    kind = "grant_refused"
    hint = "Correct it, or open the page again: it gives another code."


class Globus:
    """Args: auth_url: another address of Globus Auth, https or on this machine; None: the SDK's own choice."""

    def __init__(self, auth_url: str | None = None) -> None:
        self._auth_url = auth_url

    def start(self) -> StartedFlow:
        """Starts a sign-in; makes no connection.

        Raises:
            SignInFailed: the SDK cannot be used, or its address of Globus is not safe.
        """
        client = self._client()
        client.oauth2_start_flow(
            list(_SCOPES), refresh_tokens=True, prefill_named_grant=_grant_name(), redirect_uri=_code_page(client)
        )
        url = client.oauth2_get_authorize_url(session_required_policies=SESSION_POLICY, prompt="login")
        return StartedFlow(client, url)

    def renew(self, refresh_token: str) -> Grant:
        """A new access token for a refresh token.

        Raises:
            GrantRefused: the refresh token is no longer good.
            GlobusUnreachable: no connection, or Globus has trouble.
            SignInFailed: everything else.
        """
        client = self._client()
        _check_reach(str(client.base_url))
        return _granted(lambda: client.oauth2_refresh_token(refresh_token))

    def revoke(self, token: str) -> None:
        """Ends a token.

        Raises:
            SignInFailed: it could not be ended.
        """
        client = self._client()
        _asked(lambda: client.oauth2_revoke_token(token))

    def _client(self) -> NativeAppAuthClient:
        try:
            from globus_sdk import NativeAppAuthClient
            from globus_sdk.transport import RequestsTransport, RetryConfig

            transport = RequestsTransport(http_timeout=ANSWER_SECONDS)
            # the library underneath takes (connect, read) as well; the SDK passes it on as it is
            transport.http_timeout = (CONNECT_SECONDS, ANSWER_SECONDS)  # type: ignore[assignment]
            client = NativeAppAuthClient(
                CLIENT_ID,
                base_url=self._auth_url,
                app_name="metis-tui",
                transport=transport,
                retry_config=RetryConfig(max_retries=1, max_sleep=1),
            )
        except Exception as error:  # a broken installation or a variable that the SDK does not take
            raise SignInFailed(
                f"The Globus library cannot be used ({type(error).__name__}).",
                hint="Check the GLOBUS_SDK_ variables, or install metis-tui again.",
            ) from None
        parts = urlsplit(str(client.base_url))
        is_local = _is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not is_local:
            raise SignInFailed(
                "The address of Globus is plain http to another machine; tokens are sent over https only.",
                hint="Check GLOBUS_SDK_SERVICE_URL_AUTH.",
            )
        transport.session.trust_env = not is_local
        transport.session.max_redirects = 0  # a refresh token goes to Globus and nowhere else
        return client


class StartedFlow:
    """One sign-in: the address to open, and the exchange of the code that comes of it. Blocks."""

    def __init__(self, client: NativeAppAuthClient, url: str) -> None:
        self._client = client
        self.url = url

    def exchange(self, code: str) -> Grant:
        """The tokens for the code.

        Raises:
            GrantRefused: the code is wrong, used or too old.
            SignInFailed: Globus cannot be reached, has trouble, or answers what cannot be used.
        """
        _check_reach(str(self._client.base_url))
        tokens: list[Any] = []

        def ask() -> Any:
            tokens.append(self._client.oauth2_exchange_code_for_tokens(code))
            return tokens[0]

        grant = _granted(ask)
        try:
            claims = _asked(lambda: tokens[0].decode_id_token(jwt_params={"leeway": _CLOCK_LEEWAY_SECONDS}))
            identity_id = str(claims["sub"])
        except SignInFailed as error:
            if isinstance(error, GlobusUnreachable):
                raise
            raise SignInFailed(
                "Globus' statement of who you are cannot be verified. Most often this machine's clock is wrong.",
                can_retry=False,
            ) from None
        documents = {name: {**document, "identity_id": identity_id} for name, document in grant.documents.items()}
        return Grant(documents, identity_id)


def _granted(ask: Callable[[], Any]) -> Grant:
    """What an answer grants; whom it names is not in it."""
    response = _asked(ask)
    try:
        documents = {
            name: {
                "resource_server": name,
                "identity_id": None,
                "scope": entry["scope"],
                "access_token": entry["access_token"],
                "refresh_token": entry["refresh_token"],
                "expires_at_seconds": entry["expires_at_seconds"],
                "token_type": entry["token_type"],
            }
            for name, entry in response.by_resource_server.items()
        }
    except (AttributeError, KeyError, TypeError):
        raise SignInFailed("Globus' answer is not what it should be.") from None
    gateway = documents.get(GATEWAY_RESOURCE_SERVER)
    if gateway is None or not isinstance(gateway["access_token"], str) or not gateway["access_token"].strip():
        raise SignInFailed(
            "Globus gave no access token for the inference service.",
            hint="Start again and allow what the consent page asks for.",
            can_retry=False,
        )
    return Grant(documents, "")


def _asked(ask: Callable[[], Any]) -> Any:
    """The answer of a call of the SDK; its failures in plain words, without their texts."""
    import globus_sdk

    try:
        return ask()
    except globus_sdk.GlobusAPIError as error:
        raise _refusal(error) from None
    except globus_sdk.GlobusTimeoutError:
        raise GlobusUnreachable("Globus did not answer in time.") from None
    except globus_sdk.NetworkError as error:
        raise _network_failure(error.underlying_exception) from None
    except SignInFailed:
        raise
    except Exception as error:  # an answer that the SDK cannot read
        raise SignInFailed(f"Globus' answer cannot be used ({type(error).__name__}).") from None


def _refusal(error: Any) -> SignInFailed:
    status = int(error.http_status)
    body = error.raw_json if isinstance(error.raw_json, dict) else {}
    word = body.get("error")
    word = word if isinstance(word, str) else ""
    if word == "invalid_grant":
        return GrantRefused("Globus does not take it: it is mistyped, was used before or is too old.")
    if status >= 500 or status == 429:
        return GlobusUnreachable(
            f"Globus has trouble (status {status}).", title="Globus does not work now", hint="Try again in a minute."
        )
    if not body:
        return GlobusUnreachable(
            f"Something else than Globus answered (status {status}).",
            hint="A proxy or a sign-in page of the network may be in between.",
        )
    told = f": {printable_line(word, 60)}" if word.replace("_", "").isalnum() else ""
    return SignInFailed(f"Globus refused it (status {status}{told}).", can_retry=False)


def _network_failure(error: BaseException | None) -> SignInFailed:
    seen: set[int] = set()
    names = []
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        names.append(type(error).__name__)
        inner = getattr(error, "reason", None)
        found = inner if isinstance(inner, BaseException) else (error.__cause__ or error.__context__)
        if found is None:
            found = next((part for part in error.args if isinstance(part, BaseException)), None)
        error = found
    chain = " ".join(names)
    if "TooManyRedirects" in chain:
        return GlobusUnreachable(
            "Something sends requests for Globus elsewhere.", hint="A sign-in page of the network may be in between."
        )
    if "ProxyError" in chain:
        return GlobusUnreachable("The proxy refused to pass it on.", hint="Check HTTPS_PROXY and NO_PROXY.")
    if "SSL" in chain:
        return GlobusUnreachable(
            "No secure connection to Globus.",
            hint="If the network inspects TLS, set REQUESTS_CA_BUNDLE to its certificates; check the clock, too.",
        )
    if "NameResolution" in chain or "gaierror" in chain:
        return GlobusUnreachable("The name of Globus' server is not known here.")
    return GlobusUnreachable("The connection to Globus failed.")


# -- whether there is a way at all -------------------------------------------------------------------------------


def _check_reach(base_url: str) -> None:
    """Opens and closes a connection to Globus, or to the proxy before it, within a limit that names count into.

    The HTTP library has no limit on looking a name up, and an expired access token should be told about soon.
    """
    host, port = _first_hop(base_url)
    outcome: list[str] = []
    done = threading.Event()

    def try_it() -> None:
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
        except socket.gaierror:
            outcome.append("The name of Globus' server is not known here.")
        except OSError as error:
            words = (os.strerror(error.errno) if error.errno else "no answer").lower()
            outcome.append(f"No connection to Globus: {words}.")
        done.set()

    threading.Thread(target=try_it, name="globus-reach", daemon=True).start()
    if not done.wait(CONNECT_SECONDS):
        raise GlobusUnreachable("Globus did not answer in time.")
    if outcome:
        raise GlobusUnreachable(outcome[0])


def _first_hop(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or {"http": 80}.get(parts.scheme, 443)
    if _is_loopback(host):
        return host, port
    from requests.utils import get_environ_proxies, select_proxy

    try:
        proxy = urlsplit(str(select_proxy(base_url, get_environ_proxies(base_url)) or ""))
        if proxy.hostname:
            return proxy.hostname, proxy.port or {"https": 443}.get(proxy.scheme, 80)
    except ValueError:
        pass  # the request itself will tell what is wrong with it
    return host, port


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _grant_name() -> str:
    """How the sign-in is called in Globus' list of consents."""
    return printable_line(f"{APP_NAME} on {socket.gethostname()}", 80)


def _code_page(client: NativeAppAuthClient) -> str:
    return f"{str(client.base_url).rstrip('/')}/v2/web/auth-code"
