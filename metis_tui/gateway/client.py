"""The inference gateway as the core wants it: a catalog and streamed replies. Knows nothing of screens or files.

Importing this module costs nothing: the HTTP library (0.1 s) and the SDK (0.4 to 0.9 s) are loaded when they are
first needed, in the background.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from metis_tui.chat import parameters
from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import Catalog, ModelState, ServedModel
from metis_tui.chat.errors import (
    ChatError,
    InvalidRequest,
    Maintenance,
    ModelNotLive,
    NotAGateway,
    RequestTooLarge,
    Unreachable,
)
from metis_tui.chat.ports import Authenticator
from metis_tui.chat.turn import ChatRequest, GatewayEvent, ReplyAccepted
from metis_tui.gateway.catalog_reader import CatalogReader
from metis_tui.gateway.failures import failure_of, not_json_failure
from metis_tui.gateway.origin import GatewayAddress, parse_base_url
from metis_tui.gateway.pacing import BURST, Pacer
from metis_tui.gateway.reply import ReplyReader
from metis_tui.gateway.route import Route, decide_route
from metis_tui.gateway.wire import MAX_BODY_BYTES, Identity, chat_arguments, parse_json, read_identity

if TYPE_CHECKING:
    from metis_tui.gateway.connection import Connection, ReplyStream

_DRAIN_SECONDS = 0.25
_MOST_KNOCKS = 8
"""Requests for the gateway's health at once; it answers ten a second."""


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """The answer of the health route."""

    is_ok: bool
    word: str
    """The gateway's own word; "ok" when all is well."""
    latency_seconds: float
    """From asking to the whole answer."""


class GatewayClient:
    """Satisfies ModelGateway. For use on one event loop.

    `state_listener` is called with the new catalog whenever something becomes known, also between refreshes, as
    when a refused prompt tells of a maintenance. `ca_bundle` is a file of certificates to trust in place of the
    system's. Timeouts are seconds; there is none on the whole of a reply. `requests_per_second` limits the small
    requests, never prompts.
    """

    def __init__(
        self,
        base_url: str,
        authenticator: Authenticator,
        *,
        clock: Callable[[], float] = time.time,
        connect_seconds: float = 10.0,
        silence_seconds: float = 150.0,
        answer_seconds: float = 30.0,
        requests_per_second: int = BURST,
        ca_bundle: str | None = None,
        state_listener: Callable[[Catalog], None] | None = None,
    ) -> None:
        """Raises NotAGateway when the address is none, or is plain http to another machine."""
        self._address: GatewayAddress = parse_base_url(base_url)
        self._authenticator = authenticator
        self._seconds = (connect_seconds, silence_seconds, answer_seconds)
        self._ca_bundle = ca_bundle
        self._route = decide_route(self._address)
        self._pacer = Pacer(requests_per_second)
        self._connection: asyncio.Future[Connection] | None = None
        self._catalog_reader = CatalogReader(self._connect, self._address, self._pacer, clock, state_listener)

    @property
    def base_url(self) -> str:
        """The address in its normal form, without a trailing slash."""
        return self._address.base_url

    @property
    def route(self) -> Route:
        """How requests get to the gateway: decided once, when this client was made."""
        return self._route

    @property
    def catalog(self) -> Catalog:
        return self._catalog_reader.catalog

    def refresh_catalog(self, *, force: bool = False) -> AsyncGenerator[Catalog, None]:
        """See ModelGateway."""
        return self._catalog_reader.refresh(force=force)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[GatewayEvent, None]:
        """See ModelGateway. A failure is raised after every delta before it has been given.

        Raises:
            InvalidRequest: before anything is sent, when the gateway would refuse it.
            ReplyIncomplete: the stream broke, or ended before the model did.
            ChatError: everything else that can fail.
        """
        arguments = _checked_arguments(request)
        connection = await self._connect()
        await self._load_sdk(connection)
        self._pacer.note()
        try:
            async with connection.chat(request.model.chat_path, arguments, request.model.key) as answer:
                yield ReplyAccepted()
                async with aclosing(_read_reply(answer)) as events:
                    async for event in events:
                        yield event
        except (Maintenance, ModelNotLive) as failure:
            self._catalog_reader.learn(request.model.cluster, failure)
            if isinstance(failure, ModelNotLive):
                raise _with_state(failure, request) from None
            raise

    async def whoami(self) -> Identity:
        """Who the access token belongs to, in the gateway's eyes.

        Raises:
            ChatError: as for every request; the cheapest test of an access token.
        """
        connection = await self._connect()
        await self._pacer.turn()
        identity = read_identity(await connection.get_json(self._address.route("whoami")))
        if identity is None:
            raise NotAGateway("The answer names nobody.")
        return identity

    async def health(self) -> GatewayHealth:
        """Whether the gateway answers at all; sends no access token.

        Raises:
            ChatError: it does not.
        """
        connection = await self._connect()
        await self._pacer.turn()
        started = time.monotonic()
        body = await connection.get_json(self._address.route("health"), anonymous=True)
        latency = time.monotonic() - started
        word = body.get("status") if isinstance(body, dict) else None
        if not isinstance(word, str):
            raise NotAGateway("The answer is not the gateway's.")
        return GatewayHealth(word == "ok", word, latency)

    async def warm_up(self, models: Sequence[ServedModel] = ()) -> None:
        """Loads the SDK in a daemon thread, so that the first prompt does not wait for it.

        With models, prepares for them and opens a connection for each, by asking for the gateway's health: without
        that, which request gets a connection that is open would count as a model's latency.
        A setting that makes connections impossible is not reported here but by the first request.
        """
        try:
            connection = await self._connect()
        except ChatError:
            return
        await self._load_sdk(connection)
        for path in dict.fromkeys(model.chat_path for model in models):
            await in_background(partial(connection.load_sdk, path), "gateway-warm-up")
        if models:
            await in_background(connection.rehearse, "gateway-warm-up")
        health = self._address.route("health")
        knocks = [connection.get_json(health, anonymous=True) for _ in models[:_MOST_KNOCKS]]
        for answer in await asyncio.gather(*knocks, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, ChatError):
                raise answer

    async def close(self) -> None:
        """Ends a catalog reading and closes the connections."""
        await self._catalog_reader.close()
        opened, self._connection = self._connection, None
        if opened is None:
            return
        if not opened.done():
            opened.cancel()
        elif not opened.cancelled() and opened.exception() is None:
            await opened.result().close()

    async def _connect(self) -> Connection:
        """The connection, made in the background by whoever asks first.

        Raises:
            Unreachable: a proxy or certificate setting cannot be used.
        """
        opened = self._connection
        if opened is None or (opened.done() and (opened.cancelled() or opened.exception() is not None)):
            opened = self._connection = asyncio.ensure_future(in_background(self._make_connection, "gateway-connect"))
        return await asyncio.shield(opened)

    async def _load_sdk(self, connection: Connection) -> None:
        """Loads the SDK once; whoever comes meanwhile waits here, and the event loop does not."""
        if not connection.is_sdk_loaded:
            await in_background(connection.load_sdk, "gateway-warm-up")

    def _make_connection(self) -> Connection:
        from metis_tui.gateway.connection import Connection, Timeouts

        connect_seconds, silence_seconds, answer_seconds = self._seconds
        timeouts = Timeouts(connect_seconds, silence_seconds, answer_seconds)
        return Connection(self._address, self._authenticator, timeouts, self._ca_bundle, self._route)


