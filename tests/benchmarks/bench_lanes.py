"""Comparisons by numbers, by hand: python tests/benchmarks/bench_lanes.py

One lane in the chat and four lanes side by side, each at 1,000 tokens a second, take turns: processor time for 1,000
tokens, the echo of typed keys while all stream, bytes a character, how far apart the requests reached the gateway,
and whether each lane's text is on disk as it was sent.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal"), str(HERE), str(HERE.parent)]

from bench_goals import PRODUCT, SIZE, Bench, Numbers, _typed, wait_until_calm, wait_until_ready
from gateway_process import GatewayProcess, Reply
from measured_terminal import MeasuredTerminal
from replay import Watcher, median, percentile

TOKENS, RATE = 4000, 1000
MODELS = [
    "gemma-4-31B-it@metis",
    "gpt-oss-120b@metis",
    "Llama-4-Maverick-17B-128E-Instruct@metis",
    "openai/gpt-oss-120b@sophia",
]
PROMPT = f"Write {TOKENS} tokens at {RATE} tokens/s"


def start(bench: Bench, home: str) -> MeasuredTerminal:
    state = bench.folder / home / "state"
    state.mkdir(parents=True, exist_ok=True)
    (state / "choices.json").write_text(json.dumps({"presets": {"four": MODELS}, "has_seen_notice": True}))
    return bench.start(PRODUCT, home=home)


def measure(bench: Bench, home: str, lanes: int) -> Numbers:
    with start(bench, home) as window:
        wait_until_ready(window, PRODUCT)
        wait_until_calm(window, PRODUCT)
        window.type(PROMPT)
        window.wait_for_text(PROMPT[-9:])
        if lanes > 1:
            window.press("ctrl+t")
            window.wait_for_text("four: ")
        processor, asked = window.processor_seconds(), time.monotonic()
        window.press("enter")
        if lanes > 1:
            window.wait_for_text("4 lanes")
            window.press("i")
        typed = _typed(window, TOKENS / RATE - 1.5)
        time.sleep(max(0.0, asked + TOKENS / RATE - time.monotonic()))
        while window.bytes_since(time.monotonic() - 1.0) > 1500:
            time.sleep(0.2)
        processor = window.processor_seconds() - processor
        reply = bench.gateway.last_reply()
        watcher = Watcher(Reply([], []), typed)
        watcher.watch(window.pieces, SIZE, asked)
        written = window.bytes_since(asked)
        if lanes > 1:
            window.press("escape")
            window.press("escape")
            window.wait_for_text("Enter sends")
        window.press("ctrl+q")
        window.wait_exit()
    texts = saved_texts(bench.folder / home / "data")
    sent = reply.asked[-lanes:]
    return {
        "cpu": processor / (TOKENS * lanes) * 1000,
        "bytes": written / max(1, sum(map(len, texts))),
        "echo_p50": percentile(watcher.echoes, 0.5) * 1000,
        "echo_p95": percentile(watcher.echoes, 0.95) * 1000,
        "skew_ms": (max(sent) - min(sent)) * 1000,
        "replies": float(len(texts)),
        "exact": float(sorted(texts) == sorted(reply.texts[-lanes:])),
    }


def saved_texts(data: Path) -> list[str]:
    texts = []
    for path in data.glob("conversations/*/*.jsonl"):
        for line in path.read_text().splitlines():
            record = json.loads(line) if line.strip() else {}
            if record.get("t") == "msg" and record.get("role") == "assistant":
                texts.append(record["text"])
    return texts


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found: dict[int, list[Numbers]] = {1: [], 4: []}
    with tempfile.TemporaryDirectory() as folder, GatewayProcess() as gateway:
        bench = Bench(Path(folder), gateway, 0, 0)
        for turn in range(rounds):
            for lanes in found:
                found[lanes].append(measure(bench, f"lanes-{lanes}-{turn}", lanes))
                print(lanes, {name: round(value, 2) for name, value in found[lanes][-1].items()}, flush=True)
    print(f"\n{'':<10}{'1 lane':>10}{'4 lanes':>10}{'ratio':>8}")
    for name in found[1][0]:
        one, four = (median([numbers[name] for numbers in found[lanes]]) for lanes in (1, 4))
        print(f"{name:<10}{one:>10.2f}{four:>10.2f}{four / one if one else 0:>8.2f}")


if __name__ == "__main__":
    main()
