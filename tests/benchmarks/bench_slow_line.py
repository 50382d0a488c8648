"""Measures the application at the far end of a slow line, by hand: python tests/benchmarks/bench_slow_line.py

By default 20 KB/s and a round trip of 200 ms. While a reply of 10,000 tokens comes at 1,000 tokens/s: how soon keys
are seen, and how far the screen is behind the gateway; then scrolling with a key held down; at the end every cell.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal"), str(HERE)]

from cell_check import check
from gateway_process import GatewayProcess
from replay import Watcher, percentile
from saved_conversation import END, save_long_conversation
from slow_line import SlowTerminal

MODEL = ("-m", "gemma-4-31B-it@metis")
KEYS = "bcdfghjkmnpqrtvwxz"
KEY_SECONDS = 0.25
HELD_KEY_SECONDS = 1 / 30
"""As keyboards repeat a key that is held down."""
Row = tuple[str, str, str, bool]


def variables(home: Path, gateway: GatewayProcess, is_remote: bool, settings: str) -> dict[str, str]:
    folders = {f"METIS_TUI_{name.upper()}_DIR": str(home / name) for name in ("config", "data", "state", "cache")}
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(settings)
    remote = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"} if is_remote else {}
    access = {"METIS_TUI_BASE_URL": gateway.url, "METIS_TUI_TOKEN": gateway.token}
    return {"HOME": str(home), "COLORTERM": "truecolor", **folders, **remote, **access}


def type_keys(window: SlowTerminal, count: int, seed: int) -> list[tuple[float, str]]:
    """Types letters at a steady pace; gives for each when, and the text that ends in it."""
    chance, text, typed = random.Random(seed), "", []
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number * KEY_SECONDS - time.monotonic()))
        text += chance.choice(KEYS)
        typed.append((time.monotonic(), text[-6:]))
        window.type(text[-1])
    return typed[5:]  # the first ones are too short to be told apart


def streaming(
    window: SlowTerminal, gateway: GatewayProcess, tokens: int, size: tuple[int, int]
) -> tuple[Watcher, float]:
    """A long reply and keys meanwhile; gives what was seen and the bytes a second."""
    window.ask(f"Write {tokens} tokens at 1000 tokens/s")
    asked = time.monotonic()
    window.wait_for("streaming")
    time.sleep(1)
    typed = type_keys(window, int((tokens / 1000 - 1.5) / KEY_SECONDS), 3)
    window.wait_for(lambda text: re.search(r"(context|ctx) \d", text), 60)
    window.settle(0.6, 20)
    reply = gateway.last_reply()
    watcher = Watcher(reply, typed)
    watcher.watch(list(window.pieces), size, asked)
    return watcher, bytes_between(window, reply.times[0], reply.times[-1])


def bytes_between(window: SlowTerminal, start: float, end: float) -> float:
    return sum(len(data) for arrived, data in window.pieces if start <= arrived <= end) / (end - start)


def hold(window: SlowTerminal, key: str, seconds: float) -> float:
    """Holds a key down; gives the seconds from its release to the last thing that came of it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        window.press(key)
        time.sleep(HELD_KEY_SECONDS)
    released = time.monotonic()
    window.settle(0.8, 15)
    last = next((arrived for arrived, data in reversed(window.pieces) if len(data) > 60), released)
    return max(0.0, last - released)