async def _read_reply(answer: ReplyStream) -> AsyncGenerator[GatewayEvent, None]:
    reader = ReplyReader()
    if not answer.is_event_stream:
        for event in await _whole_reply(answer, reader):
            yield event
    else:
        async with aclosing(answer.pieces()) as pieces:
            try:
                async for piece in pieces:
                    for event in reader.feed(piece):
                        yield event
                    if reader.is_over:
                        break
            except Unreachable as failure:
                reader.break_off(failure)
            for event in reader.close():
                yield event
            if reader.failure is None:
                await _drain(pieces)
    if reader.failure is not None:
        raise reader.failure


async def _whole_reply(answer: ReplyStream, reader: ReplyReader) -> list[GatewayEvent]:
    """A 200 that is no event stream: a whole completion from a server that does not stream, or no gateway."""
    whole = await answer.read()
    body = parse_json(whole.body)
    if whole.status != 200 or (isinstance(body, dict) and body.get("error")):
        raise failure_of(whole)
    if not isinstance(body, dict) or not body.get("choices"):
        raise not_json_failure(whole)
    return reader.take_whole(body)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Reads the end of the answer, so that the connection can serve the next prompt without a new handshake."""

    async def read_on() -> None:
        async for _ in pieces:
            pass

    try:
        await asyncio.wait_for(read_on(), _DRAIN_SECONDS)
    except (asyncio.TimeoutError, ChatError):
        return


def _checked_arguments(request: ChatRequest) -> dict[str, object]:
    parameters.check(request.params)
    if not request.messages:
        raise InvalidRequest("There is nothing to send.")
    arguments = chat_arguments(request)
    size = len(json.dumps(arguments, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MAX_BODY_BYTES:
        raise RequestTooLarge(f"It has {size / 1_048_576:.1f} MiB; the gateway takes 2.5 MiB.")
    return arguments


def _with_state(failure: ModelNotLive, request: ChatRequest) -> ModelNotLive:
    """The gateway says the same of stopped and starting models; the catalog knows better."""
    words = {
        ModelState.STARTING: "It was starting when last seen.",
        ModelState.QUEUED: "It was queued when last seen.",
        ModelState.OFFLINE: "It was offline when last seen.",
    }
    word = words.get(request.model.state)
    return ModelNotLive(f"{failure.reason} {word}") if word else failure
