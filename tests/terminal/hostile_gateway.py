"""A gateway whose texts are hostile: the demo gateway's answers with other words in them, and any reply at all.

It passes every request on to a demo gateway, so that routes and forms stay true. Knows nothing of terminals.
"""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

Changed = Callable[[str, bytes], bytes]
"""Takes a path and the body of the answer to it; gives another body."""


class HostileGateway:
    """Use it as a context manager. `reply` gives the deltas of a reply; an empty list is a refusal by `error`."""

    def __init__(
        self,
        behind: str,
        reply: Callable[[], Iterable[str]] = lambda: (),
        *,
        reasoning: Callable[[], Iterable[str]] = lambda: (),
        changed: Changed = lambda path, body: body,
        error: bytes = b"",
    ) -> None:
        gateway, parts = self, urlsplit(behind)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                gateway._pass(self, f"{parts.scheme}://{parts.netloc}{self.path}", None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if gateway.error:
                    gateway._answer(self, 400, gateway.error)
                elif self.path.endswith("chat/completions"):
                    gateway._stream(self)
                else:
                    gateway._pass(self, f"{parts.scheme}://{parts.netloc}{self.path}", body)

        self.reply, self.reasoning, self.changed, self.error = reply, reasoning, changed, error
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{parts.path}"

    def __enter__(self) -> HostileGateway:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _pass(self, handler: BaseHTTPRequestHandler, address: str, body: bytes | None) -> None:
        kept = {k: v for k, v in handler.headers.items() if k.lower() in ("authorization", "content-type", "accept")}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, kept)) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, content = refusal.code, refusal.read()
        self._answer(handler, status, self.changed(handler.path, content))

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            for event in self._events():
                handler.wfile.write(f"data: {event}\n\n".encode())
        except OSError:  # the reader has gone
            return

    def _events(self) -> Iterator[str]:
        for text in self.reasoning():
            yield _chunk({"reasoning_content": text}, None)
        for text in self.reply():
            yield _chunk({"content": text}, None)
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
        yield _chunk({}, "stop")
        yield json.dumps(
            {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}
        )
        yield "[DONE]"


def _chunk(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})
