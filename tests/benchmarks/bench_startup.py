"""Measures start-up by hand: python tests/benchmarks/bench_startup.py [--rounds N] [--conversations N] [--skip-echo]

The product and a bare Textual application take turns in a terminal that only records; figures are medians, and the
machine's load is in both, so read the ratios. Files are counted with strace where there is one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

from bench_store import make_corpus
from recording_terminal import RecordingTerminal, environment
from start_watch import read_log

from metis_tui.demo.server import DemoGateway

READY = {"bare": b"READY", "empty": b"sends", "full": b"sends"}
NAMES = {"bare": "bare Textual", "empty": "metis-tui, empty home", "full": "metis-tui, saved conversations"}
WATCH = HERE.parent / "start_watch.py"

NAMING = {"open", "openat", "stat", "newfstatat", "lstat", "statx", "access", "faccessat", "faccessat2"}
NAMING |= {"readlink", "readlinkat", "mkdir", "mkdirat", "unlink", "unlinkat", "rename", "renameat", "getdents64"}
ON_OPEN_FILES = {"read", "pread64", "lseek", "fstat", "close", "ioctl", "fcntl", "write"}
_PAINT = re.compile(r'\d+ +write\(\d+, "\\33\[.*, (\d+)(?:\)| <unfinished)')
_CALL = re.compile(r"\d+ +(\w+)\(")
_PAINT_BYTES = 500
"""A write to the terminal longer than this is the first paint; what comes before are the terminal's modes."""

_FIGURES = ("median s", "best s", "CPU s", "RSS MB")
_WIDTHS = (9, 7, 7, 7)

KEYS = [
    chr(code) for first, last in ((0x0410, 0x044F), (0x0531, 0x0556), (0x10D0, 0x10F0)) for code in range(first, last)
]
"""Letters that nothing else on screen has, so that each is seen to arrive; 4 s of typing without a pause."""
KEY_SECONDS = 0.03


class Bench:
    """The programs to compare, each with its home."""

    def __init__(self, folder: Path, gateway: DemoGateway, conversations: int) -> None:
        self.folder = folder
        script = folder / "metis-tui"
        script.write_text("import sys\nfrom metis_tui.__main__ import main\nsys.exit(main())\n")
        options = ["--base-url", gateway.url, "-m", "gpt-oss-120b@metis"]
        self.scripts = {
            "bare": [str(HERE / "bare_app.py")],
            "empty": [str(script), *options],
            "full": [str(script), *options],
        }
        self.variables = {**environment(folder), "METIS_TUI_TOKEN": gateway.token}
        self.homes = {name: folder / f"home-{name}" for name in READY}
        for home in self.homes.values():
            home.mkdir()
        if conversations:
            print(f"making {conversations} conversations ...", flush=True)
            make_corpus(self.homes["full"] / ".local/share/metis_tui", conversations)

    def start(self, name: str, *before: str, watch_log: Path | None = None) -> RecordingTerminal:
        if name == "empty":  # as it was before: without the draft of what was typed last time
            shutil.rmtree(self.homes[name])
            self.homes[name].mkdir()
        script = self.scripts[name]
        if watch_log is not None:
            script = (
                [str(WATCH), str(watch_log), *script]
                if name == "bare"
                else [str(WATCH), str(watch_log), "--", *script[1:]]
            )
        return RecordingTerminal([*before, sys.executable, *script], self.variables | {"HOME": str(self.homes[name])})

    def names(self) -> list[str]:
        return [name for name in READY if name != "full" or (self.homes["full"] / ".local").exists()]


def measure_ready(bench: Bench, rounds: int) -> None:
    names = bench.names()
    measured: dict[str, list[tuple[float, float, float]]] = {name: [] for name in names}
    for turn in range(rounds + 1):  # the first is left out: it warms the disk's cache
        for name in names:
            with bench.start(name) as terminal:
                seconds = terminal.wait_for(READY[name]) - terminal.started
                facts = (seconds, terminal.processor_seconds(), terminal.resident_megabytes())
            if turn:
                measured[name].append(facts)
    title = f"ready to type, {rounds} rounds"
    heads = [f" {head:>{width}} {'ratio':>6}" for head, width in zip(_FIGURES, _WIDTHS, strict=True)]
    print(f"\n{title:34}{''.join(heads)}")
    base = _summary(measured["bare"])
    for name in names:
        figures = _summary(measured[name])
        ratios = [figure / floor for figure, floor in zip(figures, base, strict=True)]
        cells = zip(figures, ratios, _WIDTHS, (3, 3, 3, 1), strict=True)
        row = [f" {value:{width}.{digits}f} {ratio:6.2f}" for value, ratio, width, digits in cells]
        print(f"{NAMES[name]:34}{''.join(row)}")


