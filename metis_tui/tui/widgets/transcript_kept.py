"""What is kept of messages that are out of view or of another conversation, and for how long. Bounded in memory."""

from __future__ import annotations

from collections.abc import Iterable

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.transcript_entry import Entry
from metis_tui.tui.widgets.transcript_rows import Part

KEPT_ROWS = 4_000
"""Rendered rows that are kept; those not seen for the longest time are dropped first."""
KEPT_ENTRIES = 400
KEPT_CHARACTERS = 2_000_000
"""Messages of conversations left, and their characters, whose heights are kept."""


class KeptRows:
    """Rendered parts, those used last at the end."""

    def __init__(self) -> None:
        self._parts: dict[Part, int] = {}
        self._count = 0

    def used(self, part: Part) -> None:
        self._count += part.height - self._parts.pop(part, 0)
        self._parts[part] = part.height

    def trim(self) -> None:
        while self._count > KEPT_ROWS and len(self._parts) > 1:
            part = next(iter(self._parts))
            self._count -= self._parts.pop(part)
            if not part.is_live:
                part.forget()

    def forget_strips(self) -> None:
        for part in self._parts:
            part.strips.clear()

    def forget_all(self) -> None:
        for part in self._parts:
            if not part.is_live:
                part.forget()
        self._parts.clear()
        self._count = 0


class KeptEntries:
    """Messages that were shown before, those left last at the end."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._characters = 0

    def put(self, entries: Iterable[Entry]) -> None:
        """Keeps what was seen of the messages."""
        for entry in entries:
            if entry.was_seen:
                self._remove(entry.message.id)
                self._entries[entry.message.id] = entry
                self._characters += _size(entry)
        while self._entries and (len(self._entries) > KEPT_ENTRIES or self._characters > KEPT_CHARACTERS):
            self._remove(next(iter(self._entries)))

    def take(self, message: ChatMessage) -> Entry | None:
        """What is known of exactly this message; it is no longer kept here."""
        entry = self._entries.get(message.id)
        if entry is None or entry.message != message:
            return None
        self._remove(message.id)
        return entry

    def _remove(self, message_id: str) -> None:
        entry = self._entries.pop(message_id, None)
        if entry is not None:
            self._characters -= _size(entry)


def _size(entry: Entry) -> int:
    return len(entry.message.text) + len(entry.message.reasoning)
