"""Times the transcript, by hand: `python tests/benchmarks/bench_transcript.py`. Prints one table.

Opening, resizing and paging are timed to the end of the frame that shows them, in a headless application.
"""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable

from textual.app import App, ComposeResult

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


class Host(App[None]):
    CSS = "Transcript { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield Transcript()


async def frame(app: App[None], act: Callable[[], object]) -> float:
    """Seconds from an action to the end of the frame that shows it."""
    done = asyncio.Event()
    gc.disable()
    began = time.perf_counter()
    act()
    app.screen.call_after_refresh(done.set)
    await done.wait()
    seconds = time.perf_counter() - began
    gc.enable()
    return seconds


async def bench_views(count: int) -> None:
    messages = conversation(count)
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        transcript = app.query_one(Transcript)
        transcript.focus()
        await pilot.pause()
        opened = await frame(app, lambda: transcript.show(messages))
        rendered = transcript.document.rendered_entries
        print(f"{count:6} messages  open {opened * 1000:7.1f} ms   rendered {rendered}")
        for size in ((100, 40), (60, 24), (120, 40)):
            began = time.perf_counter()
            await pilot.resize_terminal(*size)
            seconds = time.perf_counter() - began
            print(f"{'':16} resize to {size[0]}x{size[1]} {seconds * 1000:7.1f} ms (with the pilot's waits)")
        for name, act in (("page up", transcript.action_page_up), ("line up", transcript.action_scroll_up)):
            times = [await frame(app, act) for _ in range(200)]
            show_times(name, times)
        jumps = [
            await frame(app, lambda row=row: transcript.scroll_to(y=row, animate=False))  # type: ignore[misc]
            for row in range(0, transcript.document.height, max(1, transcript.document.height // 40))
        ]
        show_times("jump", jumps)


def show_times(name: str, times: list[float]) -> None:
    milliseconds = sorted(seconds * 1000 for seconds in times)
    p95 = milliseconds[int(len(milliseconds) * 0.95)]
    print(
        f"{'':16} {name:8} p50 {statistics.median(milliseconds):6.1f}  p95 {p95:6.1f}  max {milliseconds[-1]:6.1f} ms"
    )


async def bench_stream(tokens: int, per_second: int, text: str, name: str) -> None:
    app = Host()
    async with app.run_test(size=(120, 40)) as pilot:
        transcript = app.query_one(Transcript)
        await pilot.pause()
        started = ChatMessage("r", None, "assistant", "", 0, model="gpt-oss-120b", cluster="metis")
        transcript.begin_reply(started)
        pieces = [text[n : n + 4] for n in range(0, tokens * 4, 4)]
        cpu, began = time.process_time(), time.perf_counter()
        for number, piece in enumerate(pieces):
            transcript.add_text(piece)
            behind = began + number / per_second - time.perf_counter()
            if behind > 0.002 or number % 64 == 0:
                await asyncio.sleep(max(0.0, behind))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        live = transcript.document.entries[-1].live
        blocks = live.markdown.rendered_blocks if live else 0
        ended = await frame(
            app, lambda: transcript.end_reply(ChatMessage("r", None, "assistant", "".join(pieces), 0, stop="stop"))
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name:10} {tokens} tokens at {per_second}/s: CPU {cpu / tokens * 1000:.2f} s/1k, wall {wall:.1f} s, "
            f"{transcript.drawn_deltas} drawings, {blocks} blocks, end {ended * 1000:.0f} ms, RSS {memory:.0f} MB"
        )


async def main() -> None:
    for count in (500, 5000):
        await bench_views(count)
    chance = random.Random(3)
    tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    prose = " ".join(paragraph(chance, 20) for _ in range(tokens // 20))
    await bench_stream(tokens, 1000, reply(chance, tokens), "mixed")
    await bench_stream(tokens, 1000, "```python\n" + "    value = compute(1, 'two')  # three\n" * tokens, "code")
    await bench_stream(tokens, 1000, "".join(f"- {paragraph(chance, 10)}\n" for _ in range(tokens)), "list")
    await bench_stream(tokens, 1000, prose, "paragraph")


if __name__ == "__main__":
    asyncio.run(main())
