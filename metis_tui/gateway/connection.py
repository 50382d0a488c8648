"""The HTTP connection to the gateway, and the one place where the access token meets a request.

Imports the HTTP library at once, so it is itself imported only when the first request is made. That library is
httpx2 because the SDK is built on it: every openai 3.x requires it, and loading it alone takes a quarter of the
time of the SDK, which the catalog does not need.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio.lowlevel  # the HTTP library would load these two with the first request, on the event loop
import anyio.streams.memory
import httpx2

from metis_tui import __version__
from metis_tui.chat.errors import ChatError, NotAGateway, TokenInactive, Unreachable
from metis_tui.chat.ports import AccessToken, Authenticator
from metis_tui.gateway.failures import Answer, failure_of, not_json_failure
from metis_tui.gateway.origin import GatewayAddress, checked_token
from metis_tui.gateway.route import Route, decide_route
from metis_tui.gateway.transport_failures import (
    certificates_failure,
    is_transport_error,
    setup_failure,
    transport_failure,
)
from metis_tui.gateway.wire import CHAT_ENDPOINT

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_OWN_HEADERS = frozenset({"host", "accept", "content-type", "content-length", "transfer-encoding", "connection"})
_USER_AGENT = f"metis-tui/{__version__}"
_KEEP_ALIVE_SECONDS = 65.0
"""Longer than the minute between catalog refreshes: the next prompt then needs no new TLS handshake."""
_LOG = logging.getLogger(__name__)
"""What is logged: routes, statuses and durations; of failures their kind. Never a body."""
_MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. There is no limit on the whole of a reply, only on silence."""

    connect_seconds: float = 10.0
    silence_seconds: float = 150.0
    """Longest silence inside a reply; longer than the gateway's own 120, so that its error arrives."""
    answer_seconds: float = 30.0
    """Longest wait for the short answers: catalog, identity, health."""
    write_seconds: float = 60.0


class _OriginOnly(httpx2.Auth):
    """Puts the access token on requests to the configured origin, and takes every header off that is not ours.

    The SDK adds headers from OPENAI_* variables and facts about this machine; neither is the gateway's business.
    A request whose access token is not active goes out once more, as it is, with a renewed one.
    """

    def __init__(self, address: GatewayAddress, authenticator: Authenticator) -> None:
        self._address = address
        self._authenticator = authenticator

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        _keep_own_headers(request)
        scheme, host, port = self._address.origin
        url = request.url
        if (url.scheme, url.host.lower(), url.port or {"https": 443, "http": 80}.get(url.scheme)) != (
            scheme,
            host,
            port,
        ):
            raise NotAGateway("A request was about to leave the configured address; it was stopped.", can_retry=False)
        token = await self._authenticator.access_token()
        response = yield _with_token(request, token)
        failure = await _sign_in_trouble(response)
        if isinstance(failure, TokenInactive):
            _LOG.info("the access token is not active: asking for another, then sending again")
            token = await self._authenticator.renew(token)
            response = yield _with_token(request, token)
            failure = await _sign_in_trouble(response)
        if failure is not None or response.status_code == 200:
            self._authenticator.heard(token, failure)


def _with_token(request: httpx2.Request, token: AccessToken) -> httpx2.Request:
    request.headers["Authorization"] = f"Bearer {checked_token(token.value)}"
    return request


async def _sign_in_trouble(response: httpx2.Response) -> ChatError | None:
    """What a 401 says about the access token; None when it says nothing, or the answer is none."""
    if response.status_code != 401:
        return None
    await response.aread()
    return failure_of(_answer(response, response.content))


class _Anonymous(httpx2.Auth):
    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        _keep_own_headers(request)
        yield request


def _keep_own_headers(request: httpx2.Request) -> None:
    for name in list(request.headers):
        if name.lower() not in _OWN_HEADERS:
            del request.headers[name]
    request.headers["User-Agent"] = _USER_AGENT
    # A compressing proxy would hold a stream back until its buffer is full.
    request.headers["Accept-Encoding"] = "identity"


