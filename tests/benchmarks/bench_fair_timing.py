"""Measures what `compare` measures, by hand: python tests/benchmarks/bench_fair_timing.py

The skew between the requests of one round as the demo gateway sees them arrive, and latency and rate of replies whose
latency and rate are known. The goals: a skew below 20 ms, and 10 % at most between measured (median of three) and
true. On a busy machine both look worse than they are.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# ruff: noqa: E402
PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))

from metis_tui.demo.server import DemoGateway

MODELS = (
    "gpt-oss-120b@metis",
    "gemma-4-31B-it@metis",
    "openai/gpt-oss-120b@sophia",
    "nemotron-3-ultra@minerva",
)


def compare(gateway: DemoGateway, repeat: int, prompt: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "METIS_TUI_BASE_URL": gateway.url,
            "METIS_TUI_TOKEN": gateway.token,
            **{f"METIS_TUI_{purpose}_DIR": folder for purpose in ("CONFIG", "DATA", "STATE", "CACHE")},
        }
        models = [word for model in MODELS for word in ("-m", model)]
        words = ["compare", "--json", "--repeat", str(repeat), *models, prompt]
        done = subprocess.run(
            [sys.executable, "-m", "metis_tui", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
    return json.loads(done.stdout)


def skew(repeat: int) -> bool:
    with DemoGateway(throttle=None) as gateway:
        said = compare(gateway, repeat, "5 tokens at 100 tokens/s")
        arrived = [r.arrived for r in gateway.requests if r.path.endswith("/chat/completions")]
    rounds = [arrived[start : start + len(MODELS)] for start in range(0, len(arrived), len(MODELS))]
    skews = sorted((max(times) - min(times)) * 1000 for times in rounds)
    left = sorted(departures[-1]["offset_seconds"] * 1000 for departures in said["departures"])
    print(f"skew of {len(MODELS)} requests at the gateway, {repeat} rounds: ", end="")
    print(f"median {statistics.median(skews):.1f} ms, most {skews[-1]:.1f} ms (as recorded: most {left[-1]:.1f} ms)")
    return skews[-1] < 20


def accuracy(latency: float, tokens: int, rate: int) -> bool:
    with DemoGateway(throttle=None) as gateway:
        said = compare(gateway, 3, f"{tokens} tokens at {rate} tokens/s @@slow_start:{latency}@@")
    worst = 0.0
    for model in said["summary"]:
        first, per_second = model["first_delta_seconds"]["median"], model["tokens_per_second"]["median"]
        worst = max(worst, abs(first / latency - 1), abs(per_second / rate - 1))
        print(f"  {model['model']}: {first:.3f} s (true {latency} s), {per_second:.1f} tokens/s (true {rate})")
    print(f"  at most {worst:.1%} from the truth")
    return worst <= 0.1


def main() -> int:
    is_good = skew(10)
    for latency, tokens, rate in ((0.4, 500, 100), (1.0, 1000, 1000)):
        print(f"{tokens} tokens at {rate} tokens/s after {latency} s:")
        is_good = accuracy(latency, tokens, rate) and is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
