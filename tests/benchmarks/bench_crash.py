"""Kills the whole application while replies stream, by hand: python tests/benchmarks/bench_crash.py [--rounds N]

Prints how many acknowledged records and how many seconds of streamed text were lost. Ends with 1 when a record was.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal")]

from crash_rounds import Crash, crash


def one(number: int, speed: int) -> Crash:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return crash(Path(folder), random.Random(number), speed=speed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--speed", type=int, default=1000, help="tokens a second of the reply")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.at_once) as pool:
        found = list(pool.map(partial(one, speed=options.speed), range(options.rounds)))
    seconds = sorted(round.lost_seconds for round in found)
    lost = sum(round.lost_records for round in found)
    print(f"kill -9 while the application streams, {len(found)} times: {lost} acknowledged records lost,")
    print(f"{sum(round.recovered for round in found)} replies recovered, text lost in seconds: ", end="")
    median, nearly_all = seconds[len(seconds) // 2], seconds[len(seconds) * 95 // 100]
    print(f"median {median:.2f}, p95 {nearly_all:.2f}, most {seconds[-1]:.2f}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
