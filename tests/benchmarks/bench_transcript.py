"""Times the transcript, by hand: `python tests/benchmarks/bench_transcript.py [TOKENS]`. Prints goals, met or not.

Opening, resizing and paging are timed to the end of the frame that shows them, in a headless application. "Held"
is the longest time for which nothing else could run meanwhile. Goals are judged by processor time, because on a
shared machine the clock (in brackets) also measures what others do.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.pilot import Pilot

from metis_tui.chat.conversation import ChatMessage, Timing, Usage
from metis_tui.tui.widgets.transcript import Transcript

TEXT = (
    "the mesh refinement near shock front needs more ranks because MPI_Allreduce waits for every process and a "
    "single slow node holds the whole reduction while others spin in polling loops of the network library"
)
WORDS = TEXT.split()
CODE = '''```python
def reduce(comm, values):
    """Sums the values of all ranks."""
    total = np.zeros_like(values)
    comm.Allreduce(values, total, op=MPI.SUM)  # blocks until every rank has come
    return total / comm.size
```'''
TABLE = "| ranks | seconds | note |\n|---:|---:|:---|\n" + "\n".join(
    f"| {2**n} | {n * 0.37:.2f} | doubling number {n} with `MPI_SUM` |" for n in range(4, 10)
)


def paragraph(chance: random.Random, words: int) -> str:
    text = " ".join(chance.choice(WORDS) for _ in range(words))
    return text.replace("shock", "**shock**").replace("polling", "`poll()`").capitalize() + "."


def reply(chance: random.Random, tokens: int = 400) -> str:
    """Markdown as models write it, about so many tokens long."""
    blocks: list[str] = []
    while sum(map(len, blocks)) < tokens * 4:
        blocks += [
            f"## Step {len(blocks)}",
            paragraph(chance, 60),
            "\n".join(f"- {paragraph(chance, 12)}" for _ in range(4)),
            CODE,
            "\n".join(f"{n}. {paragraph(chance, 14)}" for n in range(1, 4)),
            TABLE if chance.random() < 0.3 else paragraph(chance, 40),
        ]
    return "\n\n".join(blocks)


def conversation(count: int) -> list[ChatMessage]:
    chance = random.Random(7)
    usage, timing = Usage(900, 400, 1300, 80), Timing(2.0, 0.1, 0.4)
    return [
        ChatMessage(f"p{n}", None, "user", paragraph(chance, 25), 1_764_000_000_000)
        if n % 2 == 0
        else ChatMessage(
            f"r{n}",
            None,
            "assistant",
            reply(chance),
            1_764_000_000_000,
            reasoning=paragraph(chance, 50),
            model="gpt-oss-120b",
            cluster="metis",
            usage=usage,
            timing=timing,
            stop="stop",
        )
        for n in range(count)
    ]


OPEN_SECONDS, RESIZE_SECONDS, FRAME_SECONDS, HELD_SECONDS = 0.3, 0.15, 0.05, 0.1
KEY_SECONDS = 0.05
RSS_MB, LANES_RATIO = 15, 1.5


class Host(App[None]):
    CSS = "Transcript { height: 1fr; width: 1fr; }"

    def __init__(self, lanes: int = 1) -> None:
        super().__init__()
        self.lanes = lanes

    def compose(self) -> ComposeResult:
        with Horizontal():
            for _ in range(self.lanes):
                yield Transcript()


class Cost(NamedTuple):
    """Seconds of one deed."""

    cpu: float
    wall: float


class Held:
    """The longest time for which the event loop did nothing else."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0

    async def watch(self) -> None:
        cpu, wall = time.thread_time(), time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            self.cpu = max(self.cpu, time.thread_time() - cpu)
            self.wall = max(self.wall, time.perf_counter() - wall - 0.001)
            cpu, wall = time.thread_time(), time.perf_counter()


@asynccontextmanager
async def holding() -> AsyncIterator[Held]:
    held = Held()
    task = asyncio.create_task(held.watch())
    await asyncio.sleep(0)
    try:
        yield held
        await asyncio.sleep(0.005)
    finally:
        task.cancel()


