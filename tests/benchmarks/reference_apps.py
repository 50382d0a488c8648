"""What the product is compared with: python reference_apps.py bare|markdown

`bare` is the floor, a Textual application that shows replies as plain text; `markdown` shows them with Textual's own
`Markdown.get_stream`. Both read the stream from a raw socket, so that no HTTP client is part of the comparison.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown, Static

MODEL = "gemma-4-31B-it"
FRAME_SECONDS = 1 / 15


async def stream(prompt: str) -> AsyncIterator[str]:
    """The deltas of the demo gateway's reply."""
    address = urlsplit(os.environ["METIS_TUI_BASE_URL"])
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 22)
    message = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": prompt}]}
    body = json.dumps(message).encode()
    head = (
        f"POST {address.path}metis/api/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {os.environ['METIS_TUI_TOKEN']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    while line := await reader.readline():
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                yield choice["delta"].get("content") or ""
        elif line.startswith(b"data: [DONE]"):
            break
    writer.close()


class Bare(App[None]):
    CSS = "VerticalScroll { height: 1fr; } Input { dock: bottom; }"

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield self.reply_widget()
        yield Input()

    def reply_widget(self) -> Static | Markdown:
        return Static("READY", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one(VerticalScroll).anchor()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.input.value = ""
        self.run_worker(self.show_reply(event.value))

    async def show_reply(self, prompt: str) -> None:
        shown, pieces, last = self.query_one(Static), [], 0.0
        now = asyncio.get_running_loop().time
        async for piece in stream(prompt):
            pieces.append(piece)
            if now() - last > FRAME_SECONDS:
                shown.update("".join(pieces))
                await asyncio.sleep(0)
                last = now()
        shown.update("".join(pieces))


class MarkdownStream(Bare):
    def reply_widget(self) -> Static | Markdown:
        return Markdown("READY")

    async def show_reply(self, prompt: str) -> None:
        shown = Markdown.get_stream(self.query_one(Markdown))
        async for piece in stream(prompt):
            await shown.write(piece)
        await shown.stop()


if __name__ == "__main__":
    {"bare": Bare, "markdown": MarkdownStream}[sys.argv[1]]().run()
