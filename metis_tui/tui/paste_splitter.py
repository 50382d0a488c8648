"""Separates bracketed pastes from keys in what a terminal sends. Pure; `feed` takes any pieces.

Textual's own parser takes what follows an Esc inside a paste for keys, so pasted text could press any of them.
"""

from __future__ import annotations

from typing import NamedTuple

PASTE_START = "\x1b[200~"
PASTE_END = "\x1b[201~"


class Piece(NamedTuple):
    text: str
    is_paste: bool


class PasteSplitter:
    """Keys come out at once; a paste comes out whole, when its end has arrived."""

    def __init__(self) -> None:
        self._held = ""
        """Outside a paste: what may be the beginning of a start marker. Inside: the paste so far."""
        self._is_inside = False

    @property
    def is_holding(self) -> bool:
        return bool(self._held) and not self._is_inside

    def feed(self, text: str) -> list[Piece]:
        """What is complete after this piece."""
        pieces: list[Piece] = []
        text = self._held + text
        self._held = ""
        while text:
            if self._is_inside:
                inside, end, rest = text.partition(PASTE_END)
                if not end:
                    self._held = text
                    break
                pieces.append(Piece(inside, True))
                self._is_inside, text = False, rest
                continue
            keys, start, rest = text.partition(PASTE_START)
            if start:
                self._is_inside = True
            else:
                length = _tail_length(keys)
                keys, self._held = keys[: len(keys) - length], keys[len(keys) - length :]
            if keys:
                pieces.append(Piece(keys, False))
            text = rest
        return pieces

    def release(self) -> list[Piece]:
        """Gives up waiting: what looked like the beginning of a marker was keys."""
        if not self.is_holding:
            return []
        held, self._held = self._held, ""
        return [Piece(held, False)]


def _tail_length(keys: str) -> int:
    """How much of the end may begin a start marker. A lone Esc does not count: it is a key of its own too often."""
    for length in range(len(PASTE_START) - 1, 1, -1):
        if keys.endswith(PASTE_START[:length]):
            return length
    return 0