class Connection:
    """Requests to one gateway. Redirects are never followed.

    Nothing is sent twice, but for a request that was refused because its access token is not active.
    """

    def __init__(
        self,
        address: GatewayAddress,
        authenticator: Authenticator,
        timeouts: Timeouts,
        ca_bundle: str | None = None,
        route: Route | None = None,
    ) -> None:
        """Raises Unreachable when a proxy or certificate setting of the environment cannot be used."""
        self._address = address
        self._route = route or decide_route(address)
        self._timeouts = timeouts
        self._sdk_clients: dict[str, AsyncOpenAI] = {}
        self.is_sdk_loaded = False
        self._auth = _OriginOnly(address, authenticator)
        _ = anyio.connect_tcp  # likewise
        self._http = self._make_client(ca_bundle)
        # OPENAI_LOG would print requests, prompts included, over the screen.
        for name in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def _make_client(self, ca_bundle: str | None) -> httpx2.AsyncClient:
        proxy = self._route.proxy
        if proxy is not None and proxy.trouble:
            raise setup_failure(ValueError(proxy.trouble), self._route)
        context = trusted_certificates(self._route, ca_bundle)
        try:
            return httpx2.AsyncClient(
                auth=self._auth,
                follow_redirects=False,
                trust_env=False,  # the route has been decided, and is shown
                proxy=httpx2.Proxy(proxy.url, ssl_context=_proxy_context(proxy.url, context)) if proxy else None,
                verify=context if context is not None else True,
                timeout=self._timeout(self._timeouts.answer_seconds),
                limits=httpx2.Limits(max_keepalive_connections=10, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            )
        except (ImportError, OSError, ValueError, httpx2.InvalidURL) as error:
            raise setup_failure(error, self._route) from None  # the cause may quote the proxy's password

    async def get_json(self, path: str, *, anonymous: bool = False) -> object:
        """The JSON at a path of the origin.

        Raises:
            ChatError: no connection, another status than 200, or no JSON.
        """
        answer = await self.get(path, anonymous=anonymous)
        if answer.status != 200:
            failure = failure_of(answer)
            _log_failure("GET", path, failure)
            raise failure
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise not_json_failure(answer) from None

    async def get(self, path: str, *, anonymous: bool = False) -> Answer:
        """The answer at a path of the origin, whatever its status.

        Raises:
            ChatError: no connection, or no access token.
        """
        url = self._address.root + path
        auth = _Anonymous() if anonymous else self._auth
        started = time.monotonic()
        try:
            async with self._http.stream("GET", url, headers={"Accept": "application/json"}, auth=auth) as response:
                answer = await _read(response)
        except Exception as error:
            raise self._told("GET", path, error) from None
        _LOG.debug("GET %s: %d after %.0f ms", path, answer.status, (time.monotonic() - started) * 1000)
        return answer

    @asynccontextmanager
    async def chat(self, chat_path: str, arguments: dict[str, object], asked: str) -> AsyncIterator[ReplyStream]:
        """Posts a chat request and gives the answer to read from. Leaving the context closes the connection.

        Raises:
            ChatError: no connection, no access token, or the gateway refused before it began to stream.
        """
        import openai

        keyword_arguments: Any = arguments
        started = time.monotonic()
        try:
            # The SDK sends the request; its own reading of the stream is left aside (see ReplyReader).
            stream = await self._sdk_client(chat_path).chat.completions.create(**keyword_arguments)
        except openai.APIStatusError as error:
            failure = failure_of(_answer(error.response, error.response.content), asked=asked)
            _log_failure("POST", chat_path, failure)
            raise failure from None
        except Exception as error:
            raise self._told("POST", chat_path, error) from None
        _LOG.debug("POST %s: 200 after %.0f ms", chat_path, (time.monotonic() - started) * 1000)
        try:
            yield ReplyStream(stream.response, self._address, self._route)
        finally:
            _LOG.debug("POST %s: ended after %.1f s", chat_path, time.monotonic() - started)
            await stream.response.aclose()

    def _told(self, method: str, path: str, error: Exception) -> Exception:
        """What to raise for an exception of a request; a failure is logged."""
        if not isinstance(error, ChatError):
            if not is_transport_error(error):
                return error
            error = transport_failure(error, self._address, self._route)
        _log_failure(method, path, error)
        return error

    def load_sdk(self, chat_path: str = "/v1/chat/completions") -> None:
        """Imports the SDK and what it loads lazily, so that the first prompt need not wait; blocks for a second."""
        _ = self._sdk_client(chat_path).chat.completions
        self.is_sdk_loaded = True

    async def close(self) -> None:
        await self._http.aclose()

    @staticmethod
    def rehearse() -> None:
        """Sends the SDK's first request, one that goes nowhere; blocks for some milliseconds, in a thread of its own.

        With its first request the SDK looks up the platform and reads its own types. Where requests are timed side by
        side, all of them would wait for that.
        """
        from openai import APIError, AsyncOpenAI

        async def send() -> None:
            nowhere = httpx2.MockTransport(lambda request: httpx2.Response(503))
            async with httpx2.AsyncClient(transport=nowhere) as http:
                sdk = AsyncOpenAI(base_url="http://localhost", api_key="none", max_retries=0, http_client=http)
                with suppress(APIError):
                    await sdk.chat.completions.create(
                        model="none",
                        messages=[{"role": "user", "content": "none"}],
                        stream=True,
                        stream_options={"include_usage": True},
                    )

        asyncio.run(send())

    def _sdk_client(self, chat_path: str) -> AsyncOpenAI:
        base = chat_path.removesuffix(CHAT_ENDPOINT)
        client = self._sdk_clients.get(base)
        if client is None:
            from openai import AsyncOpenAI

            logging.getLogger("openai").setLevel(logging.WARNING)
            client = self._sdk_clients[base] = AsyncOpenAI(
                base_url=self._address.root + base,
                api_key="set-per-request",  # _OriginOnly replaces it; the SDK refuses to do without one
                max_retries=0,
                timeout=self._timeout(self._timeouts.silence_seconds),
                http_client=self._http,
            )
        return client

    def _timeout(self, read_seconds: float) -> httpx2.Timeout:
        connect, write = self._timeouts.connect_seconds, self._timeouts.write_seconds
        return httpx2.Timeout(connect=connect, read=read_seconds, write=write, pool=connect)


class ReplyStream:
    """The answer to a chat request: status 200, its content not yet read."""

    def __init__(self, response: httpx2.Response, address: GatewayAddress, route: Route) -> None:
        self._response = response
        self._address = address
        self._route = route
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.is_event_stream: bool = kind == "text/event-stream"

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The content as the network brings it.

        Raises:
            Unreachable: the connection broke or went silent.
        """
        try:
            async for piece in self._response.aiter_bytes():
                yield piece
        except Exception as error:
            if isinstance(error, ChatError) or not is_transport_error(error):
                raise
            raise transport_failure(error, self._address, self._route) from None

    async def read(self) -> Answer:
        """The whole content, for an answer that is no stream."""
        content = b""
        async for piece in self.pieces():
            content += piece
            if len(content) > _MAX_BODY_BYTES:
                break
        return _answer(self._response, content)


def _log_failure(method: str, path: str, failure: ChatError) -> None:
    """Only reasons that this program has worded itself are written down: others may quote a prompt."""
    reason = f": {failure.reason}" if isinstance(failure, Unreachable) else ""
    about = f" (error id {failure.error_id})" if failure.error_id else ""
    _LOG.info("%s %s: %s%s%s", method, path.partition("?")[0], failure.kind, about, reason)


def trusted_certificates(route: Route, ca_bundle: str | None = None) -> ssl.SSLContext | None:
    """The certificates that a setting or the environment wants trusted; None for the system's.

    Raises:
        Unreachable: they cannot be read.
    """
    file, folder = (ca_bundle, "") if ca_bundle else route.certificates
    if not (file or folder):
        return None
    if folder and not file and not os.path.isdir(folder):
        raise certificates_failure(folder)
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (OSError, ValueError) as error:
        raise certificates_failure(file or folder, error) from None


def _proxy_context(url: str, context: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """For the way to the proxy itself, which only an https proxy encrypts."""
    return context if url.lower().startswith("https:") else None


async def _read(response: httpx2.Response) -> Answer:
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MAX_BODY_BYTES:
            break
    return _answer(response, content)


def _answer(response: httpx2.Response, content: bytes) -> Answer:
    try:
        location = urlsplit(response.headers.get("location", "")).hostname or ""
    except ValueError:
        location = ""
    return Answer(response.status_code, content, location)
