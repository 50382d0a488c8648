"""The file that Textual's writing thread writes to: counts bytes and tells how long the line takes for them."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import TextIO

_FREE_SECONDS = 0.002
"""A write that takes no longer did not wait for the line."""


class MeteredFile:
    """Writes text to a terminal's descriptor at once, however much it is.

    Raises OSError from `write` when the terminal has gone.
    """

    encoding = "utf-8"

    def __init__(self, terminal: TextIO, written: Callable[[float], None]) -> None:
        """Args: written: called in the writing thread after each write with the seconds that the line held it up."""
        self._terminal = terminal
        self._descriptor = terminal.fileno()
        self._written = written
        self.byte_count = 0
        """Bytes that the line has taken so far."""

    def write(self, text: str) -> int:
        data = memoryview(text.encode("utf-8", "replace"))
        started = time.monotonic()
        while data:
            try:
                count = os.write(self._descriptor, data)
            except BlockingIOError:  # somebody has made the shared descriptor non-blocking
                select.select((), (self._descriptor,), ())
                continue
            self.byte_count += count
            data = data[count:]
        waited = time.monotonic() - started
        self._written(waited if waited > _FREE_SECONDS else 0.0)
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self._terminal.isatty()
