"""Measures history and search by hand: python tests/benchmarks/bench_history.py [--corpus FOLDER] [--only PART ...]

Prints the store's table of goals as the product's own code does on 10,000 conversations (made first, unless a folder
is given). Beside each wall time stands the processor time of the thread that did the work, which tells the same on a
machine that has other things to do. Metadata calls are counted with strace, where there is one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import corpus
from search_queries import KINDS, queries

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.search_query import parse_query
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.disk import Disk
from metis_tui.store.index.building import Builder
from metis_tui.store.index.schema import connect, prepare
from metis_tui.store.index.seeking import Seeker
from metis_tui.store.layout import Layout
from metis_tui.store.machine import this_boot
from metis_tui.store.pace import Pace
from metis_tui.store.scanning import Scanner
from metis_tui.store.search import ConversationIndex

PARTS = ("lists", "calls", "build", "search", "scan", "writes", "open", "lag", "start")
METADATA = (
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "open",
    "openat",
    "getdents64",
)
Times = list[tuple[float, float]]
"""(wall, processor) in milliseconds."""


class Unsynced(Disk):
    """Leaves out the fdatasync, to tell its share."""

    def sync(self, fd: int) -> None:
        pass


def timed(action: Callable[[], object], times: Times) -> None:
    wall, processor = time.perf_counter(), time.thread_time()
    action()
    times.append(((time.perf_counter() - wall) * 1000, (time.thread_time() - processor) * 1000))


async def awaited(action: Callable[[], Awaitable[object]], times: Times) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    await action()
    times.append(((time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000))


def row(name: str, times: Times, goal: str) -> None:
    walls, processors = (sorted(column) for column in zip(*times, strict=True))
    cells = [
        f"{statistics.median(c):9.2f} {c[min(len(c) - 1, int(len(c) * 0.95))]:9.2f}" for c in (walls, processors)
    ]
    print(f"{name:46}{cells[0]}  {cells[1]}   {goal}", flush=True)


async def lists(data: Path) -> None:
    firsts: Times = []
    afters: Times = []
    wholes: Times = []
    again: Times = []
    for _ in range(7):
        store = ConversationFiles(data)
        await awaited(lambda: store.list(limit=50), firsts)  # noqa: B023
        await awaited(lambda: store.list(include_trashed=True), wholes)  # noqa: B023
        await awaited(lambda: store.list(limit=50), afters)  # noqa: B023
        await awaited(lambda: store.list(include_trashed=True), again)  # noqa: B023
        await store.close()
    row("list, first 50, fresh process", firsts, "<= 10 ms")
    row("list, first 50, later", afters, "<= 10 ms")
    row("list, all with tags, first time (in a thread)", wholes, "-")
    row("list, all with tags, later", again, "<= 50 ms")


LIST_ONCE = """
import asyncio, sys
from pathlib import Path
from metis_tui.store.conversation_store import ConversationFiles
store = ConversationFiles(Path(sys.argv[1]))
print(len(asyncio.run(store.list(limit=50))))
"""


def metadata_calls(data: Path) -> dict[str, int]:
    with tempfile.NamedTemporaryFile("r") as trace:
        watched = ["strace", "-f", "-qq", "-e", f"trace={','.join(METADATA)}", "-o", trace.name]
        environ = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
        subprocess.run([*watched, sys.executable, "-c", LIST_ONCE, str(data)], check=True, env=environ, stdout=-3)
        lines = [line for line in Path(trace.name).read_text().splitlines() if str(data) in line]
    return {
        "calls in the data folder": len(lines),
        "on conversations": sum(f"{data}/conversations" in line for line in lines),
        "on journals": sum(f"{data}/activity" in line for line in lines),
    }


def calls(data: Path, folder: Path) -> None:
    if shutil.which("strace") is None:
        print("no strace: calls are not counted")
        return
    small = folder / "small"
    corpus.make(small, 10)
    for name, where in (("10 conversations", small), ("10,000 conversations", data)):
        print(f"list, first 50, of {name}: {metadata_calls(where)}")


def build(data: Path, database: Path) -> None:
    times: Times = []
    newest: Times = []
    connection = connect(database)
    prepare(connection, "bench", "bench")
    builder = Builder(connection, Layout(data, this_boot()))

    def first() -> None:
        builder.compare_names()
        while builder.total - builder.pending < 200:
            builder.step()

    def rest() -> None:
        while not builder.is_idle:
            builder.step()

    timed(first, newest)
    timed(rest, times)
    row("index, newest 200 conversations", newest, "<= 500 ms")
    row("index, full build", [(times[0][0] + newest[0][0], times[0][1] + newest[0][1])], "<= 20,000 ms")
    merging: Times = []

    def merge() -> None:
        is_first = True
        while builder.merge_some(is_first=is_first):
            is_first = False

    timed(merge, merging)
    row("index, joining its parts afterwards", merging, "-")
    connection.close()
    print(f"index, size: {database.stat().st_size / 1e6:.0f} MB")


def some_texts(data: Path) -> list[str]:
    files = sorted(data.glob("conversations/*/*.jsonl"))
    chance = random.Random(5)
    lines = [line for path in chance.sample(files, min(400, len(files))) for line in path.read_text().splitlines()]
    return [json.loads(line)["text"] for line in lines if '"t":"msg"' in line]


def search(data: Path, database: Path, count: int) -> None:
    drawn = queries(some_texts(data), count)
    for order in ("newest", "best"):
        seeker = Seeker(connect(database, is_reading=True), data / "conversations")
        seeker.find(parse_query("warm", now=time.time())[0], 200, lambda: False)
        by_kind: dict[str, Times] = {kind: [] for kind in KINDS}
        slowest: list[tuple[float, str]] = []
        for kind, text in drawn:
            query = parse_query(f"{text} sort:{order}" if kind != "typing" else text, now=time.time(), typing=True)[0]
            timed(lambda: seeker.find(query, 200, lambda: False), by_kind[kind])  # noqa: B023
            slowest.append((by_kind[kind][-1][1], text))
        goal = "<= 15 ms" if order == "newest" else "<= 100 ms"
        row(f"search, {order} first, {count} queries", [t for times in by_kind.values() for t in times], goal)
        for kind, times in by_kind.items():
            row(f"    {kind}", times, "")
        print("    slowest:", ", ".join(f"{text} {ms:.0f} ms" for ms, text in sorted(slowest, reverse=True)[:6]))
        seeker.close()


def scan(data: Path) -> None:
    scanner = Scanner(Layout(data, this_boot()), Pace())
    for name, texts in (
        ("found nowhere, first time", ["zzqqxx"]),
        ("found nowhere", ["zzqqxx", "qqzz_foo", "无此字串"] * 2),
        ("found seldom", ["Kolmogorov perovskite", "0xabcd"] * 2),
        ("found often", ["plasma", "MPI_Allreduce", "量子"] * 2),
    ):
        times: Times = []
        for text in texts:
            query = parse_query(text, now=time.time())[0]
            timed(lambda: scanner.find(query, 200, lambda: False), times)  # noqa: B023
        row(f"search without index, {name}", times, "<= 300 ms")


async def writes(data: Path, database: Path) -> None:
    builder_times: Times = []
    for name, disk, goal in (("append", Unsynced(), "<= 0.2 ms"), ("append with fdatasync", Disk(), "<= 20 ms")):
        store = ConversationFiles(data, disk=disk)
        conversation = Conversation()
        times: Times = []
        for _ in range(300):
            message = ChatMessage(new_ulid(), conversation.head, "user", "x" * 300, int(time.time() * 1000))
            conversation.add(message)
            await awaited(lambda: store.append(conversation, message), times)  # noqa: B023
            if len(conversation.messages) == 60:
                conversation = Conversation()
        await store.close()
        row(name, times, goal)
    writer, chance = corpus.Writer(3), random.Random(3)
    connection = connect(database)
    prepare(connection, "bench", "bench")
    builder = Builder(connection, Layout(data, this_boot()))
    builder.catch_up()
    store = ConversationFiles(data)
    conversations = [await store.open(s.id) for s in await store.list(limit=20)]
    for _ in range(150):
        conversation = chance.choice(conversations)
        for role, text in (("user", writer.prompt("latin")), ("assistant", writer.reply("latin"))):
            message = ChatMessage(new_ulid(), conversation.head, role, text, int(time.time() * 1000))  # type: ignore[arg-type]
            conversation.add(message)
            await store.append(conversation, message)
        timed(lambda: builder.catch_up(only_own=True), builder_times)
    await store.close()
    connection.close()
    row("index one turn", builder_times, "<= 3 ms")


async def open_one(data: Path) -> None:
    store = ConversationFiles(data)
    writer, conversation = corpus.Writer(4), Conversation()
    for number in range(60):
        text = writer.reply("latin") if number % 2 else writer.prompt("latin")
        role = "assistant" if number % 2 else "user"
        message = ChatMessage(new_ulid(), conversation.head, role, text, int(time.time() * 1000))  # type: ignore[arg-type]
        conversation.add(message)
        await store.append(conversation, message)
    times: Times = []
    for _ in range(50):
        await awaited(lambda: store.open(conversation.id), times)
    await store.close()
    row("open a conversation of 60 messages", times, "<= 5 ms")


async def lag(data: Path, folder: Path) -> None:
    """How late the event loop is while the index is built, and while every key starts a search."""
    index = ConversationIndex(data, environ={"METIS_TUI_INDEX_DIR": str(folder / "lag")})
    late: list[float] = []

    async def watch() -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append((time.perf_counter() - asked - 0.01) * 1000)

    def tell(name: str) -> None:
        late.sort()
        over = sum(ms > 50 for ms in late)
        print(f"{name:46}p50 {late[len(late) // 2]:.2f}  p95 {late[int(len(late) * 0.95)]:.2f}  "
              f"max {late[-1]:.1f} ms, {over} of {len(late)} over 50 ms")  # fmt: skip
        late.clear()

    watcher = asyncio.ensure_future(watch())
    await asyncio.sleep(2)
    tell("the loop is late, idle")
    index.start()
    while not index.progress.is_ready:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    tell("the loop is late, index is being built")
    await asyncio.sleep(3)
    late.clear()
    asked = []
    for text in ("magnetohydrodynamics in plasma", "mpi_allreduce role:reply", "量子力学中的", '"the state of') * 3:
        for end in range(1, len(text) + 1):
            query = parse_query(text[:end], now=time.time(), typing=True)[0]
            asked.append(asyncio.ensure_future(index.search(query)))
            await asyncio.sleep(0.08)
    answered = await asyncio.gather(*asked)
    tell("the loop is late, a search with every key")
    row("answer to a key in the search box", [(r.seconds * 1000, 0.0) for r in answered], "<= 50 ms")
    watcher.cancel()
    await index.close()


def start(data: Path, rounds: int) -> None:
    from bench_startup import Bench, measure_ready

    from metis_tui.demo.server import DemoGateway

    with tempfile.TemporaryDirectory() as folder, DemoGateway(throttle=None, speed=20.0, seed=1) as gateway:
        bench = Bench(Path(folder), gateway, 0)
        home = bench.homes["full"] / ".local/share"
        home.mkdir(parents=True)
        (home / "metis_tui").symlink_to(data)
        measure_ready(bench, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="a folder made by corpus.py; a copy of it is used")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=264)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    parts = options.only or PARTS
    with tempfile.TemporaryDirectory() as name:
        folder, data = Path(name), Path(name) / "data"
        if options.corpus:
            shutil.copytree(options.corpus, data)
        else:
            corpus.make(data, options.count)
        database = folder / "bench.db"
        print(f"{'in milliseconds':46}{'wall p50':>9} {'p95':>9}  {'CPU p50':>9} {'p95':>9}   goal")
        if "lists" in parts:
            asyncio.run(lists(data))
        if "calls" in parts:
            calls(data, folder)
        if {"build", "search", "writes"} & set(parts):
            build(data, database)
        if "search" in parts:
            search(data, database, options.queries)
        if "scan" in parts:
            scan(data)
        if "lag" in parts:
            asyncio.run(lag(data, folder))
        if "start" in parts:
            start(data, options.rounds)
        if "open" in parts:
            asyncio.run(open_one(data))
        if "writes" in parts:
            asyncio.run(writes(data, database))


if __name__ == "__main__":
    main()
