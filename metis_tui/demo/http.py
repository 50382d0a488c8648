"""Reads HTTP/1.1 requests and writes replies. Knows nothing of the gateway's routes."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from .errors import Answer, nginx_page

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 20 * 1024 * 1024
"""Above this the web server in front answers 413 by itself."""

_SECURITY = (
    "x-content-type-options: nosniff\r\nreferrer-policy: same-origin\r\ncross-origin-opener-policy: same-origin\r\n"
)
STREAM_HEADERS = (
    ("content-type", "text/event-stream"),
    ("cache-control", "no-cache"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-headers", "Cache-Control"),
)


class BadRequest(Exception):
    """The bytes are no HTTP request, or one that is too large; the connection ends after the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}")
        self.answer = answer


@dataclass(frozen=True)
class HttpRequest:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    keep_alive: bool


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """The next request; None at the end of the connection. Raises BadRequest."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial.strip():
            raise BadRequest(nginx_page(400, "Bad Request")) from None
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest(nginx_page(400, "Request Header Or Cookie Too Large")) from None
    lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(nginx_page(400, "Bad Request"))
    headers: dict[str, str] = {}
    for line in filter(None, lines[1:]):
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise BadRequest(nginx_page(400, "Bad Request"))
        headers[name.lower()] = value.strip()
    body = await _read_body(reader, writer, headers)
    try:
        target = urlsplit(words[1])
        query = parse_qs(target.query, keep_blank_values=True)
    except ValueError:
        raise BadRequest(nginx_page(400, "Bad Request")) from None
    wish = headers.get("connection", "").lower()
    keep_alive = "close" not in wish and (words[2] != "HTTP/1.0" or "keep-alive" in wish)
    return HttpRequest(words[0], unquote(target.path), query, headers, body, keep_alive)


async def _read_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: dict[str, str]) -> bytes:
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await _read_chunks(reader)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise BadRequest(nginx_page(400, "Bad Request"))
        if int(length) > BODY_LIMIT:
            await _discard(reader, int(length))
            raise BadRequest(nginx_page(413, "Request Entity Too Large"))
        return await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        raise BadRequest(nginx_page(400, "Bad Request")) from None


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        if size < 0:
            raise ValueError("a chunk size is never negative")
        if len(body) + size > BODY_LIMIT:
            raise BadRequest(nginx_page(413, "Request Entity Too Large"))
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while (await reader.readuntil(b"\r\n")) != b"\r\n":
        pass
    return bytes(body)


async def _discard(reader: asyncio.StreamReader, length: int) -> None:
    # Closing with unread bytes would reset the connection, and the client would never see the answer.
    left = min(length, 4 * BODY_LIMIT)
    while left > 0 and (piece := await reader.read(min(left, 1 << 16))):
        left -= len(piece)


def _head(status: int, headers: str) -> bytes:
    reason = HTTPStatus(status).phrase
    return (
        f"HTTP/1.1 {status} {reason}\r\ndate: {formatdate(usegmt=True)}\r\nserver: uvicorn\r\n{headers}\r\n"
    ).encode("latin-1")


def encode_answer(answer: Answer, keep_alive: bool, with_body: bool = True) -> bytes:
    headers = f"content-type: {answer.content_type}\r\n"
    headers += "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    headers += f"content-length: {len(answer.body)}\r\n{_SECURITY}"
    if not keep_alive:
        headers += "connection: close\r\n"
    return _head(answer.status, headers) + (answer.body if with_body else b"")


def stream_head(keep_alive: bool) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in STREAM_HEADERS)
    headers += f"{_SECURITY}transfer-encoding: chunked\r\n"
    if not keep_alive:
        headers += "connection: close\r\n"
    return _head(200, headers)


class ChunkedBody:
    """Writes a chunked body; each write becomes one HTTP chunk."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.was_cut = False
        self.bytes_sent = 0

    async def write(self, data: bytes) -> None:
        if data:
            self.bytes_sent += len(data)
            self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await self._writer.drain()

    async def finish(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def cut(self, reset: bool) -> None:
        self.was_cut = True
        cut_connection(self._writer, reset)


def cut_connection(writer: asyncio.StreamWriter, reset: bool) -> None:
    """Ends the connection, by a reset if wanted."""
    if reset:
        raw = writer.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()
