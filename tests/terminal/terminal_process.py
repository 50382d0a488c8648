"""Runs the application in a real pseudo terminal and reads its screen as a terminal emulator shows it.

Nothing here sleeps for a guessed time: waiting ends when what was waited for is there, or fails with the screen.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from emulator import Emulator, EmulatorStream
from pyte.screens import Char

COMMAND = (sys.executable, "-m", "metis_tui")
PROJECT = Path(__file__).parent.parent.parent

KEYS = {
    "enter": b"\r",
    "alt+enter": b"\x1b\r",
    "escape": b"\x1b",
    "tab": b"\t",
    "backspace": b"\x7f",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "f4": b"\x1bOS",
    "f5": b"\x1b[15~",
    "f6": b"\x1b[17~",
    "f8": b"\x1b[19~",
    "f9": b"\x1b[20~",
    **{f"ctrl+{chr(n + 96)}": bytes([n]) for n in range(1, 27)},
}

ESCAPE_SECONDS = 0.2
"""What follows Esc sooner makes another key of it: only time tells Esc from the start of a sequence."""

QUERY = re.compile(rb"\x1b\[(?:\??0?(?P<kind>c)|(?P<status>[56])n|\?(?P<mode>\d+)\$p)")
# What xterm knows and the emulator does not: private CSI with < = >, requests with $, and control strings.
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]|\x1b\[\?[0-9;]*[ -/]+[@-~]|\x1b[P_^X].*?\x1b\\", re.S)
UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P\]_^X][^\x07\x1b]*\x1b?)?\Z", re.S)


class TerminalProcess:
    """A command in a terminal of its own. Use it as a context manager; the end kills what still runs."""

    def __init__(
        self,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
        is_controlling: bool = True,
        is_erasing_in_colour: bool = True,
        known_modes: Sequence[int] = (),
        answer_seconds: float = 0.0,
    ) -> None:
        """Without `is_controlling` the process hears nothing when the terminal goes: no hang-up signal comes.

        `known_modes` are those that the terminal says it has when asked; see `Emulator` about erasing.
        Answers take `answer_seconds`, as over a long line.
        """
        columns, rows = size
        self.received = bytearray()
        """Every byte that the terminal was sent."""
        self.screen = Emulator(columns, rows, is_erasing_in_colour=is_erasing_in_colour)
        self._stream = EmulatorStream(self.screen)
        self._known_modes = frozenset(known_modes)
        self._answer_seconds = answer_seconds
        self._changed = threading.Condition(threading.RLock())
        self._rest = b""
        self._is_closing = threading.Event()
        self.is_gone = False
        """Whether the terminal was closed, by either side."""
        self._master, terminal = pty.openpty()
        self._set_size(columns, rows)
        variables = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(PROJECT), **(environment or {})}
        try:
            self.process = subprocess.Popen(
                [*command, *arguments],
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                env=variables,
                start_new_session=True,
                preexec_fn=_take_terminal if is_controlling else None,  # noqa: PLW1509 - a single system call
            )
        finally:
            os.close(terminal)
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> TerminalProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.close()

    # -- what the terminal shows -------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while not self._is_closing.is_set():
                # A read that waits would keep the terminal open after it is closed.
                if not select.select([self._master], [], [], 0.05)[0]:
                    continue
                try:
                    data = os.read(self._master, 65536)
                except OSError:  # nobody has the other side open any more
                    return
                with self._changed:
                    self._take(data)
                    self._changed.notify_all()
        finally:
            with self._changed:
                self.is_gone = True
                os.close(self._master)
                self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        self.received += data
        self._emulate(data)

    def _emulate(self, data: bytes) -> None:
        data = self._rest + data
        unfinished = UNFINISHED.search(data)
        self._rest = unfinished.group() if unfinished else b""
        whole = data[: len(data) - len(self._rest)]
        shown = 0
        for query in QUERY.finditer(whole):
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", whole[shown : query.start()]))
            shown = query.end()
            self._reply_to(query)
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", whole[shown:]))

    def _reply_to(self, query: re.Match[bytes]) -> None:
        answer = self._answer(query)
        if self._answer_seconds:
            threading.Timer(self._answer_seconds, self.send, (answer,)).start()
        else:
            self.send(answer)

    def _answer(self, query: re.Match[bytes]) -> bytes:
        """What a terminal says when asked what it is, how it is, where the cursor is, or whether it has a mode."""
        if query["kind"]:
            return b"\x1b[?62;22c"  # a VT220 with colours
        if query["mode"]:
            return b"\x1b[?%s;%d$y" % (query["mode"], 2 if int(query["mode"]) in self._known_modes else 0)
        if query["status"] == b"5":
            return b"\x1b[0n"
        cursor = self.screen.cursor
        return b"\x1b[%d;%dR" % (cursor.y + 1, min(cursor.x, self.screen.columns - 1) + 1)

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def whole_frame(self) -> list[str]:
        """The lines on screen at a moment when nothing arrives: not half of one frame and half of the next."""
        with self._changed:
            for _ in range(500):
                if not self._changed.wait(0.01):
                    break
            return [line.rstrip() for line in self.screen.display]

    def scribble(self, data: bytes) -> None:
        """Draws on the terminal as another program would: behind the application's back."""
        with self._changed:
            self._stream.feed(data)

    def settle(self, quiet_seconds: float = 0.2, seconds: float = 10) -> None:
        """Waits until nothing has arrived for a while; gives up without complaint, as some screens have a clock."""
        end = time.monotonic() + seconds
        with self._changed:
            while time.monotonic() < end and not self.is_gone:
                before = len(self.received)
                self._changed.wait_for(lambda before=before: len(self.received) > before, quiet_seconds)
                if len(self.received) == before:
                    return

    def wait_for_more(self, count: int, seconds: float = 10) -> bool:
        """Waits until more than `count` bytes have arrived in all; whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.received) > count, seconds)

    def cells(self) -> list[list[Char]]:
        """Every cell of the screen as it is now."""
        with self._changed:
            columns, buffer = range(self.screen.columns), self.screen.buffer
            return [[buffer[y][x] for x in columns] for y in range(self.screen.lines)]

    def wait_for(self, wanted: str | Callable[[str], object], seconds: float = 20) -> str:
        """Waits until a text, or a claim about the text on screen, is there; gives that screen."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                text = "\n".join(line.rstrip() for line in self.screen.display)
                if wanted in text if isinstance(wanted, str) else wanted(text):
                    return text
                left = end - time.monotonic()
                if left <= 0 or self.is_gone:
                    why = "the terminal is closed" if self.is_gone else f"not within {seconds} s"
                    pytest.fail(f"never shown: {wanted!r} ({why})\n{text}\n{bytes(self.received[-2000:])!r}")
                self._changed.wait(min(left, 0.5))

    def wait_for_reply(self, seconds: float = 10) -> str:
        """Waits until the first reply is over: then the status bar knows the context's exact size."""
        return self.wait_for(lambda text: re.search(r"context \d", text), seconds)

    def wait_for_bytes(self, wanted: bytes, start: int = 0, seconds: float = 20) -> int:
        """Waits until the terminal was sent these bytes, searched from `start`; gives the place behind them."""
        end = time.monotonic() + seconds
        with self._changed:
            while (place := self.received.find(wanted, start)) < 0:
                left = end - time.monotonic()
                if left <= 0 or self.is_gone:
                    pytest.fail(f"never sent: {wanted!r}\n{bytes(self.received[-2000:])!r}")
                self._changed.wait(min(left, 0.5))
        return place + len(wanted)

    # -- what the user does ------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        with self._changed:
            if not self.is_gone:
                os.write(self._master, data)

    def type(self, text: str) -> None:
        self.send(text.encode())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.send(KEYS.get(key) or key.encode())
            if key == "escape":
                time.sleep(ESCAPE_SECONDS)

    def ask(self, prompt: str) -> None:
        """Types a prompt, sees it and sends it."""
        self.type(prompt)
        self.wait_for(lambda text: prompt[-12:] in text)
        self.press("enter")

    def paste(self, text: str) -> None:
        """As terminals with bracketed paste send it."""
        self.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self.screen.resize(rows, columns)
            self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def kill(self, number: int) -> None:
        """Sends a signal to the process itself."""
        os.kill(self.process.pid, number)

    def close(self) -> None:
        """The terminal's window is closed: the process gets a hang-up and no terminal any more."""
        self._is_closing.set()
        self._reader.join(10)

    def wait_exit(self, seconds: float = 20) -> int:
        """The exit code; fails when the process does not end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s\n{self.text}")

    def wait_drained(self) -> bytes:
        """After the exit: everything the terminal was ever sent."""
        self._reader.join(10)
        return bytes(self.received)


class OpenTerminal(Protocol):
    """Starts the application in a terminal, as `TerminalProcess` does."""

    def __call__(self, *arguments: str, **options: Any) -> TerminalProcess: ...


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


MODES_TO_LEAVE = {
    1000: "mouse clicks",
    1002: "mouse drags",
    1003: "mouse moves",
    1006: "mouse places",
    1015: "mouse places, as urxvt tells them",
    1004: "focus",
    2004: "bracketed paste",
    1049: "the alternate screen",
}


def leftovers(received: bytes) -> list[str]:
    """What a program forgot to put back in the terminal it used; empty when all is as it was."""
    found = [
        f"{name} (mode {mode}) is still on"
        for mode, name in MODES_TO_LEAVE.items()
        if received.rfind(b"\x1b[?%dh" % mode) > received.rfind(b"\x1b[?%dl" % mode)
    ]
    if received.rfind(b"\x1b[?25l") > received.rfind(b"\x1b[?25h"):
        found.append("the cursor is hidden")
    if len(re.findall(rb"\x1b\[>\d+u", received)) > received.count(b"\x1b[<u"):
        found.append("the Kitty keyboard protocol is still on")
    left_at = received.rfind(b"\x1b[?1049l")
    behind = received[left_at:]
    if left_at < 0:
        found.append("the alternate screen was never left")
    elif re.search(rb"\x1b\[\d+;\d+H", behind):
        found.append("the ordinary screen was drawn on after the alternate one was left")
    return found
