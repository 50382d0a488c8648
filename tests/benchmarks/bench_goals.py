"""Prints the table of goals for speed and bytes, by hand: python tests/benchmarks/bench_goals.py

The goals of comparisons are in bench_lanes.py, those of saved conversations in bench_history.py.

The product, a bare Textual application and one with Textual's Markdown stream take turns in terminals, on the demo
gateway; figures are medians, and the machine's load is in all of them, so read the ratios.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal"), str(HERE), str(HERE.parent)]

from bench_startup import NAMING, calls_to_first_paint
from bench_store import make_corpus
from gateway_process import GatewayProcess
from measured_terminal import MeasuredTerminal
from replay import Watcher, median, percentile
from saved_conversation import END, save_long_conversation
from terminal_process import COMMAND

SIZE = (120, 40)
PRODUCT, BARE, MARKDOWN = "metis-tui", "bare", "markdown"
READY = {PRODUCT: "Enter sends", BARE: "READY", MARKDOWN: "READY"}
LETTERS = "bcdfghjkmnpqrtvwxz"
KEY_SECONDS = 0.1
QUIET_SECONDS, BLINKING_BYTES = 0.8, 5000
"""A reply is over when less came for so long; a blinking cursor alone writes 2.5 KB a second."""
Numbers = dict[str, float]


@dataclass
class Bench:
    """The programs, the gateway and the homes."""

    folder: Path
    gateway: GatewayProcess
    conversations: int
    messages: int
    _made: set[str] = field(default_factory=set)

    def start(self, app: str, *arguments: str, home: str = "", before: tuple[str, ...] = ()) -> MeasuredTerminal:
        place = self.folder / (home or f"{app}-{time.monotonic_ns()}")
        folders = {
            f"METIS_TUI_{name.upper()}_DIR": str(place / name) for name in ("config", "data", "state", "cache")
        }
        access = {"METIS_TUI_BASE_URL": self.gateway.url, "METIS_TUI_TOKEN": self.gateway.token}
        variables = {"HOME": str(place), "COLORTERM": "truecolor", **folders, **access}
        place.mkdir(exist_ok=True)
        command = [*COMMAND, "-m", "gemma-4-31B-it@metis"] if app == PRODUCT else self.reference(app)
        return MeasuredTerminal(*arguments, command=[*before, *command], size=SIZE, environment=variables)

    def reference(self, app: str) -> list[str]:
        return [sys.executable, str(HERE / "reference_apps.py"), app]

    def home_with_many(self) -> str:
        if "many" not in self._made:
            self._made.add("many")
            make_corpus(self.folder / "many" / "data", self.conversations)
        return "many"

    def home_with_long(self) -> str:
        if "long" not in self._made:
            self._made.add("long")
            save_long_conversation(self.folder / "long" / "data", self.messages)
        return "long"


def wait_until_ready(window: MeasuredTerminal, app: str) -> float:
    """Seconds from the start until a typed key is seen; the key is taken back."""
    window.wait_for_text(READY[app])
    before = window.text.count("q")
    window.type("q")
    ready = window.wait_until(lambda text: text.count("q") > before or "Enter sends" not in text != app, "a key")
    window.press("backspace")
    return ready - window.started


def wait_until_calm(window: MeasuredTerminal, app: str) -> None:
    """Until nothing is loaded in the background any more."""
    if app == PRODUCT:
        window.wait_for_text("● live")
    last = window.processor_seconds()
    for _ in range(40):
        time.sleep(0.4)
        now = window.processor_seconds()
        if now - last < 0.02:
            return
        last = now


# -- scenarios: each measures one program once ---------------------------------------------------------------------


def starting(bench: Bench, app: str) -> Numbers:
    home = bench.home_with_many() if app == PRODUCT and bench.conversations else ""
    with bench.start(app, home=home) as window:
        ready = wait_until_ready(window, app)
        megabytes = window.megabytes()
        wait_until_calm(window, app)
        idle = time.monotonic()
        time.sleep(4)
        return {"ready": ready, "megabytes": megabytes, "idle_bytes": window.bytes_since(idle) / 4}


def reading_files(bench: Bench, app: str) -> Numbers:
    if shutil.which("strace") is None:
        return {}
    home = bench.home_with_many() if app == PRODUCT and bench.conversations else ""
    trace = bench.folder / f"trace-{app}"
    strace = ("strace", "-f", "-qq", "-s", "16", "-o", str(trace))
    with bench.start(app, home=home, before=strace) as window:
        window.wait_for_text(READY[app], 60)
        time.sleep(0.5)  # the trace is written a little later than the screen
    calls = calls_to_first_paint(trace)
    return {"calls": float(sum(count for call, count in calls.items() if call in NAMING))}


def replying(tokens: int, rate: int, is_typing: bool = False) -> Callable[[Bench, str], Numbers]:
    pace = f"at {rate} tokens/s" if rate else "at max speed"

    def measure(bench: Bench, app: str) -> Numbers:
        with bench.start(app) as window:
            wait_until_ready(window, app)
            wait_until_calm(window, app)
            return _one_reply(bench, window, f"Write {tokens} tokens {pace}", tokens, rate, is_typing)

    return measure


def _one_reply(
    bench: Bench, window: MeasuredTerminal, prompt: str, tokens: int, rate: int, is_typing: bool
) -> Numbers:
    processor, megabytes = window.processor_seconds(), window.megabytes()
    window.type(prompt)
    window.wait_for_text(prompt[-9:])
    asked = time.monotonic()
    window.press("enter")
    typed = _typed(window, tokens / rate - 1.5) if is_typing else []
    time.sleep(max(0.0, asked + (tokens / rate if rate else 1.0) - time.monotonic()))
    for _ in range(60):
        time.sleep(QUIET_SECONDS)
        reply = bench.gateway.last_reply()
        is_quiet = window.bytes_since(time.monotonic() - QUIET_SECONDS) < BLINKING_BYTES
        if is_quiet and len(reply.pieces) == tokens:
            break
    processor = window.processor_seconds() - processor
    watcher = Watcher(reply, typed)
    watcher.watch(window.pieces, SIZE, asked)
    numbers = {
        "cpu": processor / tokens * 1000,
        "bytes": window.bytes_since(asked) / len(reply.text),
        "growth": window.megabytes() - megabytes,
        "echo_p50": percentile(watcher.echoes, 0.5) * 1000,
        "echo_p95": percentile(watcher.echoes, 0.95) * 1000,
    }
    if watcher.lag is not None:
        numbers |= {"lag": watcher.lag, "speed": tokens / ((watcher.end_at or 0.0) - reply.times[0])}
    return numbers


def _typed(window: MeasuredTerminal, seconds: float) -> list[tuple[float, str]]:
    time.sleep(1.0)
    chance, text, typed, began = random.Random(3), "", [], time.monotonic()
    while time.monotonic() < began + seconds:
        text += chance.choice(LETTERS)
        typed.append((time.monotonic(), text[-6:]))
        window.type(text[-1])
        time.sleep(max(0.0, began + len(typed) * KEY_SECONDS - time.monotonic()))
    return typed[5:]


def opening_long(bench: Bench, app: str) -> Numbers:
    """A long conversation: opened from the list, resized, scrolled by pages."""
    if app != PRODUCT:
        return {}
    with bench.start(app, home=bench.home_with_long()) as window:
        wait_until_calm(window, app)
        window.press("ctrl+r")
        window.wait_for_text("The long conversation")
        window.settle(0.4, 5)
        pressed = time.monotonic()
        window.press("enter")
        opened = window.wait_until(lambda text: END in text and "Enter sends" in text, "the conversation's end")
        window.settle(0.5, 5)
        numbers = {"open": opened - pressed, "resize": _resized(window)}
        pages = [_paged(window) for _ in range(40)]
        return numbers | {"page_p50": percentile(pages, 0.5) * 1000, "page_max": max(pages) * 1000}


def _resized(window: MeasuredTerminal) -> float:
    times = []
    for size in ((100, 30), (80, 24), SIZE):
        began = time.monotonic()
        window.resize(*size)
        window.settle(0.4, 5)
        last = [arrived for arrived, data in window.pieces if arrived > began and len(data) > 400]
        times.append(last[-1] - began if last else float("nan"))
    return max(times)


def _paged(window: MeasuredTerminal) -> float:
    start, pressed = len(window.pieces), time.monotonic()
    window.press("pageup")
    window.settle(0.08, 1)
    return window.pieces[-1][0] - pressed if len(window.pieces) > start else float("nan")


SCENARIOS: Mapping[str, Callable[[Bench, str], Numbers]] = {
    "start": starting,
    "files": reading_files,
    "2k": replying(2000, 1000),
    "10k": replying(10_000, 1000),
    "max": replying(10_000, 0),
    "slow": replying(1000, 100),
    "echo": replying(5000, 1000, is_typing=True),
    "long": opening_long,
}


# -- goals -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    name: str
    scenario: str
    key: str
    unit: str
    most: float | None
    """The value itself at most, or with `against` the ratio to that program's; None: for information."""
    against: str = ""
    note: str = ""


