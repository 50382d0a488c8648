"""The words of the index in memory, to find those that hold a part of a word. Knows nothing of messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

LONGEST_WORD = 100
"""Longer ones are found as a whole only."""


class Vocabulary:
    """One long text with a word a line: searching it takes a millisecond, and no index of parts takes less space."""

    def __init__(self) -> None:
        self._lines = "\n"
        self._last = 0

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Takes in words that are new. Raises sqlite3.Error."""
        rows = connection.execute("SELECT id, text FROM word WHERE id > ? ORDER BY id", (self._last,)).fetchall()
        if rows:
            self._last = rows[-1][0]
            self._lines += "\n".join(text for _, text in rows) + "\n"

    def containing(self, part: str, limit: int) -> list[str] | None:
        """Words that hold the part; None when there are more than the limit."""
        return self._words(part, 0, limit)

    def starting(self, part: str, limit: int) -> list[str] | None:
        return self._words(f"\n{part}", 1, limit)

    def ending(self, part: str, limit: int) -> list[str] | None:
        return self._words(f"{part}\n", 0, limit)

    def _words(self, needle: str, skip: int, limit: int) -> list[str] | None:
        found: list[str] = []
        for word in self._places(needle, skip):
            if len(found) == limit:
                return None
            found.append(word)
        return found

    def _places(self, needle: str, skip: int) -> Iterator[str]:
        lines, at = self._lines, 0
        while (at := lines.find(needle, at)) >= 0:
            start = lines.rfind("\n", 0, at + skip) + 1
            end = lines.find("\n", at + skip)
            yield lines[start:end]
            at = end
