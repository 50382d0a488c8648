"""The only writer of standard output: data, exact when it is piped, safe for the terminal when it is one."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

from metis_tui.chat.printable import printable


class Output:
    """Writes text and JSON, each piece at once.

    Raises BrokenPipeError when the reader has gone; see `reader_has_gone`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self.is_terminal = self._stream is not None and self._stream.isatty()
        self._is_line_open = False
        reconfigure = getattr(self._stream, "reconfigure", None)
        if reconfigure is not None:
            # a pipe gets the very text, whatever the locale says
            reconfigure(errors="replace", newline="\n") if self.is_terminal else reconfigure(
                encoding="utf-8", errors="replace", newline="\n"
            )

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None when it is none."""
        if not self.is_terminal:
            return None
        import shutil

        return shutil.get_terminal_size().columns

    def text(self, text: str) -> None:
        """One piece of untrusted text."""
        if not text or self._stream is None:
            return
        self._stream.write(self._shown(text))
        self._stream.flush()
        self._is_line_open = not text.endswith("\n")

    def line(self, text: str = "") -> None:
        self.text(text + "\n")

    def pieces(self, pieces: Iterable[tuple[str, bool]]) -> None:
        """One line of pieces; marked ones are bold on a terminal that is not told to do without."""
        parts = []
        for text, is_marked in pieces:
            parts.append(f"\x1b[1m{printable(text)}\x1b[0m" if is_marked and self.has_marks else self._shown(text))
        if self._stream is not None:
            self._stream.write("".join(parts) + "\n")
            self._stream.flush()
        self._is_line_open = False

    def data(self, content: bytes) -> None:
        """Bytes as they are; for a stream that is no terminal."""
        if self._stream is not None:
            self._stream.flush()
            self._stream.buffer.write(content)
            self._stream.buffer.flush()

    @property
    def has_marks(self) -> bool:
        return self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """Of the terminal; None when it is none."""
        return shutil.get_terminal_size().columns if self.is_terminal else None

    def _shown(self, text: str) -> str:
        return printable(text) if self.is_terminal else text

    def end_line(self) -> None:
        """Ends an open line on a terminal, where the shell's prompt would hang on to it; a pipe stays exact."""
        if self.is_terminal and self._is_line_open:
            self.line()

    def json(self, value: object, *, is_compact: bool = False) -> None:
        """One JSON value; compact means on one line. Control characters are escaped by JSON itself."""
        self.line(json.dumps(value, ensure_ascii=False, indent=None if is_compact else 2, default=str))


def cut_to(text: str, columns: int) -> str:
    """The text cut to a terminal's columns, of which East Asian characters take two."""
    widths = [2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text]
    if sum(widths) <= columns:
        return text
    room, place = columns - 1, 0
    while widths[place] <= room:
        room -= widths[place]
        place += 1
    return text[:place] + "…"


def table(rows: list[list[str]]) -> str:
    """Rows in columns of equal width, two spaces apart."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


READER_GONE = 141
"""128 + SIGPIPE, as for any other program in a pipe whose reader has gone."""


def reader_has_gone() -> int:
    """Makes the interpreter's own exit silent and gives the exit code."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):
        return READER_GONE
    return READER_GONE