class Table:
    """Rows of name, value and goal; a goal of - is for information."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, name: str, value: float, shown: str, goal: float, goal_text: str) -> None:
        self.rows.append((name, shown, goal_text, value <= goal))

    def seconds(self, name: str, value: float, goal: float | None = None) -> None:
        self.add(name, value, f"{value:.2f} s", goal or 0.0, "-" if goal is None else f"<= {goal:.2g} s")

    def milliseconds(self, name: str, value: float, goal: float | None = None) -> None:
        shown = "-" if goal is None else f"<= {goal * 1000:.0f} ms"
        self.add(name, value, f"{value * 1000:.0f} ms", goal or 0.0, shown)

    def exact(self, window: SlowTerminal) -> None:
        verdict = check(window, quiet_seconds=0.8)
        self.add("wrong cells at the end", verdict.wrong_cells, str(verdict.wrong_cells), 0, "0")
        if verdict.wrong_cells or not verdict.is_repainted:
            print("\n".join(verdict.report) or "Ctrl+L was not answered with a repaint")


def measure_streaming(
    table: Table, window: SlowTerminal, gateway: GatewayProcess, options: argparse.Namespace
) -> None:
    trip = options.round_trip / 1000
    watcher, speed = streaming(window, gateway, options.tokens, options.size)
    table.milliseconds("key echo p50", percentile(watcher.echoes, 0.5))
    table.milliseconds("key echo p95", percentile(watcher.echoes, 0.95), 2 * trip)
    seen, typed = len(watcher.echoes), len(watcher.typed)
    table.add("keys seen", typed - seen, f"{seen} of {typed}", 0, "all")
    table.seconds("last word behind the gateway", watcher.lag if watcher.lag is not None else float("inf"), 1.0)
    table.seconds("greatest lag while streaming", watcher.greatest_lag, 1.0)
    table.seconds("lag p50 while streaming", percentile([lag for _, lag in watcher.lags], 0.5))
    table.add("bytes a second", 0, f"{speed / 1000:.1f} KB/s", 0, "-")
    table.add("most under way", 0, f"{window.most_under_way / 1024:.0f} KiB", 0, "-")
    table.exact(window)


def measure_scrolling(table: Table, window: SlowTerminal) -> None:
    for key, name in (("pageup", "PgUp"), ("pagedown", "PgDn"), ("pageup", "PgUp")):
        table.seconds(f"{name} held for 3 s: quiet after", hold(window, key, 3), 1.0)
    table.exact(window)


def measure(options: argparse.Namespace) -> list[Row]:
    table = Table()
    line = {
        "size": options.size,
        "bytes_per_second": options.bytes_per_second,
        "round_trip_seconds": options.round_trip / 1000,
        "most_bytes": options.buffer * 1024,
    }
    with tempfile.TemporaryDirectory() as folder, GatewayProcess() as gateway:
        environment = variables(Path(folder), gateway, not options.local, options.settings)
        with SlowTerminal(*MODEL, environment=environment, **line) as window:
            window.wait_for("● live", 30)
            measure_streaming(table, window, gateway, options)
        environment["METIS_TUI_DATA_DIR"] = str(Path(folder) / "other")
        save_long_conversation(Path(folder) / "other", 200)
        with SlowTerminal("-c", environment=environment, **line) as window:
            window.wait_for(END, 30)
            window.wait_for("● live", 30)
            measure_scrolling(table, window)
    return table.rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes-per-second", type=int, default=20_000)
    parser.add_argument("--round-trip", type=float, default=200, help="milliseconds")
    parser.add_argument("--buffer", type=int, default=64, help="KiB under way before writes block")
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))), default=(120, 40))
    parser.add_argument("--local", action="store_true", help="without SSH_CONNECTION")
    parser.add_argument("--settings", default="", help="lines of config.toml, for instance 'line = \"slow\"'")
    options = parser.parse_args()
    print(
        f"{options.bytes_per_second:,} bytes/s, round trip {options.round_trip:.0f} ms, buffer {options.buffer} KiB, "
        f"{options.tokens:,} tokens at 1,000 tokens/s, {options.size[0]}x{options.size[1]}"
    )
    rows = measure(options)
    for name, value, goal, is_met in rows:
        verdict = "" if goal == "-" else "met" if is_met else "MISSED"
        print(f"{name:34} {value:>12}   {goal:12} {verdict}")
    return 0 if all(is_met or goal == "-" for _, _, goal, is_met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
