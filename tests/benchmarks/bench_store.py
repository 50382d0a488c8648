"""Measures the store by hand: python tests/benchmarks/bench_store.py [--conversations N] [--kills N]

Makes a data folder of the given size, then prints what the store takes for the rows of its table of goals.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

# ruff: noqa: E402
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "store")]

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store import drafting
from metis_tui.store.activity import Hint, encode_hint
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout
from metis_tui.store.machine import this_boot

WORDS = [f"word{i}" for i in range(3000)]
YEAR_MS = 365 * 24 * 3600 * 1000


class Unsynced(Disk):
    """Leaves out the fdatasync, to tell its share."""

    def sync(self, fd: int) -> None:
        pass


def make_conversation(chance: random.Random, created_ms: int, turns: int) -> Conversation:
    conversation = Conversation(
        new_ulid(created_ms), " ".join(chance.choices(WORDS, k=5)), created_ms, model="m@metis"
    )
    for turn in range(turns * 2):
        stamp = created_ms + turn * 30_000
        role = "assistant" if turn % 2 else "user"
        text = " ".join(chance.choices(WORDS, k=350 if turn % 2 else 40))
        message = ChatMessage(new_ulid(stamp), conversation.head, role, text, stamp)  # type: ignore[arg-type]
        conversation.add(message)
    return conversation


def make_corpus(data: Path, count: int) -> None:
    """Writes what `count` conversations would have left, without the waiting."""
    chance, layout, disk = random.Random(1), Layout(data, this_boot()), Disk()
    start = int(time.time() * 1000) - YEAR_MS
    hints: list[Hint] = []
    for number in range(count):
        conversation = make_conversation(chance, start + number * (YEAR_MS // count), chance.randint(1, 9))
        clock = drafting.HybridClock(lambda made=conversation: made.created_ms / 1000)
        lines = [drafting.header_record(conversation, "bench", clock)]
        lines += [drafting.message_record(conversation.id, m, clock) for m in conversation.messages.values()]
        path = layout.segment(conversation.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(lines))
        hints += [Hint(m.created_ms, conversation.summary()) for m in conversation.messages.values()]
    disk.make_folder(layout.activity)
    hints.sort(key=lambda hint: hint.ts)
    layout.journal.write_bytes(b"".join(map(encode_hint, hints)))


async def milliseconds(action: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await action()
    return (time.perf_counter() - started) * 1000


def row(name: str, times: list[float], goal: str) -> None:
    times = sorted(times)
    p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
    print(f"{name:44} median {statistics.median(times):9.3f} ms   p95 {p95:9.3f} ms   goal {goal}")


async def measure(data: Path) -> None:
    firsts, afters, wholes = [], [], []
    for _ in range(7):
        store = ConversationFiles(data)
        firsts.append(await milliseconds(lambda: store.list(limit=50)))  # noqa: B023
        wholes.append(await milliseconds(lambda: store.list(include_trashed=True)))  # noqa: B023
        afters.append(await milliseconds(lambda: store.list(limit=50)))  # noqa: B023
        await store.close()
    row("list, first 50, fresh process", firsts, "10 ms")
    row("list, first 50, later", afters, "10 ms")
    row("list, all, first time", wholes, "-")
    for name, disk, goal in (("append", Unsynced(), "0.2 ms"), ("append with fdatasync", Disk(), "20 ms")):
        store = ConversationFiles(data, disk=disk)
        conversation, times = Conversation(), []
        for _ in range(300):
            message = ChatMessage(new_ulid(), conversation.head, "user", "x" * 300, int(time.time() * 1000))
            conversation.add(message)
            times.append(await milliseconds(lambda: store.append(conversation, message)))  # noqa: B023
            if len(conversation.messages) == 60:
                conversation = Conversation()
        await store.close()
        row(name, times, goal)
    store = ConversationFiles(data)
    long = make_conversation(random.Random(2), int(time.time() * 1000), 30)
    for message in long.messages.values():
        await store.append(long, message)
    row("open 60 messages", [await milliseconds(lambda: store.open(long.id)) for _ in range(50)], "5 ms")
    shutil.rmtree(data / "activity")
    fresh = ConversationFiles(data)
    row("list, first 50, no journals", [await milliseconds(lambda: fresh.list(limit=50))], "500 ms")
    row("list, all, no journals", [await milliseconds(fresh.list)], "20 s")
    await store.close()
    await fresh.close()


async def kill(times: int) -> None:
    from test_processes import kill_while_streaming

    lost, seconds = 0, []
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            result = await kill_while_streaming(Path(folder), 0.1 + random.Random(number).random())
        lost += result[0]
        seconds.append(result[1])
    print(f"kill -9 while streaming, {times} times: {lost} acknowledged lost, at most {max(seconds):.2f} s of text")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.conversations:
            make_corpus(Path(folder), options.conversations)
            asyncio.run(measure(Path(folder)))
    if options.kills:
        asyncio.run(kill(options.kills))


if __name__ == "__main__":
    main()
