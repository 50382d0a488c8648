"""Streams hostile text through a real terminal, by hand: python tests/benchmarks/bench_hostile.py [--megabytes 10]

Counts what the terminal was sent: bytes, the sequences the application makes, and anything else, which has to be
nothing. Types keys all the time meanwhile and tells how long each took to be seen, and whether the text on
disk is what the gateway sent.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal"), str(HERE)]

from byte_check import read
from hostile_gateway import HostileGateway
from hostile_text import FREEZERS, hostile_deltas
from saved import messages
from terminal_process import TerminalProcess

from metis_tui.demo.server import DemoGateway

MODEL = ("-m", "gemma-4-31B-it")
KEY_SECONDS = 0.05


def echo_seconds(window: TerminalProcess, letter: str) -> float:
    """From a key to the moment at which its letter stands in the prompt."""
    began = time.monotonic()
    window.type(letter)
    window.wait_for(lambda text: text.splitlines()[-2].rstrip().endswith(letter), 20)
    return time.monotonic() - began


def stream(
    window: TerminalProcess, gateway: HostileGateway, deltas: list[str], seconds: float
) -> tuple[list[float], float]:
    """The times of the echoes while the deltas come, within some seconds, and are drawn; and how long that took."""
    sent = threading.Event()

    def reply() -> Iterator[str]:
        began = time.monotonic()
        for number, delta in enumerate(deltas):
            time.sleep(max(0.0, began + number * seconds / len(deltas) - time.monotonic()))
            yield delta
        sent.set()

    gateway.reply = reply
    window.ask("go")
    began, echoes = time.monotonic(), []
    for letter in itertools.cycle("abcdefghijklmnop"):
        echoes.append(echo_seconds(window, letter))
        if sent.is_set() and "streaming" not in window.lines[-1] and "waiting" not in window.lines[-1]:
            return echoes, time.monotonic() - began
        time.sleep(max(0.0, KEY_SECONDS - echoes[-1]))
    raise AssertionError


def start_anew(window: TerminalProcess) -> None:
    """An empty prompt in a new conversation: the old one is too long to be sent again."""
    window.press("ctrl+c")
    window.settle(0.3, 5)
    window.press("ctrl+n")
    window.wait_for(lambda text: "messages" not in text.splitlines()[0])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=10.0)
    arguments.add_argument("--seconds", type=float, default=30.0, help="in which they come; 0: as fast as can be")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--display", choices=("frugal", "full"), default="frugal")
    arguments.add_argument("--each", action="store_true", help="each freezer alone, too")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, DemoGateway(throttle=None, tokens_per_minute=None, seed=1) as demo:
        home = Path(folder)
        (home / "config").mkdir()
        (home / "config" / "config.toml").write_text(f'display = "{chosen.display}"\n')
        os.environ["HOME"] = folder
        folders = {f"METIS_TUI_{name.upper()}_DIR": str(home / name) for name in ("config", "data", "state", "cache")}
        with HostileGateway(demo.url) as gateway:
            access = {"METIS_TUI_BASE_URL": gateway.url, "METIS_TUI_TOKEN": demo.token}
            with TerminalProcess(*MODEL, environment={**folders, **access}) as window:
                window.wait_for("● live")
                rounds = {"mixed": list(hostile_deltas(int(chosen.megabytes * 1e6), chosen.seed, 20_000))}
                if chosen.each:
                    for text in FREEZERS:
                        step = 1 + len(text) // 20
                        pieces = [text[place : place + step] for place in range(0, len(text), step)]
                        rounds[f"{text[:12]!r} x {len(text):,}"] = pieces
                for name, deltas in rounds.items():
                    echoes, seconds = stream(window, gateway, deltas, chosen.seconds if name == "mixed" else 1.0)
                    size = sum(map(len, deltas))
                    print(
                        f"{name}: {size:,} characters in {seconds:.1f} s; {len(echoes)} keys, "
                        f"median echo {sorted(echoes)[len(echoes) // 2]:.3f} s, longest {max(echoes):.3f} s",
                        flush=True,
                    )
                    reply = messages(home / "data", "assistant")[-1]
                    is_exact = reply["text"] == "".join(deltas).replace("\x00", "\u2400")
                    print(f"  on disk: {'exact' if is_exact else 'DIFFERENT'}, stop {reply['stop']}")
                    start_anew(window)
                window.press("ctrl+q")
                window.wait_exit()
                found = read(window.wait_drained())
    print(f"received: {found.byte_count:,} bytes, {found.text_bytes:,} of text")
    for kind, count in found.sequences.most_common():
        print(f"  {count:9,} {kind}")
    print(f"not made by the application: {len(found.foreign)}")
    for piece in found.foreign[:10]:
        print(f"  {piece!r}")
    sys.exit(1 if found.foreign else 0)


if __name__ == "__main__":
    main()
