"""A terminal at the far end of a slow line: a limited number of bytes a second, a delay, and a buffer that fills.

What the application writes waits in the buffer, leaves it at the line's speed and arrives a delay later; with the
buffer full the application's writes block, as on a socket. Keys and the terminal's answers take the same delay.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from typing import Any

from terminal_process import TerminalProcess

_PIECE_SECONDS = 0.005
"""The line is served in pieces of so long."""


class SlowTerminal(TerminalProcess):
    """As `TerminalProcess`, with a line between the application and what is on screen."""

    def __init__(
        self,
        *arguments: str,
        bytes_per_second: int = 20_000,
        round_trip_seconds: float = 0.2,
        most_bytes: int = 65_536,
        **options: Any,
    ) -> None:
        """Args: most_bytes: under way at most before the application's writes block."""
        self._speed, self._delay, self._most = bytes_per_second, round_trip_seconds / 2, most_bytes
        self.pieces: list[tuple[float, bytes]] = []
        """What arrived, and when."""
        self.most_under_way = 0
        self._keys: deque[tuple[float, bytes]] = deque()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wire: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        """When the line has sent what it has taken."""
        self._bell = os.pipe()
        super().__init__(*arguments, **options)

    def send(self, data: bytes) -> None:
        with self._changed:
            self._keys.append((time.monotonic() + self._delay, data))
        os.write(self._bell[1], b"k")

    def _read(self) -> None:
        try:
            while not self._is_closing.is_set():
                self._deliver()
                under_way = self._waiting_bytes + sum(len(data) for _, data in self._wire)
                self.most_under_way = max(self.most_under_way, under_way)
                sources = [self._bell[0]] + ([self._master] if under_way < self._most else [])
                readable = select.select(sources, [], [], self._patience())[0]
                if self._bell[0] in readable:
                    os.read(self._bell[0], 4096)
                if self._master in readable:
                    try:
                        data = os.read(self._master, 4096)
                    except OSError:
                        return
                    self._waiting.append(data)
                    self._waiting_bytes += len(data)
        finally:
            with self._changed:
                self.is_gone = True
                os.close(self._master)
                self._changed.notify_all()

    def _deliver(self) -> None:
        """Brings keys to the application, bytes onto the line, and what has crossed it to the terminal."""
        now = time.monotonic()
        while self._keys and self._keys[0][0] <= now:
            with contextlib.suppress(OSError):
                os.write(self._master, self._keys.popleft()[1])
        while self._waiting and self._free_at <= now:
            data, most = self._waiting.popleft(), max(1, int(self._speed * _PIECE_SECONDS))
            if len(data) > most:
                self._waiting.appendleft(data[most:])
                data = data[:most]
            self._waiting_bytes -= len(data)
            self._free_at = max(self._free_at, now - _PIECE_SECONDS) + len(data) / self._speed
            self._wire.append((self._free_at + self._delay, data))
        while self._wire and self._wire[0][0] <= now:
            data = self._wire.popleft()[1]
            with self._changed:
                self.pieces.append((now, data))
                self._take(data)
                self._changed.notify_all()

    def _patience(self) -> float:
        dues = [due for queue in (self._keys, self._wire) for due, _ in list(queue)[:1]]
        if self._waiting:
            dues.append(self._free_at)
        return max(0.0, min(0.05, *(due - time.monotonic() for due in dues))) if dues else 0.05
