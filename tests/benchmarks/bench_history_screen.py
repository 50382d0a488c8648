"""Times the keys of the history screen, by hand: python tests/benchmarks/bench_history_screen.py [FOLDER]

FOLDER is a data folder with many conversations; without one a corpus is made. In a real pseudo terminal: how long it
takes from Ctrl+R to the list, and how long each key waits until it is drawn, while words are typed and the list is
gone through; first while the index is being built, then with it. The goal: no key takes over 50 ms. On a shared
machine the times hold the load of others, so the load is printed, too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal"), str(HERE), str(HERE.parent)]

from gateway_process import GatewayProcess
from measured_terminal import MeasuredTerminal
from replay import percentile
from terminal_process import COMMAND

QUERIES = ("convergence", "mpi_allreduce lattice", "model:gpt tag:vasp", '"batch size"', "after:200d -node tensor")
SIZES = ((120, 40), (80, 24))
KEY_SECONDS = 0.12
GOAL_SECONDS = 0.05


class Watched:
    """The application on a data folder, and the times of its keys."""

    def __init__(self, place: Path, gateway: GatewayProcess, size: tuple[int, int]) -> None:
        folders = {
            f"METIS_TUI_{name.upper()}_DIR": str(place / name) for name in ("config", "data", "state", "cache")
        }
        variables = {
            "HOME": str(place),
            "COLORTERM": "truecolor",
            "METIS_TUI_INDEX_DIR": str(place / "index"),
            "METIS_TUI_BASE_URL": gateway.url,
            "METIS_TUI_TOKEN": gateway.token,
            **folders,
        }
        self.window = MeasuredTerminal(command=COMMAND, size=size, environment=variables)

    def open(self) -> float:
        """Seconds from Ctrl+R to the first row of the list."""
        self.window.wait_for_text("live")
        time.sleep(1.0)
        pressed = time.monotonic()
        self.window.send(b"\x12")
        shown = self.window.wait_until(lambda text: "▌" in text and "Conversations" in text, "the list")
        self.window.wait_until(lambda text: " of " in text and "…" not in text.splitlines()[0], "the whole list")
        return shown - pressed

    def keys(self, keys: Sequence[bytes], drawn: Callable[[int, str], bool]) -> list[float]:
        """Types at a steady pace and gives for each key the seconds until it was drawn.

        Everything is recorded first and looked at afterwards: the emulator takes no time from the program.
        """
        time.sleep(0.7)
        self.window.catch_up()
        sent = []
        for key in keys:
            sent.append(time.monotonic())
            self.window.send(key)
            time.sleep(max(0.0, sent[-1] + KEY_SECONDS - time.monotonic()))
        time.sleep(1.0)
        lags, shown = [], sent[0]
        for number, pressed in enumerate(sent):
            if not drawn(number, self.window.text):  # else it was in the same piece as the key before
                shown = self.window.wait_until(lambda text, n=number: drawn(n, text), f"key {number}", 10)
            lags.append(shown - pressed)
        return lags

    def prompt(self, text: str) -> list[float]:
        """What keys take in the prompt, where nothing is searched: the machine's own share."""
        self.window.wait_for_text("live")
        time.sleep(2.0)
        lags = self.keys([letter.encode() for letter in text], lambda n, shown: text[: n + 1] in shown)
        self.window.send(b"\x03")
        time.sleep(0.3)
        return lags

    def type_query(self, query: str) -> list[float]:
        self.window.send(b"/")
        lags = self.keys(
            [letter.encode() for letter in query],
            lambda n, text: text.splitlines()[1].strip().startswith(query[: n + 1].strip()),
        )
        self.window.send(b"\x1b")
        time.sleep(0.7)
        return lags

    def move(self, count: int) -> list[float]:
        """j down the first page, then k up again."""
        first = 2

        def row(text: str) -> int:
            return next((n for n, line in enumerate(text.splitlines()[first:]) if line.startswith("▌")), -1)

        self.window.send(b"g")
        down = self.keys([b"j"] * count, lambda n, text: row(text) > n)
        return down + self.keys([b"k"] * count, lambda n, text: 0 <= row(text) < count - n)


def table(name: str, lags: Sequence[float]) -> bool:
    worst = max(lags)
    print(
        f"  {name:<44} median {percentile(lags, 0.5) * 1000:5.1f} ms   p95 {percentile(lags, 0.95) * 1000:5.1f} ms"
        f"   longest {worst * 1000:5.1f} ms   {'ok' if worst <= GOAL_SECONDS else 'over the goal'}"
    )
    return worst <= GOAL_SECONDS


def run(place: Path, gateway: GatewayProcess, size: tuple[int, int], when: str) -> bool:
    load = os.getloadavg()[0]
    print(f"{size[0]}x{size[1]}, {when} (load {load:.1f})")
    watched = Watched(place, gateway, size)
    with watched.window:
        table("typing in the prompt, for comparison", watched.prompt("zqxwjzqxkvjzqxw"))
        is_good = table("Ctrl+R to the list", [watched.open()])
        for query in QUERIES:
            is_good &= table(f"typing {query}", watched.type_query(query))
        is_good &= table("j and k", watched.move(8))
        footer = watched.window.text.splitlines()[-2:]
        print(f"  the footer at the end: {' / '.join(line.strip()[:70] for line in footer)}")
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--conversations", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, GatewayProcess() as gateway:
        place = Path(made)
        if options.folder is not None:
            shutil.copytree(options.folder, place / "data")
        else:
            making = [
                sys.executable,
                str(HERE / "corpus.py"),
                str(place / "data"),
                "--count",
                str(options.conversations),
            ]
            subprocess.run(making, check=True)
        is_good = True
        for size in SIZES:
            shutil.rmtree(place / "index", ignore_errors=True)
            shutil.rmtree(place / "cache", ignore_errors=True)
            is_good &= run(place, gateway, size, "while the index is being built")
        is_good &= run(place, gateway, SIZES[0], "again")
    return 0 if is_good else 1


if __name__ == "__main__":
    raise SystemExit(main())
