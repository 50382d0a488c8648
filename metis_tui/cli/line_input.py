"""Reads lines from standard input without holding up the event loop. Knows nothing of what they mean.

Not by way of sys.stdin: a thread that still waits there when the program ends would break the interpreter's exit.
"""

from __future__ import annotations

import os

from metis_tui.chat.background import in_background
from metis_tui.cli import diagnostics

_STANDARD_INPUT = 0
_PIECE_BYTES = 65_536
_LONGEST_LINE = 100_000


class LineInput:
    """Lines of a terminal, a pipe or a file."""

    def __init__(self, descriptor: int = _STANDARD_INPUT) -> None:
        self._descriptor = descriptor
        self._rest = b""

    @property
    def is_terminal(self) -> bool:
        try:
            return os.isatty(self._descriptor)
        except OSError:
            return False

    async def ask(self, question: str) -> str | None:
        """The next line, stripped; None at the end of the input. The question is shown on a terminal only."""
        if not self.is_terminal:
            return await self._line()
        diagnostics.ask(question)
        is_answered = False
        try:
            line = await self._line()
            is_answered = line is not None
        finally:
            if not is_answered:  # the cursor still stands behind the question
                diagnostics.say("")
        return line

    async def agree(self, question: str) -> bool:
        """Whether somebody at a terminal says yes; nobody is asked elsewhere."""
        if not self.is_terminal:
            return False
        answer = await self.ask(f"{question} [y/N] ")
        return (answer or "").casefold() in ("y", "yes")

    async def _line(self) -> str | None:
        while b"\n" not in self._rest and len(self._rest) < _LONGEST_LINE:
            piece = await in_background(self._read, "standard-input")
            if not piece:
                break
            self._rest += piece
        if not self._rest:
            return None
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode("utf-8", "replace").strip()

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, _PIECE_BYTES)
        except OSError:  # closed, or the terminal has gone
            return b""
