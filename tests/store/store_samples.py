"""What the store's tests share: sample messages, a hurried pace, a disk that fails on command, processes to kill."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from metis_tui.chat.conversation import ChatMessage, Conversation, FailureNote, Timing, Usage
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.disk import Disk
from metis_tui.store.pace import Pace

HURRIED = Pace(
    checkpoint_seconds=0.02,
    sync_seconds=0.05,
    first_retry_seconds=0.02,
    last_retry_seconds=0.05,
    slow_seconds=0.05,
    patience_seconds=0.3,
)
PROJECT = Path(__file__).parents[2]


def add_prompt(conversation: Conversation, text: str = "What is a tokamak?") -> ChatMessage:
    stamp = int(time.time() * 1000)
    prompt = ChatMessage(new_ulid(stamp), conversation.head, "user", text, stamp)
    conversation.add(prompt)
    return prompt


def new_reply(prompt: ChatMessage, text: str = "A ring of plasma.") -> ChatMessage:
    stamp = int(time.time() * 1000)
    return ChatMessage(
        id=new_ulid(stamp),
        parent=prompt.id,
        role="assistant",
        text=text,
        created_ms=stamp,
        reasoning="Magnets, mostly.",
        model="gpt-oss-120b",
        cluster="metis",
        framework="api",
        params={"temperature": 0.2, "stop": ["END"]},
        usage=Usage(10, 20, 30, 5),
        timing=Timing(1.2345, 0.1, 0.2),
        stop="stop",
        failure=FailureNote("Cut short", "The line broke.", "incomplete", "e-1"),
        request_id="chatcmpl-1",
    )


class FaultyDisk(Disk):
    """A disk that raises `faults[name]`, or waits for `gate`, when a call of that name comes."""

    def __init__(self) -> None:
        self.faults: dict[str, OSError] = {}
        self.shorten = 0
        """How many of the next writes take only half of what they are given."""
        self.gate = threading.Event()
        self.gate.set()

    def _may(self, name: str) -> None:
        self.gate.wait()
        if name in self.faults:
            raise self.faults[name]

    def open_append(self, path: Path, *, is_new: bool = False) -> int:
        self._may("open")
        return super().open_append(path, is_new=is_new)

    def write(self, fd: int, data: bytes) -> int:
        self._may("write")
        if self.shorten:
            self.shorten -= 1
            data = data[: len(data) // 2]
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self._may("sync")
        super().sync(fd)

    def close(self, fd: int) -> None:
        super().close(fd)
        self._may("close")


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Waits until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.002)


def start_python(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """Runs code in a process of its own that can import what the tests can."""
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{Path(__file__).parent}"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def segments(data: Path) -> list[Path]:
    return sorted(data.glob("conversations/*/*.jsonl"), key=lambda path: (len(path.name), path.name))


def partials(data: Path) -> list[Path]:
    return sorted(data.glob("partial/*.jsonl"))