GOALS = (
    Goal("ready to type", "start", "ready", "s", 1.25, BARE),
    Goal("file system calls by name", "files", "calls", "", 1.3, BARE),
    Goal("memory when ready", "start", "megabytes", "MB", 1.5, BARE),
    Goal("memory more after 10k tokens", "10k", "growth", "MB", 15),
    Goal("lag, 2k tokens at 1,000/s", "2k", "lag", "s", 0.1),
    Goal("lag, 10k tokens at 1,000/s", "10k", "lag", "s", 0.1),
    Goal("CPU s per 1k tokens, 2k", "2k", "cpu", "s", 0.45, MARKDOWN),
    Goal("CPU s per 1k tokens, 10k", "10k", "cpu", "s", 0.45, MARKDOWN),
    Goal("10k as fast as possible", "max", "speed", "tok/s", None, MARKDOWN, "goal: 3 x the quickest peer"),
    Goal("bytes a character, 1,000 tok/s", "2k", "bytes", "", 0.15, MARKDOWN),
    Goal("bytes a character, 100 tok/s", "slow", "bytes", "", 0.05, MARKDOWN),
    Goal("idle bytes a second", "start", "idle_bytes", "", 300),
    Goal("key echo p50, 1,000 tok/s", "echo", "echo_p50", "ms", None, BARE),
    Goal("key echo p95, 1,000 tok/s", "echo", "echo_p95", "ms", None, BARE, "goal: the quickest peer's"),
    Goal("long conversation opens", "long", "open", "s", 0.3),
    Goal("long conversation resizes", "long", "resize", "s", 0.15),
    Goal("long conversation, a page p50", "long", "page_p50", "ms", None),
    Goal("long conversation, a page at most", "long", "page_max", "ms", 50),
)


