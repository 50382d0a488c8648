"""How long votes, a ranking, a difference and an agreement take. Run by hand; no time gates a test.

    .venv/bin/python tests/benchmarks/bench_votes.py

Prints a table: finding 500 votes among 10,000 conversations of 150 MB in all, ranking 20 models by 5,000 votes with
1,000 bootstraps, comparing two replies of 20,000 words, and reading off what four long replies agree on.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# ruff: noqa: E402
sys.path[:0] = [str(Path(__file__).parents[1] / "chat"), str(Path(__file__).parents[2])]

from simulated_votes import simulated

from metis_tui.chat.agreement import agreement
from metis_tui.chat.difference import word_diff
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.ranking import POINTS, rank
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.layout import Layout
from metis_tui.store.records import encode
from metis_tui.tui.rendering.difference import DifferenceStyles, difference_rows

CONVERSATIONS, MESSAGES, VOTED = 10_000, 10, 500
START_MS = 1_770_000_000_000


def seconds(call: Callable[[], object], times: int = 3) -> float:
    """The median of a few runs."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        took.append(time.perf_counter() - begin)
    return statistics.median(took)


def make_corpus(folder: Path) -> int:
    """Writes the segments; their size in bytes."""
    chance, layout, size = random.Random(1), Layout(folder, "0123abcd"), 0
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 10))) for _ in range(3000)]
    for number in range(CONVERSATIONS):
        ms = START_MS + number * 60_000
        conversation_id, parent, prompt = new_ulid(ms), None, None
        path = layout.segment(conversation_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = encode("conv", ms, {"id": conversation_id, "title": "t", "created": ms})
        for at in range(MESSAGES):
            message_id = new_ulid(ms + at)
            text = " ".join(chance.choices(words, k=190))
            role = "assistant" if at % 2 else "user"
            content += encode("msg", ms + at, {"id": message_id, "parent": parent, "role": role, "text": text})
            parent, prompt = message_id, prompt if at % 2 else message_id
        if number % (CONVERSATIONS // VOTED) == 0:
            value = {"verdict": "best", "best": 0, "models": ["a@metis", "b@sophia"], "created": ms}
            content += encode("vote", ms + 99, {"msg": prompt, "val": value})
        path.write_bytes(content)
        size += len(content)
    return size


def scan_rows() -> list[Sequence[str]]:
    with tempfile.TemporaryDirectory() as folder:
        size = make_corpus(Path(folder))

        async def scan() -> list[float]:
            store, took = ConversationFiles(Path(folder)), []
            for _ in range(5):
                begin = time.perf_counter()
                found = await store.votes()
                took.append(time.perf_counter() - begin)
                assert len(found) == VOTED
            await store.close()
            return took

        took = asyncio.run(scan())
    what = f"{VOTED} votes among {CONVERSATIONS:,} conversations, {size / 1e6:.0f} MB"
    return [(what, f"{statistics.median(took) * 1000:.0f} ms")]


def ranking_rows() -> list[Sequence[str]]:
    chance = random.Random(3)
    models = {f"m{n:02d}@metis": chance.gauss(0, 0.75) for n in range(20)}
    votes = simulated(models, 5000, 1)
    rows: list[Sequence[str]] = [
        ("ranking, 20 models x 5,000 votes x 1,000", f"{seconds(lambda: rank(votes), 1):.2f} s")
    ]
    five = {f"m{n}@metis": strength for n, strength in enumerate((1.2, 0.5, 0.0, -0.6, -1.3))}
    covered = in_order = total = 0
    for seed in range(40):
        found = rank(simulated(five, 250, seed), bootstraps=300)
        standings = {standing.model: standing for standing in found.standings}
        in_order += [standing.model for standing in found.standings] == list(five)
        shift = sum((standings[m].strength or 0) - POINTS * x for m, x in five.items()) / len(five)
        for model, strength in five.items():
            low, high = standings[model].low or 0, standings[model].high or 0
            covered += low <= POINTS * strength + shift <= high
            total += 1
    rows.append(("250 votes, 5 models, 40 seeds: intervals that hold the truth", f"{covered / total:.1%}"))
    rows.append(("... known order found", f"{in_order} of 40"))
    return rows


def difference_rows_of() -> list[Sequence[str]]:
    chance = random.Random(2)
    words = ["".join(chance.choices("abcdefghij", k=chance.randint(1, 8))) for _ in range(3000)]
    often = [1 / (n + 1) for n in range(3000)]
    a = chance.choices(words, often, k=20_000)
    b = list(a)
    for _ in range(2000):
        b[chance.randrange(20_000)] = chance.choice(words)
    other = chance.choices(words, often, k=20_000)
    rows: list[Sequence[str]] = []
    for name, one, two in (("a tenth changed", a, b), ("nothing in common", a, other)):
        first, second = ("\n\n".join(" ".join(t[n : n + 60]) for n in range(0, 20_000, 60)) for t in (one, two))
        took = seconds(lambda first=first, second=second: word_diff(first, second))  # type: ignore[misc]
        rows.append((f"difference, 2 x 20,000 words, {name}", f"{took * 1000:.0f} ms"))
        difference = word_diff(first, second)
        for width in (80, 120):
            took = seconds(lambda d=difference, w=width: difference_rows(d, w, DifferenceStyles()))  # type: ignore[misc]
            rows.append((f"... as rows of {width} cells", f"{took * 1000:.0f} ms"))
    return rows


def agreement_rows() -> list[Sequence[str]]:
    text = "Use 1,024 ranks and `--nodes=4`, see [1] and src/main.f90 or MPI_Bcast(); it takes 3.5e-4 s.\n\n" * 400
    return [
        ("agreement of 4 replies of 40 KB", f"{seconds(lambda: agreement(text, text, text, text)) * 1000:.0f} ms")
    ]


def main() -> None:
    for rows in (ranking_rows, difference_rows_of, agreement_rows, scan_rows):
        for what, value in rows():
            print(f"{what:<70} {value:>10}", flush=True)


if __name__ == "__main__":
    main()