def show(name: str, value: str, goal: str, is_met: bool) -> None:
    print(f"{name:44} {value:>34}   goal {goal:14} {'met' if is_met else 'NOT MET'}")


def show_costs(name: str, costs: Sequence[Cost], goal: float) -> None:
    cpu, wall = (sorted(1000 * seconds for seconds in part) for part in zip(*costs, strict=True))
    middle = len(costs) // 2
    value = f"{cpu[middle]:5.1f} max {cpu[-1]:5.1f} ms ({wall[middle]:.0f} max {wall[-1]:.0f})"
    show(name, value, f"<= {goal * 1000:.0f} ms", cpu[-1] <= goal * 1000)


async def frame(app: App[None], act: Callable[[], object]) -> Cost:
    """From an action to the end of the frame that shows it."""
    done = asyncio.Event()
    gc.disable()
    cpu, wall = time.thread_time(), time.perf_counter()
    act()
    app.screen.call_after_refresh(done.set)
    await done.wait()
    cost = Cost(time.thread_time() - cpu, time.perf_counter() - wall)
    gc.enable()
    return cost


async def resize(pilot: Pilot[None], size: tuple[int, int]) -> Cost:
    cpu, wall = time.thread_time(), time.perf_counter()
    await pilot.resize_terminal(*size)
    return Cost(time.thread_time() - cpu, time.perf_counter() - wall)


async def bench_find(name: str, app: App[None], transcript: Transcript, words: str) -> None:
    """Typing words letter by letter, each drawn before the next, until all places are known."""
    began = time.perf_counter()
    transcript.begin_find()
    async with holding() as finding:
        typed = [words[:end] for end in range(1, len(words) + 1)]
        keys = [await frame(app, partial(transcript.find, text, goes=True)) for text in typed]
        while not transcript.found.is_complete:  # noqa: ASYNC110 - what a user would wait for
            await asyncio.sleep(0.001)
    places, seconds = transcript.found.total, time.perf_counter() - began
    print(f"{name}: {words!r} is found {places} times in {len(transcript.found_ids)} messages in {seconds:.2f} s")
    show_costs(f"{name}: find, a key", keys, KEY_SECONDS)
    show_costs(f"{name}: find, held", [Cost(finding.cpu, finding.wall)], KEY_SECONDS)