def print_table(results: Mapping[tuple[str, str], list[Numbers]], scenarios: list[str]) -> None:
    print(f"\n{'':36} {PRODUCT:>10} {BARE:>8} {MARKDOWN:>9} {'ratio':>6}  {'goal':18}")
    for goal in GOALS:
        if goal.scenario in scenarios:
            print(_line(goal, {app: _value(results, goal, app) for app in READY}))


def _value(results: Mapping[tuple[str, str], list[Numbers]], goal: Goal, app: str) -> float | None:
    values = [numbers[goal.key] for numbers in results.get((goal.scenario, app), []) if goal.key in numbers]
    return median(values) if values else None


def _line(goal: Goal, values: Mapping[str, float | None]) -> str:
    ours, theirs = values[PRODUCT], values.get(goal.against)
    ratio = ours / theirs if ours is not None and theirs else None
    judged = ratio if goal.against else ours
    words = ""
    if goal.most is not None and not (ours is None and goal.note):
        words = f"<= {goal.most:g}" + (f" x {goal.against}" if goal.against else f" {goal.unit}")
    verdict = "" if not words else "not measured" if judged is None else "met" if judged <= goal.most else "MISSED"
    cells = [_number(values[app]) for app in READY]
    title = f"{goal.name} {f'({goal.unit})' if goal.unit else ''}"
    return (
        f"{title:36} {cells[0]:>10} {cells[1]:>8} {cells[2]:>9} {_number(ratio):>6}  {words:18} {verdict}{goal.note}"
    )


def _number(value: float | None) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(SCENARIOS), help=f"some of {','.join(SCENARIOS)}")
    parser.add_argument("--conversations", type=int, default=10_000, help="saved ones at the start")
    parser.add_argument("--messages", type=int, default=500, help="of the long conversation")
    options = parser.parse_args()
    scenarios = [name for name in options.rows.split(",") if name in SCENARIOS]
    results: dict[tuple[str, str], list[Numbers]] = {}
    with tempfile.TemporaryDirectory() as folder, GatewayProcess() as gateway:
        bench = Bench(Path(folder), gateway, options.conversations, options.messages)
        for turn in range(options.rounds):
            for scenario in scenarios:
                for app in READY:
                    print(f"\rround {turn + 1}: {scenario} {app}".ljust(60), end="", file=sys.stderr, flush=True)
                    numbers = SCENARIOS[scenario](bench, app)
                    results.setdefault((scenario, app), []).append(numbers)
    print("\r".ljust(60), end="\r", file=sys.stderr)
    print_table(results, scenarios)


if __name__ == "__main__":
    main()
