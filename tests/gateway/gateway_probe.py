"""What the gateway room's tests share: asking a client, and a socket that answers as told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.turn import ChatRequest, GatewayEvent, ReasoningDelta, TextDelta
from metis_tui.gateway.client import GatewayClient

MakeClient = Callable[..., GatewayClient]
METIS_CHAT = "/resource_server/metis/api/v1/chat/completions"
MODEL = ServedModel("Llama-4-Maverick-17B-128E-Instruct", "metis", "api", METIS_CHAT)


def request(text: str, **params: object) -> ChatRequest:
    return ChatRequest(MODEL, (("user", text),), params)


class Heard:
    """What a stream gave, until its end or failure."""

    def __init__(self) -> None:
        self.events: list[GatewayEvent] = []
        self.error: Exception | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def reasoning(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReasoningDelta))


async def hear(client: GatewayClient, asked: ChatRequest) -> Heard:
    heard = Heard()
    try:
        async for event in client.stream(asked):
            heard.events.append(event)
    except Exception as error:
        heard.error = error
    return heard


class ScriptedServer:
    """Answers every connection with the same bytes and then closes; keeps what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.received: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/resource_server"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.received.append(_read_request(connection))
                    connection.sendall(self._answer)
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.close()


def _read_request(connection: socket.socket) -> bytes:
    content = b""
    while b"\r\n\r\n" not in content:
        piece = connection.recv(65536)
        if not piece:
            return content
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


def http_answer(body: bytes, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Connection: close\r\n\r\n".encode() + body
