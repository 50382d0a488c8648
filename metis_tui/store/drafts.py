"""Keeps what was typed and not sent. A convenience: failures are silent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metis_tui.chat.printable import storable
from metis_tui.store.small_file import SmallFile

NEW = "new"
"""The key of the draft for a conversation that has no message yet."""

_CHARACTERS_AT_MOST = 2 * 1024 * 1024
_TOGETHER_AT_MOST = 2 * _CHARACTERS_AT_MOST
_KEPT_AT_MOST = 20


class DraftFile:
    """Draft prompts by conversation id (or `NEW`) in `drafts.json` of the state folder, mode 0600.

    Of a very long draft the first 2,097,152 characters are kept; of many drafts the latest 20, or fewer
    if they are long.
    """

    def __init__(self, state: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = SmallFile(state / "drafts.json")
        self._clock = clock

    def load(self, key: str) -> str:
        """Empty when there is none. Blocks: call it off the event loop."""
        fields = self._file.read().get(key)
        text = fields.get("text") if isinstance(fields, dict) else None
        return text if isinstance(text, str) else ""

    def save(self, key: str, text: str) -> None:
        """Keeps the text, or forgets the draft when it is empty; written in the background."""
        entry = {"text": storable(text[:_CHARACTERS_AT_MOST]), "at": self._clock()}

        def change(content: dict[str, Any]) -> None:
            content.pop(key, None)
            if text:
                content[key] = entry
            while len(content) > _KEPT_AT_MOST or (len(content) > 1 and _size(content) > _TOGETHER_AT_MOST):
                content.pop(next(iter(content)))

        self._file.change(change)

    def close(self, budget_seconds: float = 1.0) -> bool:
        """Waits until everything is written; False when that took too long."""
        return self._file.close(budget_seconds)


def _size(content: dict[str, Any]) -> int:
    """Characters of all drafts together."""
    return sum(len(str(entry.get("text", ""))) for entry in content.values() if isinstance(entry, dict))
