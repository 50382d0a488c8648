"""One round of a crash: the whole application is killed in the middle of a reply, and what is on disk is compared.

Used by a test with a few rounds and by a benchmark with hundreds.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from saved import letters, messages
from terminal_process import TerminalProcess

from metis_tui.demo.server import DemoGateway
from metis_tui.store.conversation_store import ConversationFiles

FIRST = "hello"
LONG = "Write 9000 tokens at {speed} tokens/s"
_SEEN_LETTERS = 120


@dataclass(frozen=True)
class Crash:
    """What a round found."""

    lost_records: int
    """Prompts and whole replies that were told as saved and are not on disk as they were."""
    lost_seconds: float
    """How long before the kill the newest text was on screen that is on disk: an upper bound of what is lost."""
    recovered: int
    """Replies that the next start turned into messages."""


def crash(home: Path, chance: random.Random, *, speed: int = 1000) -> Crash:
    """Starts, chats, kills with SIGKILL at a random moment of a reply and adopts what is left."""
    home.mkdir(parents=True, exist_ok=True)
    prompt = LONG.format(speed=speed)
    with DemoGateway(throttle=None, seed=1) as gateway:
        folders = {f"METIS_TUI_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        variables = {
            **folders,
            "METIS_TUI_BASE_URL": gateway.url,
            "METIS_TUI_TOKEN": gateway.token,
            "HOME": str(home),
        }
        with TerminalProcess("-m", "gemma-4-31B-it", environment=variables) as window:
            window.wait_for("● live")
            window.ask(FIRST)
            window.wait_for_reply()
            window.wait_for("saved")
            told = messages(home / "data")
            window.ask(prompt)
            window.wait_for("streaming ~")
            seen = _watch(window, time.monotonic() + 0.1 + chance.random() * 1.9)
            os.kill(window.process.pid, signal.SIGKILL)
            killed_at = time.monotonic()
            window.wait_exit()
    recovered = asyncio.run(_recover(home / "data"))
    now = {record["id"]: record for record in messages(home / "data")}
    lost = sum(now.get(record["id"], {}).get("text") != record["text"] for record in told)
    lost += not any(record["text"] == prompt for record in now.values())
    text = letters(next((r["text"] for r in now.values() if r.get("stop") == "interrupted"), ""))
    kept_at = max((at for at, shown in seen if shown and shown in text), default=seen[0][0])
    return Crash(lost, killed_at - kept_at, recovered)


def _watch(window: TerminalProcess, until: float) -> list[tuple[float, str]]:
    """What the end of the reply looked like, with the moments."""
    seen = [(time.monotonic(), "")]
    while time.monotonic() < until:
        body = "".join(line for line in window.text.splitlines() if line.startswith("   "))
        # without the line that may be half drawn
        seen.append((time.monotonic(), letters(body[:-40])[-_SEEN_LETTERS:]))
        time.sleep(0.03)
    return seen


async def _recover(data: Path) -> int:
    store = ConversationFiles(data)
    try:
        return await store.recover()
    finally:
        await store.close()
