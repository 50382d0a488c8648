"""Keeps the connections of one gateway: reads requests, sends answers, notices clients that hang up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from .chat import StreamedReply, TornReply
from .errors import Answer, internal_error
from .http import (
    HEAD_LIMIT,
    BadRequest,
    ChunkedBody,
    HttpRequest,
    cut_connection,
    encode_answer,
    read_request,
    stream_head,
)
from .request_log import RecordedRequest, RequestLog
from .routes import Routes
from .script import play

STREAM_BUFFER_BYTES = 256 * 1024


class _Protocol(asyncio.StreamReaderProtocol):
    """Tells at once when the client closes its side; a reader alone would tell only on the next read."""

    gone: asyncio.Event

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        super().connection_lost(exc)


class Connections:
    """The listening socket and every open connection."""

    def __init__(self, routes: Routes, log: RequestLog) -> None:
        self._routes, self._log = routes, log
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._closing: asyncio.Event | None = None

    async def listen(self, host: str, port: int) -> int:
        """Starts to listen and returns the port."""
        self._closing = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_protocol, host, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Asks for the end; call it on the event loop."""
        if self._closing is not None:
            self._closing.set()

    async def wait_closed(self) -> None:
        """Returns when everything is closed after `close`."""
        if self._closing is None or self._server is None:
            return
        await self._closing.wait()
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _new_protocol(self) -> _Protocol:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        reader = asyncio.StreamReader(limit=HEAD_LIMIT, loop=loop)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = loop.create_task(self._converse(reader, writer, gone))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        protocol = _Protocol(reader, connected, loop=loop)
        protocol.gone = gone
        return protocol

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event
    ) -> None:
        writer.transport.set_write_buffer_limits(high=STREAM_BUFFER_BYTES)
        try:
            while await self._one_request(reader, writer, gone):
                pass
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except Exception:
            # A broken connection, or a mistake in a reply: the client sees the connection end, the others live on.
            writer.transport.abort()
        finally:
            with contextlib.suppress(Exception):
                writer.close()

    async def _one_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: asyncio.Event
    ) -> bool:
        """Whether the connection may carry another request."""
        try:
            request = await read_request(reader, writer)
        except BadRequest as bad:
            writer.write(encode_answer(bad.answer, keep_alive=False))
            await writer.drain()
            return False
        if request is None:
            return False
        record = _record(request)
        self._log.add(record)
        reply = asyncio.ensure_future(self._reply(request, writer, record))
        hang_up = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({reply, hang_up}, return_when=asyncio.FIRST_COMPLETED)
            if reply.done():
                return await reply
            record.closed_by_client = True
            return False
        except ConnectionError:
            record.closed_by_client = True
            return False
        finally:
            for task in (reply, hang_up):
                task.cancel()
            await asyncio.gather(reply, hang_up, return_exceptions=True)
            record.is_finished = True
            self._log.touch()

    async def _reply(self, request: HttpRequest, writer: asyncio.StreamWriter, record: RecordedRequest) -> bool:
        peer = writer.get_extra_info("peername")
        answer: Any
        try:
            answer = await self._routes.answer(request, peer[0] if peer else "")
        except Exception:  # the server must outlive a mistake in a reply
            answer = internal_error("00000000000000000000000000000000")
        if isinstance(answer, StreamedReply):
            record.status = 200
            self._log.touch()
            return await self._stream(answer, writer, request.keep_alive, record)
        if isinstance(answer, TornReply):
            record.status = answer.answer.status
            whole = encode_answer(answer.answer, keep_alive=False)
            writer.write(whole[: -len(answer.answer.body) // 2])
            await writer.drain()
            await asyncio.sleep(0.05 if answer.reset else 0)
            cut_connection(writer, answer.reset)
            return False
        return await self._send(answer, writer, request, record)

    async def _send(
        self, answer: Answer, writer: asyncio.StreamWriter, request: HttpRequest, record: RecordedRequest
    ) -> bool:
        record.status = answer.status
        keep_alive = request.keep_alive and not answer.close
        writer.write(encode_answer(answer, keep_alive, request.method != "HEAD"))
        await writer.drain()
        return keep_alive

    async def _stream(
        self, answer: StreamedReply, writer: asyncio.StreamWriter, keep_alive: bool, record: RecordedRequest
    ) -> bool:
        # Status and headers leave before the model is asked, as on the real gateway.
        writer.write(stream_head(keep_alive))
        await writer.drain()
        body = ChunkedBody(writer)
        try:
            await play(answer.script, body)
        finally:
            record.bytes_sent = body.bytes_sent
        if body.was_cut:
            return False
        await body.finish()
        return keep_alive


def _record(request: HttpRequest) -> RecordedRequest:
    body: Any = None
    if request.body:
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            body = request.body.decode("utf-8", "replace")
    return RecordedRequest(request.method, request.path, request.headers, body, request.query, len(request.body))
