"""Kills a matrix at random moments and runs it again, by hand: python tests/benchmarks/matrix_kills.py [--rounds N]

50 prompts x 3 models x 2, with some that fail. Each round is killed with SIGKILL after some cells, again and again,
until a run ends by itself. Prints what was asked twice; ends with 1 when a cell is missing or there more than once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# ruff: noqa: E402
PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))

from metis_tui.demo.server import DemoGateway

MODELS = ("gpt-oss-120b@metis", "gemma-4-31B-it@metis", "openai/gpt-oss-120b@sophia")
REPEAT = 2


def prompts(count: int) -> str:
    special = {7: "torn @@die_mid@@", 19: "refused @@http413ctx@@", 31: "a line \u2028 with separators"}
    return "".join(json.dumps({"id": f"p{n}", "prompt": special.get(n, f"Say {n}")}) + "\n" for n in range(count))


def start(folder: Path, source: Path, gateway: DemoGateway) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "METIS_TUI_BASE_URL": gateway.url,
        "METIS_TUI_TOKEN": gateway.token,
        **{f"METIS_TUI_{purpose}_DIR": str(folder / purpose) for purpose in ("CONFIG", "DATA", "STATE", "CACHE")},
    }
    words = ["matrix", str(source), "-o", str(folder / "out"), "--repeat", str(REPEAT), "--concurrency", "8"]
    models = [word for model in MODELS for word in ("-m", model)]
    return subprocess.Popen(
        [sys.executable, "-m", "metis_tui", *words, *models],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def results(folder: Path) -> tuple[Counter[tuple[str, str, int]], set[tuple[str, str, int]], int]:
    """How often each cell was written, those whose last result failed, and torn lines."""
    written: Counter[tuple[str, str, int]] = Counter()
    failed: set[tuple[str, str, int]] = set()
    torn = 0
    for line in (folder / "out" / "cells.jsonl").read_bytes().split(b"\n"):
        if not line:
            continue
        try:
            record = json.loads(line)
        except ValueError:
            torn += 1
            continue
        cell = (record["prompt"], record["model"], record["repeat"])
        written[cell] += 1
        (failed.discard if record["reply"].get("stop") == "stop" else failed.add)(cell)
    return written, failed, torn


def one_round(number: int, count: int) -> bool:
    order = random.Random(number)
    with DemoGateway(speed=30.0, throttle=None, seed=number) as gateway, tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Path(name) / "prompts.jsonl"
        source.write_text(prompts(count))
        kills, started = 0, time.monotonic()
        while True:
            running = start(folder, source, gateway)
            try:
                running.wait(order.uniform(0.3, 9.0))
                break
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
                kills += 1
        written, failed, torn = results(folder)
        asked = sum(request.path.endswith("/chat/completions") for request in gateway.requests)
        whole = count * len(MODELS) * REPEAT
        # a failure that can pass is written once by each run that met it; a whole reply is written once for ever
        twice = [cell for cell, times in written.items() if times > 1 and cell not in failed]
        is_right = len(written) == whole and not twice and running.returncode in (0, 7)
        print(
            f"round {number}: {kills} kills, {len(written)} of {whole} cells, {len(failed)} failed for good, "
            f"{torn} torn lines, {len(twice)} twice, at least {asked} requests, {time.monotonic() - started:.0f} s, "
            f"exit code {running.returncode}: {'right' if is_right else 'WRONG'}"
        )
        return is_right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=50)
    options = parser.parse_args()
    outcomes = [one_round(number, options.prompts) for number in range(options.rounds)]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
