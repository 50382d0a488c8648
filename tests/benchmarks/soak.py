"""Uses the application for long in a terminal and looks for wrong cells, by hand: python tests/benchmarks/soak.py

What a user does comes at random from a seed: prompts that stream, scrolling, overlays, themes, sizes, selections,
suspending, an editor that draws. Every 200 steps or so the screen must equal a repaint of itself, cell by cell.
Ends with 1 when a cell was wrong, or when the application is gone or does not answer.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "terminal")]

from cell_check import Cells, Verdict, cells_of, check, scribble, text_of
from emulator import Emulator, EmulatorStream
from pyte.screens import Char
from terminal_process import COMMAND, PROJECT, TerminalProcess

from metis_tui.demo.server import DemoGateway

SIZES = ((80, 24), (120, 40), (100, 30), (40, 12), (61, 17), (132, 43), (80, 25))
PROMPTS = (
    "Write {n} tokens about 日本語, cafe\u0301 and 🎉 at {speed} tokens/s",
    "Write {n} tokens about naïve 数値計算 🚀👍🏽 at {speed} tokens/s",
    "Write {n} tokens about ❤️ 한국어 e\u0301e\u0302 at max speed",
    "everything you can on 漢字 and 🎉",
    "Write Python code for a halo exchange",
    "Make a table of 日本語, 🧪 and café",
    "List 9 ideas on ☃ ✈️ ½ ﬁ ｆｕｌｌ",
)
WORDS = ("mesh ", "日本 ", "cafe\u0301 ", "🎉🚀 ", "-- ", "x" * 30 + " ", "👨‍👩‍👧 ", "🇺🇸 ", "ｆｕｌｌ ")
READY = "ready>"
SHELL = ("env", f"PS1={READY} ", "bash", "--norc", "--noprofile", "-i")


_BLANK = Char(" ")
_DISPUTED = re.compile("[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\u200d\u0300-\u036f]")


class Session:
    """The application under a shell, plain or inside another terminal program, and how to look at it."""

    def __init__(self, kind: str, home: Path, gateway: DemoGateway, seed: int) -> None:
        self.kind, self.home = kind, home
        self.name = f"soak-{os.getpid()}"
        self.sockets = home / "sockets"
        self.sockets.mkdir(mode=0o700)
        self.size = (80, 24)
        self.window = TerminalProcess(
            command=self._command(),
            size=self.size,
            environment=self._variables(home, gateway, seed),
            known_modes=[2026] if seed % 2 and kind == "plain" else [],
        )
        self.window.wait_for(READY)
        self.window.type(" ".join((*COMMAND, "-m", "gemma-4-31B-it")) + "\r")
        self.window.wait_for("● live")

    def _command(self) -> list[str]:
        if self.kind == "tmux":
            options = ["set", "-g", "status", "off", ";", "set", "-s", "escape-time", "10"]
            return ["tmux", "-f", "/dev/null", "-L", self.name, "new-session", shlex.join(SHELL), ";", *options]
        if self.kind == "screen":
            return ["screen", "-c", "/dev/null", "-U", "-S", self.name, *SHELL]
        return list(SHELL)

    def _variables(self, home: Path, gateway: DemoGateway, seed: int) -> dict[str, str]:
        editor, drawing = home / "editor", home / "drawing"
        drawing.write_bytes(scribble(50, 11))
        editor.write_text(f"#!/bin/sh\ncat {drawing}\nread line\n")
        editor.chmod(0o755)
        variables = {
            f"METIS_TUI_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")
        }
        variables |= {"HOME": str(home), "EDITOR": str(editor), "VISUAL": "", "LANG": "C.UTF-8"}
        variables |= {"METIS_TUI_BASE_URL": gateway.url, "METIS_TUI_TOKEN": gateway.token}
        variables |= {"TMUX_TMPDIR": str(self.sockets), "SCREENDIR": str(self.sockets), "TMUX": "", "STY": ""}
        variables |= {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22" if seed % 3 else "", "PYTHONPATH": str(PROJECT)}
        return variables | {"COLORTERM": "truecolor" if seed % 2 else ""}

    def redisplay(self) -> None:
        """Has the program in between paint again, so that what is checked is what it was told, not how it draws."""
        if self.kind != "plain":
            self.window.settle(0.3, 5)
            self._command_between(["refresh-client"], ["redisplay"])

    def _command_between(self, for_tmux: list[str], for_screen: list[str]) -> subprocess.CompletedProcess[bytes]:
        variables = {**os.environ, "TMUX_TMPDIR": str(self.sockets), "SCREENDIR": str(self.sockets)}
        tmux, screen = ["tmux", "-L", self.name, *for_tmux], ["screen", "-S", self.name, "-X", *for_screen]
        command = tmux if self.kind == "tmux" else screen
        return subprocess.run(command, env=variables, capture_output=True, timeout=10, check=False)

    def check(self) -> Verdict:
        look = self.pane if self.kind == "tmux" else None
        return check(
            self.window, quiet_seconds=0.35, before_looking=self.redisplay, is_alone=self.kind == "plain", look=look
        )

    def pane(self) -> Cells:
        """The cells on the terminal; of rows whose widths terminals disagree on those that tmux holds.

        How tmux draws such a row on a terminal with other widths is its own affair. What it holds is told without
        the blanks at a row's end, which may be cleared cells or written ones.
        """
        held = self._held_by_tmux()
        return [
            [*row, *[_BLANK] * len(row)] if not _DISPUTED.search(text_of(row)) else other
            for row, other in zip(self.window.cells(), held, strict=True)
        ]

    def _held_by_tmux(self) -> Cells:
        shown = self._command_between(["capture-pane", "-p", "-e", "-N"], []).stdout.decode("utf-8", "replace")
        columns, rows = self.size
        screen = Emulator(columns * 2, rows)  # a width that the emulator sees otherwise must not wrap
        lines = shown.split("\n")[:rows]
        EmulatorStream(screen).feed("".join(f"\x1b[{y};1H{line}" for y, line in enumerate(lines, 1)).encode())
        held = [list(row) for row in cells_of(screen)]
        for row in held:
            for x in reversed(range(len(row))):
                if row[x].data.strip() or row[x].reverse:
                    break
                row[x] = _BLANK
        return held

    def close(self) -> None:
        if self.kind != "plain":
            self._command_between(["kill-server"], ["quit"])
        self.window.__exit__()


class User:
    """Does things at random, each of them complete: afterwards the keys go to the prompt or the transcript."""

    def __init__(self, session: Session, chance: random.Random) -> None:
        self.session, self.window, self.chance = session, session.window, chance
        self.done: Counter[str] = Counter()
        self.last: list[str] = []
        self._acts: tuple[tuple[int, Callable[[], None]], ...] = (
            (30, self.page),
            (14, self.write),
            (10, self.wheel),
            (8, self.ask),
            (8, self.resize),
            (8, self.overlay),
            (5, self.select),
            (4, self.walk),
            (3, self.theme),
            (2, self.find_conversation),
            (2, self.suspend),
            (2, self.edit),
            (2, self.stop),
            (1, self.new_conversation),
            (1, self.redraw),
        )
        self._weights = [weight for weight, _ in self._acts]

    def act(self) -> None:
        (_, act) = self.chance.choices(self._acts, self._weights)[0]
        self.last = [*self.last[-11:], act.__name__]
        self.done[act.__name__] += 1
        act()
        time.sleep(self.chance.choice((0, 0, 0.005, 0.02, 0.05, 0.1)))

    def _wait(self, claim: Callable[[str], object], what: str, seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        again = time.monotonic() + 3
        while not claim(self.window.text):
            if time.monotonic() > again:  # the program in between may have lost track of wide characters by itself
                self.session.redisplay()
                again = time.monotonic() + 3
            if time.monotonic() > end or self.window.is_gone:
                raise RuntimeError(
                    f"never came: {what}; the last acts were {', '.join(self.last)}\n{self.window.text}"
                )
            time.sleep(0.02)

    def _escape(self) -> None:
        self.window.press("escape")
        if self.session.kind == "screen":  # which keeps an Esc until the next key while the mouse is asked for
            time.sleep(0.3)
            self.window.press("escape")
            self.window.press("i")

    def _insist(self, key: str, claim: Callable[[str], object], what: str) -> None:
        """Presses a key of the chat screen until it works: an overlay that needs another Esc may be in the way."""
        for seconds in (10, 15):
            self.window.press("escape", "escape", "i", key)
            with suppress(RuntimeError):
                self._wait(claim, what, seconds)
                return
        self._wait(claim, what, 0)

    def page(self) -> None:
        self.window.press(
            *(self.chance.choice(("pageup", "pageup", "pagedown")) for _ in range(self.chance.randint(1, 3)))
        )

    def write(self) -> None:
        self.window.type(self.chance.choice(WORDS))
        if self.chance.random() < 0.5:
            self.window.press(*["backspace"] * self.chance.randint(1, 12))

    def wheel(self) -> None:
        if self.session.kind != "screen":
            button, count = self.chance.choice((64, 65)), self.chance.randint(1, 6)
            self.window.send(b"\x1b[<%d;9;5M" % button * count)

    def ask(self) -> None:
        prompt = self.chance.choice(PROMPTS)
        prompt = prompt.format(n=self.chance.choice((60, 300, 900)), speed=self.chance.choice((50, 300, 1000, 3000)))
        self.window.press("ctrl+u", "ctrl+k")
        self.window.type(prompt)
        self.window.press("enter")

    def resize(self) -> None:
        self.session.size = self.chance.choice(SIZES)
        self.window.resize(*self.session.size)

    def overlay(self) -> None:
        key = self.chance.choice(("f1", "f2", "f4", "ctrl+p", "ctrl+x", "ctrl+r"))
        self.window.press(key)
        time.sleep(self.chance.choice((0, 0.05, 0.3)))
        for _ in range(self.chance.randint(0, 3)):
            self.window.press(self.chance.choice(("down", "up")))
        self._escape()
        if key in ("ctrl+p", "ctrl+r"):  # an Esc too early would leave it open, and a prompt would run an action
            self._escape()

    def theme(self) -> None:
        if self.session.size[1] < 20:
            return
        self._insist("ctrl+x", lambda text: "1  Help" in text, "the leader's panel")
        self.window.press("h")
        self._wait(lambda text: "Enter · Esc" in text, "the list of themes", 10)
        self.window.press(*(self.chance.choice(("down", "up")) for _ in range(3)))
        self.window.press("enter") if self.chance.random() < 0.5 else self._escape()
        self._wait(lambda text: "Enter · Esc" not in text, "the end of the list of themes")

    def find_conversation(self) -> None:
        self.window.press("ctrl+r")
        time.sleep(0.2)
        self.window.press("down")
        self.window.press("enter") if self.chance.random() < 0.5 else self._escape()
        self._escape()

    def select(self) -> None:
        if self.session.kind == "screen":
            return
        columns, rows = self.session.size
        x, y = self.chance.randint(2, columns - 8), self.chance.randint(2, max(3, rows - 6))
        moves = [(x + step * 2, y + step // 2) for step in range(self.chance.randint(2, 8))]
        self.window.send(b"\x1b[<0;%d;%dM" % (x, y))
        for column, row in moves:
            self.window.send(b"\x1b[<32;%d;%dM" % (min(column, columns), min(row, rows)))
            time.sleep(self.chance.choice((0, 0.01)))
        self.window.send(b"\x1b[<0;%d;%dm" % (min(moves[-1][0], columns), min(moves[-1][1], rows)))

    def walk(self) -> None:
        """Among the messages, with the transcript focused, and back to the prompt."""
        self.window.press("escape", "escape")
        for _ in range(self.chance.randint(1, 5)):
            self.window.press(self.chance.choice("jkgGtm"))
        self.window.press("i")

    def suspend(self) -> None:
        start = len(self.window.received)
        self._insist(
            "ctrl+z", lambda _: b"Stopped" in self.window.received[start:] or READY in self.window.text, "the shell"
        )
        time.sleep(0.3)
        self.window.type("echo in the shell\r")
        if self.chance.random() < 0.3:
            self.resize()
        time.sleep(0.1)
        self.window.type("fg\r")
        self._wait(lambda text: READY not in text and "in the shell" not in text, "the application after fg")

    def edit(self) -> None:
        self._insist("ctrl+g", lambda text: "#%~" in text, "the editor")
        if self.chance.random() < 0.3:
            self.resize()
        for seconds in (3, 3, 15):  # an Enter that comes before the editor reads is lost
            self.window.type("\r")
            with suppress(RuntimeError):
                self._wait(lambda text: "#%~" not in text, "the application after the editor", seconds)
                return
        raise RuntimeError(f"the editor did not end\n{self.window.text}")

    def stop(self) -> None:
        self.window.press("escape", "i")

    def new_conversation(self) -> None:
        self.window.press("ctrl+n")

    def redraw(self) -> None:
        self.window.press("ctrl+l")

    def come_to_rest(self) -> None:
        """Ends what streams and closes what is open, so that the screen stands still."""
        if self.session.size[0] < 60:
            self.session.size = (80, 24)
            self.window.resize(80, 24)
        self.window.press("escape", "escape")
        busy = re.compile(r"streaming|waiting|connecting|saving|thinking")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            text = self.window.text.rstrip()
            if busy.search(text.rsplit("\n", 1)[-1]):
                self.window.press("escape")
            elif not any("▌" in line[5:] for line in text.splitlines()):  # a notice, which goes by itself
                break
            time.sleep(0.1)
        self.window.settle(0.3, 3)


def run(session: Session, steps: int, seed: int, between: int) -> int:
    chance = random.Random(seed)
    user = User(session, chance)
    checks = wrong = skipped = 0
    next_check, began = between, time.monotonic()
    for step in range(1, steps + 1):
        user.act()
        if step < next_check and step < steps:
            continue
        next_check = step + chance.randint(between // 2, between * 3 // 2)
        user.come_to_rest()
        verdict = session.check()
        checks += 1
        skipped += not verdict.is_repainted
        if verdict.wrong_cells:
            wrong += verdict.wrong_cells
            print(f"\nstep {step}: {verdict.wrong_cells} wrong cells after {', '.join(user.last)}")
            print("\n".join([*verdict.report, "the screen now:", session.window.text]), flush=True)
        print(
            f"\r{session.kind}: {step} of {steps} updates, {checks} checks, {wrong} wrong cells, "
            f"{time.monotonic() - began:.0f} s",
            end="" if sys.stdout.isatty() else "\n",
            flush=True,
        )
        user.window.press("i")
    acts = ", ".join(f"{name} {count}" for name, count in user.done.most_common())
    print(f"\n{session.kind}, seed {seed}: {steps} updates, {checks} checks ({skipped} without a repaint), ", end="")
    print(f"{wrong} wrong cells, {len(session.window.received):,} bytes; {acts}")
    return 1 if wrong or skipped == checks else 0


@contextmanager
def session_of(kind: str, seed: int) -> Iterator[Session]:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        DemoGateway(throttle=None, speed=20.0, seed=seed) as gateway,
    ):
        session = Session(kind, Path(folder), gateway, seed)
        try:
            yield session
        finally:
            session.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=10_000, help="things done (default 10,000)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--under", choices=["plain", "tmux", "screen"], default="plain")
    parser.add_argument("--between-checks", type=int, default=200)
    options = parser.parse_args()
    if options.under != "plain" and shutil.which(options.under) is None:
        print(f"there is no {options.under} here")
        return 2
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10_000)
    print(f"seed {seed}, {options.updates} updates, under {options.under}", flush=True)
    with session_of(options.under, seed) as session:
        try:
            return run(session, options.updates, seed, options.between_checks)
        except RuntimeError as error:
            log = session.home / "state" / "metis-tui.log"
            print(f"\n{error}\n{log.read_text()[-4000:] if log.exists() else ''}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