def _summary(runs: list[tuple[float, float, float]]) -> tuple[float, float, float, float]:
    """Median and best seconds, processor seconds, megabytes."""
    seconds, computed, megabytes = zip(*runs, strict=True)
    return statistics.median(seconds), min(seconds), statistics.median(computed), statistics.median(megabytes)


def calls_to_first_paint(trace: Path) -> Counter[str]:
    calls: Counter[str] = Counter()
    with trace.open(errors="replace") as lines:
        for line in lines:
            paint = _PAINT.match(line)
            if paint and int(paint.group(1)) > _PAINT_BYTES:
                break
            if found := _CALL.match(line):
                calls[found.group(1)] += 1
    return calls


def count_calls(bench: Bench) -> None:
    if shutil.which("strace") is None:
        print("\nno strace: system calls are not counted")
        return
    counted: dict[str, Counter[str]] = {}
    for name in bench.names():
        trace = bench.folder / f"trace-{name}"
        with bench.start(name, "strace", "-f", "-qq", "-s", "16", "-o", str(trace)) as terminal:
            terminal.wait_for(READY[name], 60)
            time.sleep(0.3)  # the trace is written a little later than the screen
        counted[name] = calls_to_first_paint(trace)
    print(f"\n{'system calls to the first paint':34} {'by name':>8} {'ratio':>6} {'all file':>9} {'ratio':>6}  most")
    base = counted["bare"]
    for name, calls in counted.items():
        named, every = _total(calls, NAMING), _total(calls, NAMING | ON_OPEN_FILES)
        ratios = named / _total(base, NAMING), every / _total(base, NAMING | ON_OPEN_FILES)
        most = ", ".join(f"{call} {count}" for call, count in calls.most_common(5))
        print(f"{NAMES[name]:34} {named:8} {ratios[0]:6.2f} {every:9} {ratios[1]:6.2f}  {most}")


def _total(calls: Counter[str], kinds: set[str]) -> int:
    return sum(count for call, count in calls.items() if call in kinds)


def count_modules(bench: Bench) -> None:
    print(f"\n{'until the first paint':34} {'modules':>8} {'ours':>6} {'textual':>8} {'files read':>11}")
    for name in bench.names():
        log = bench.folder / f"log-{name}"
        with bench.start(name, watch_log=log) as terminal:
            ready = terminal.wait_for(READY[name])
        events = [event for event in read_log(log) if event.seconds <= ready]
        read = [event.name for event in events if event.kind == "read"]
        modules = [path for path in read if path.endswith((".pyc", ".so"))]
        ours = sum("/metis_tui/" in path for path in modules)
        textual = sum("/site-packages/textual/" in path for path in modules)
        print(f"{NAMES[name]:34} {len(modules):8} {ours:6} {textual:8} {len(read):11}")


def measure_echo(bench: Bench, rounds: int) -> None:
    """Keys from the first paint on, while libraries are loaded in the background, and keys afterwards."""
    rows: dict[str, list[float]] = {"first second": [], "the next three": [], "everything loaded": [], "bare": []}
    for _ in range(rounds):
        with bench.start("empty") as terminal:
            terminal.wait_for(READY["empty"])
            times = terminal.echo_times(KEYS, KEY_SECONDS)
        rows["first second"] += times[: int(1 / KEY_SECONDS)]
        rows["the next three"] += times[int(1 / KEY_SECONDS) :]
        for name, row in (("empty", "everything loaded"), ("bare", "bare")):
            with bench.start(name) as terminal:
                terminal.wait_for(READY[name])
                terminal.wait_until_idle()
                rows[row] += terminal.echo_times(KEYS[:64], KEY_SECONDS)
    title = f"key echo in ms, {rounds} rounds"
    print(f"\n{title:34} {'p50':>7} {'p95':>7} {'max':>7} {'over 50':>8}")
    for name, times in rows.items():
        milliseconds = sorted(second * 1000 for second in times)
        p95 = milliseconds[int(len(milliseconds) * 0.95)]
        late = sum(value > 50 for value in milliseconds)
        print(f"{name:34} {statistics.median(milliseconds):7.1f} {p95:7.1f} {milliseconds[-1]:7.1f} {late:8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--only", choices=["ready", "calls", "modules", "echo"], action="append")
    options = parser.parse_args()
    parts = options.only or ["ready", "calls", "modules", "echo"]
    with tempfile.TemporaryDirectory() as folder, DemoGateway(throttle=None, speed=20.0, seed=1) as gateway:
        bench = Bench(Path(folder), gateway, options.conversations)
        print(f"Python {sys.version.split()[0]}")
        if "modules" in parts:
            count_modules(bench)
        if "calls" in parts:
            count_calls(bench)
        if "ready" in parts:
            measure_ready(bench, options.rounds)
        if "echo" in parts:
            measure_echo(bench, max(1, options.rounds // 3))


if __name__ == "__main__":
    main()