async def bench_views(name: str, messages: list[ChatMessage]) -> None:
    """Opening, resizing, scrolling and jumping in one conversation."""
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        transcript = app.query_one(Transcript)
        transcript.focus()
        transcript.show(conversation(3))
        await pilot.pause()
        async with holding() as held:
            opened = await frame(app, lambda: transcript.show(messages))
        show_costs(f"{name}: open", [opened], OPEN_SECONDS)
        for size in ((100, 40), (60, 24), (120, 40)):
            cost = await resize(pilot, size)
            show_costs(f"{name}: resize to {size[0]}x{size[1]}", [cost], RESIZE_SECONDS)
        async with holding() as moving:
            for kind, act in (("page up", transcript.action_page_up), ("line up", transcript.action_scroll_up)):
                show_costs(f"{name}: {kind}", [await frame(app, act) for _ in range(100)], FRAME_SECONDS)
            rows = range(0, transcript.document.height, max(1, transcript.document.height // 40))
            jumps = [lambda row=row: transcript.scroll_to(y=row, animate=False) for row in rows]
            random.Random(1).shuffle(jumps)
            show_costs(f"{name}: jump", [await frame(app, jump) for jump in jumps], FRAME_SECONDS)
            ends = [await frame(app, act) for act in (transcript.first, transcript.last) * 5]
            show_costs(f"{name}: first, last", ends, FRAME_SECONDS)
        transcript.show(conversation(3))
        await pilot.pause()
        before = transcript.document.rendered_entries
        reopened = await frame(app, lambda: transcript.show(messages))
        again = transcript.document.rendered_entries - before
        show_costs(f"{name}: open again (rendered {again})", [reopened], OPEN_SECONDS)
        show_costs(f"{name}: held", [Cost(held.cpu, held.wall), Cost(moving.cpu, moving.wall)], HELD_SECONDS)
        for words in ("single slow node", "nowhere to be found", "Step 3"):
            await bench_find(name, app, transcript, words)
        show_costs(f"{name}: next found", [await frame(app, transcript.next_found) for _ in range(40)], FRAME_SECONDS)


async def stream(lanes: list[Transcript], text: str, tokens: int, per_second: int) -> tuple[Cost, Cost]:
    """Streams into each; returns what it took and the longest time held."""
    pieces = [text[n : n + 4] for n in range(0, tokens * 4, 4)]
    for transcript in lanes:
        transcript.begin_reply(ChatMessage("r", None, "assistant", "", 0, model="gpt-oss-120b", cluster="metis"))
    async with holding() as held:
        cpu, began = time.process_time(), time.perf_counter()
        for number, piece in enumerate(pieces):
            for transcript in lanes:
                transcript.add_text(piece)
            behind = began + number / per_second - time.perf_counter()
            if behind > 0.002 or number % 64 == 0:
                await asyncio.sleep(max(0.0, behind))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        for transcript in lanes:
            transcript.end_reply(ChatMessage("r", None, "assistant", "".join(pieces), 0, stop="stop"))
        await asyncio.sleep(0.1)
    return Cost(cpu, wall), Cost(held.cpu, held.wall)


async def bench_stream(name: str, text: str, tokens: int, per_second: int = 1000) -> None:
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        transcript = app.query_one(Transcript)
        await pilot.pause()
        before = resident_mb()
        cost, held = await stream([transcript], text, tokens, per_second)
        late = cost.wall - tokens / per_second
        value = f"{cost.cpu / tokens * 1000:.3f} s/1k, late {late:.2f} s, {transcript.drawn_deltas} drawn"
        show(f"{name}: {tokens} tokens, {per_second}/s", value, "late <= 0.1 s", late <= 0.1)
        show_costs(f"{name}: held", [held], HELD_SECONDS)
        grown = resident_mb() - before
        show(f"{name}: RSS", f"+ {grown:.1f} MB", f"<= {RSS_MB} MB", grown <= RSS_MB)


async def bench_lanes(tokens: int, text: str) -> None:
    """Four transcripts side by side against one: CPU for each token of each lane."""
    costs: dict[int, list[float]] = {1: [], 4: []}
    for _ in range(2):
        for count in (1, 4):
            app = Host(count)
            async with app.run_test(size=(160, 40)) as pilot:
                await pilot.pause()
                cost, _ = await stream(list(app.query(Transcript)), text, tokens, 1000)
                costs[count].append(cost.cpu / tokens / count * 1000)
    one, four = min(costs[1]), min(costs[4])
    value = f"{four:.3f} / {one:.3f} s/1k = {four / one:.2f}"
    show("4 lanes, CPU for a lane's 1k tokens", value, f"<= {LANES_RATIO} x one", four <= LANES_RATIO * one)


def resident_mb() -> float:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096 / 1024**2


def giants(chance: random.Random) -> dict[str, str]:
    words = " ".join(chance.choice(WORDS) for _ in range(180_000))
    return {"1 MB of Markdown": reply(chance, 250_000)[:1_000_000], "1 MB in one line": words[:1_000_000]}


async def main() -> None:
    tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    chance = random.Random(3)
    prose = " ".join(paragraph(chance, 20) for _ in range(tokens // 20))
    await bench_stream("mixed", reply(chance, tokens), tokens)
    await bench_stream("code", "```python\n" + "    value = compute(1, 'two')  # three\n" * tokens, tokens)
    await bench_stream("list", "".join(f"- {paragraph(chance, 10)}\n" for _ in range(tokens)), tokens)
    await bench_stream("paragraph", prose, tokens)
    await bench_lanes(min(tokens, 3_000), reply(chance, tokens))
    for count in (500, 5000):
        await bench_views(f"{count} messages", conversation(count))
    for name, text in giants(chance).items():
        asked = ChatMessage("p", None, "user", "Tell me all", 0)
        await bench_views(name, [asked, ChatMessage("r", "p", "assistant", text, 0, model="m", stop="stop")])
        await bench_stream(name, text, 240_000, 60_000)


if __name__ == "__main__":
    asyncio.run(main())
