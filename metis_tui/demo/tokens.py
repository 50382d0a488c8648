"""Cuts text into pieces of about one language-model token each. Pure."""

from __future__ import annotations

import re

LONG_WORD = 8
_PIECES = re.compile(r" ?[^\W\d_]+| ?\d{1,3}|\n+| ?[^\w\s]{1,3}|[ \t]+(?=\S)|\s|_+")
_SYLLABLES = re.compile(r".{1,5}$|.{4}")


def split_tokens(text: str) -> list[str]:
    """Pieces that join to the text again; words of more than eight letters are split like syllables."""
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        if len(piece) <= LONG_WORD + 1:
            pieces.append(piece)
        else:
            pieces += _SYLLABLES.findall(piece)
    return pieces


def count_tokens(text: str) -> int:
    """A quick estimate, for the prompt's side of the usage."""
    return max(1, (len(text) + 3) // 4)
