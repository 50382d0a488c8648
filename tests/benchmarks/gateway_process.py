"""The demo gateway in a process of its own, for benchmarks: tells when which text of a reply went out.

As a module it starts such a process and asks it; as a script it is that process: it prints its address, and for every
line on its input the last streamed reply: the text of each delta and when it was sent, on time.monotonic's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

_ASKS = re.compile(rb"POST \S+/chat/completions ")
_CONTENT = re.compile(rb'"content": ("(?:[^"\\]|\\.)*")')


@dataclass
class Reply:
    """What went to the application."""

    pieces: list[str]
    times: list[float]
    asked: list[float] = field(default_factory=list)
    """When the last requests for replies came, oldest first."""
    texts: list[str] = field(default_factory=list)
    """Of the last replies."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class GatewayProcess:
    """A demo gateway that measures; use it as a context manager."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first = self._line()
        self.url: str = first["url"]
        self.token: str = first["token"]

    def _line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def last_reply(self) -> Reply:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        answer = self._line()
        return Reply(**answer)

    def __enter__(self) -> GatewayProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)


class Relay:
    """Passes connections on to the gateway and keeps what the last streamed reply consisted of, and when."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.replies: deque[list[tuple[float, bytes]]] = deque(maxlen=16)
        self.asked: deque[float] = deque(maxlen=16)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pass(reader, up_writer, False), self._pass(up_reader, writer, True))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_reply: bool) -> None:
        reply: list[tuple[float, bytes]] = []
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 18):
                if not is_reply and _ASKS.match(data):
                    self.asked.append(time.monotonic())
                writer.write(data)
                if is_reply:
                    if b"text/event-stream" in data:
                        reply = []
                        self.replies.append(reply)
                    reply.append((time.monotonic(), data))
                await writer.drain()
        writer.close()

    def last(self) -> dict[str, list[Any]]:
        reply = self.replies[-1] if self.replies else []
        stream = b"".join(data for _, data in reply)
        ends, total = [], 0
        for sent, data in reply:
            total += len(data)
            ends.append((total, sent))
        pieces: list[str] = []
        times: list[float] = []
        place = 0
        for found in _CONTENT.finditer(stream):
            while ends[place][0] < found.end():
                place += 1
            text = json.loads(found[1])
            if text:
                pieces.append(text)
                times.append(ends[place][1])
        return {"pieces": pieces, "times": times, "asked": list(self.asked), "texts": list(map(_text, self.replies))}


def _text(reply: list[tuple[float, bytes]]) -> str:
    stream = b"".join(data for _, data in reply)
    return "".join(json.loads(found) for found in _CONTENT.findall(stream))


async def main() -> None:
    from metis_tui.demo.server import DemoGateway

    with DemoGateway(throttle=None, tokens_per_minute=None, speed=20.0, seed=1) as gateway:
        address = urlsplit(gateway.url)
        relay = Relay(address.hostname or "", address.port or 0)
        server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}{address.path}"
        print(json.dumps({"url": url, "token": gateway.token}), flush=True)
        loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            print(json.dumps(relay.last()), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
