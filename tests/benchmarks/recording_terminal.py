"""A terminal that only records what a program writes and when, so that the measuring takes no time from the measured.

Emulates nothing: what was shown is searched for in the bytes.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def environment(home: Path) -> dict[str, str]:
    """What a user at home has: nothing of this user's settings."""
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "en_US.UTF-8",
        "PYTHONPATH": str(PROJECT),
    }


class RecordingTerminal:
    """A program in a terminal of its own; the end of the context kills it."""

    def __init__(
        self, command: Sequence[str], variables: Mapping[str, str], size: tuple[int, int] = (120, 40)
    ) -> None:
        self._pieces: list[tuple[float, bytes]] = []
        self._changed = threading.Condition()
        self._master, terminal = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=dict(variables), start_new_session=True
        )
        os.close(terminal)
        self._is_closing = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> RecordingTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
        self.process.wait(10)
        self._is_closing = True
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while not self._is_closing:
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            now = time.monotonic()
            with self._changed:
                self._pieces.append((now, data))
                self._changed.notify_all()
            if b"\x1b[c" in data:
                self.send(b"\x1b[?62;22c")

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def wait_for(self, wanted: bytes, seconds: float = 20) -> float:
        """When the bytes had arrived, on the clock of time.monotonic."""
        end, first, seen = time.monotonic() + seconds, 0, b""
        with self._changed:
            while True:
                for arrived, data in self._pieces[first:]:
                    first += 1
                    seen = seen[-200:] + data
                    if wanted in seen:
                        return arrived
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{wanted!r} never came; the last was {seen[-300:]!r}")
                self._changed.wait(left)

    def echo_times(self, keys: Sequence[str], seconds_between: float) -> list[float]:
        """Types the keys, each unlike all that is on screen, and gives for each the seconds until it was drawn."""
        sent: list[tuple[float, bytes]] = []
        started = time.monotonic()
        for number, key in enumerate(keys):
            time.sleep(max(0.0, started + number * seconds_between - time.monotonic()))
            sent.append((time.monotonic(), key.encode()))
            self.send(key.encode())
        return [self.wait_for(key) - pressed for pressed, key in sent]

    def resident_megabytes(self) -> float:
        """What the program has in memory; 0 where /proc does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0.0
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def wait_until_idle(self, seconds: float = 15) -> None:
        """Waits until the program has taken next to no processor time for half a second."""
        end, before = time.monotonic() + seconds, self.processor_seconds()
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.processor_seconds()
            if now - before < 0.03:
                return
            before = now

    def processor_seconds(self) -> float:
        """What the program's threads have computed so far, which a busy machine changes less than the time."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
