"""Splits leading <think> blocks from streamed text. Knows nothing of HTTP or widgets."""

from __future__ import annotations

from typing import Literal

Kind = Literal["text", "reasoning"]
Piece = tuple[Kind, str]

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Tells reasoning from text in a reply whose model writes <think>...</think> before its answer.

    Only blocks at the very start count, after optional white space; later tags are ordinary text. A block that is
    never closed is reasoning to its end. The tags themselves, and white space before a block, are dropped; every
    other character comes out once and in order.
    """

    def __init__(self) -> None:
        self._place: Literal["start", "inside", "text"] = "start"
        self._held = ""

    def feed(self, piece: str) -> list[Piece]:
        """What is certain so far; a tag may be cut anywhere."""
        if self._place == "text":
            return [("text", piece)] if piece else []
        self._held += piece
        found: list[Piece] = []
        while self._step(found):
            pass
        return found

    def close(self) -> list[Piece]:
        """What was held back because it might have become a tag."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [("reasoning" if self._place == "inside" else "text", held)]

    def _step(self, found: list[Piece]) -> bool:
        """Moves past one tag; False when more text is needed or the answer has begun."""
        if self._place == "start":
            return self._step_at_start(found)
        if self._place == "inside":
            return self._step_inside(found)
        return False

    def _step_at_start(self, found: list[Piece]) -> bool:
        word = self._held.lstrip()
        if word.startswith(_OPEN):
            self._place, self._held = "inside", word[len(_OPEN) :]
            return True
        if not _OPEN.startswith(word):
            self._place, text, self._held = "text", self._held, ""
            found.append(("text", text))
        return False

    def _step_inside(self, found: list[Piece]) -> bool:
        reasoning, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._place, self._held = "start", rest
        else:
            kept = _possible_start(reasoning, _CLOSE)
            reasoning, self._held = reasoning[: len(reasoning) - kept], reasoning[len(reasoning) - kept :]
        if reasoning:
            found.append(("reasoning", reasoning))
        return bool(tag)


def _possible_start(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the start of `tag`."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:size]):
            return size
    return 0
