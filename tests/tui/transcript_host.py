"""A tiny application with a transcript, and what its user sees of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.transcript import Transcript

REPLY = "A *short* paragraph.\n\n- one\n- two\n\n```python\nx = 1\n```\n"


def prompt(number: int, text: str = "") -> ChatMessage:
    return ChatMessage(f"p{number}", None, "user", text or f"Prompt number {number}", number * 60_000)


def reply(number: int, text: str = REPLY, **facts: Any) -> ChatMessage:
    known: dict[str, Any] = {"model": "gpt-oss-120b", "cluster": "metis", "stop": "stop"}
    return ChatMessage(f"r{number}", None, "assistant", text, number * 60_000, **(known | facts))


def conversation(count: int) -> list[ChatMessage]:
    return [prompt(n) if n % 2 == 0 else reply(n, f"Reply {n}.\n\n" + REPLY * (1 + n % 3)) for n in range(count)]


class Host(App[None]):
    CSS = "Transcript { height: 1fr; }"

    def __init__(self, messages: list[ChatMessage]) -> None:
        super().__init__()
        self.messages = messages
        self.heard: list[object] = []

    def compose(self) -> ComposeResult:
        yield Transcript(clock=lambda ms: f"{ms // 60_000:02d}:00")

    def on_mount(self) -> None:
        self.query_one(Transcript).show(self.messages)

    def on_transcript_follow_changed(self, event: Transcript.FollowChanged) -> None:
        self.heard.append(event.follow)

    def on_transcript_current_changed(self, event: Transcript.CurrentChanged) -> None:
        self.heard.append(event.message_id)


@asynccontextmanager
async def opened(
    messages: list[ChatMessage], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Transcript, Pilot[None]]]:
    app = Host(messages)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        transcript = app.query_one(Transcript)
        transcript.focus()
        await pilot.pause()
        yield transcript, pilot


async def until(pilot: Pilot[None], claim: Callable[[], object]) -> None:
    """Drawing is rarer on a busy machine: waits for what should come, fails when it does not."""
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end, "never came true"
        await pilot.pause(0.02)


async def found(transcript: Transcript, pilot: Pilot[None], *queries: str) -> list[str]:
    """Searches, waits until all is looked through, and gives the messages that show the words."""
    transcript.find(*queries)
    await until(pilot, lambda: transcript.found.is_complete)
    return transcript.found_ids


def heard(transcript: Transcript) -> list[object]:
    app = transcript.app
    assert isinstance(app, Host)
    return app.heard


def screen(transcript: Transcript) -> list[str]:
    return [transcript.render_line(y).text.rstrip() for y in range(transcript.size.height)]


def shown(transcript: Transcript) -> str:
    return "\n".join(screen(transcript))


def painted(transcript: Transcript) -> list[str]:
    """What the compositor shows, from the rows it kept and those it was told to draw again."""
    width, height = transcript.size
    strips = transcript.render_lines(Region(0, 0, width, height))
    return [strip.text[:width].rstrip() for strip in strips]
