"""A terminal that records what a program writes and emulates it only when asked to, and what the program used.

An emulator that runs at once would hold up a program that writes faster than it can be emulated.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terminal_process import QUERY, TerminalProcess

_TICKS = os.sysconf("SC_CLK_TCK")


class MeasuredTerminal(TerminalProcess):
    """As `TerminalProcess`; looking at the screen brings the emulator up to what has been recorded."""

    def __init__(self, *arguments: str, **options: Any) -> None:
        self.pieces: list[tuple[float, bytes]] = []
        """What the program wrote, and when."""
        self._emulated = 0
        self.size: tuple[int, int] = options.get("size", (80, 24))
        self.started = time.monotonic()
        super().__init__(*arguments, **options)

    def _take(self, data: bytes) -> None:
        self.pieces.append((time.monotonic(), data))
        self.received += data
        for query in QUERY.finditer(data):
            self.send(self._answer(query))

    def _reply_to(self, query: re.Match[bytes]) -> None:
        """Not again: it was answered when it came."""

    def wait_until(self, claim: Callable[[str], object], what: str, seconds: float = 30) -> float:
        """When the piece arrived after which the claim about the text on screen held."""
        end = time.monotonic() + seconds
        arrived = self.started
        while True:
            if self._emulated < len(self.pieces):
                arrived, data = self.pieces[self._emulated]
                self._emulated += 1
                self._emulate(data)
            elif self.is_gone or time.monotonic() > end:
                raise TimeoutError(f"never shown: {what}\n{self.text}")
            else:
                with self._changed:
                    self._changed.wait(0.05)
                continue
            if claim(self.text):
                return arrived

    def catch_up(self) -> None:
        """The screen is what has been recorded until now."""
        while self._emulated < len(self.pieces):
            self._emulate(self.pieces[self._emulated][1])
            self._emulated += 1

    def wait_for_text(self, wanted: str, seconds: float = 30) -> float:
        return self.wait_until(lambda text: wanted in text, wanted, seconds)

    def bytes_since(self, start: float, end: float = float("inf")) -> int:
        return sum(len(data) for arrived, data in self.pieces if start <= arrived <= end)

    def processor_seconds(self) -> float:
        """User and system time of the program until now; children count when they are over."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def megabytes(self) -> float:
        """What the program has in memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmRSS"))
