"""What a readable export shows of a conversation and in which order. Pure: knows nothing of Markdown or HTML."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.printable import printable_line
from metis_tui.chat.provenance import Provenance, provenance_of, utc_time

_CHECKED_AT_MOST = 200
"""Messages of a conversation up to which every reply's request is compared with the recorded one."""
_ROLES = {"user": "Prompt", "assistant": "Reply", "system": "System message"}
_ENDS = {
    "length": "cut at the limit of tokens",
    "error": "cut short by a failure",
    "interrupted": "cut short when the program ended",
    "cancelled": "stopped by the user",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message and what goes beside it."""

    message: ChatMessage
    name: str
    """Prompt 2, Reply 2: numbered by the prompts up to it."""
    follows: str
    """The name of its parent."""
    place: int
    """Among its siblings, from 1."""
    sibling_count: int
    note: str
    vote: str
    is_bookmarked: bool

    @property
    def heading(self) -> str:
        """Such as: Reply 2 · gpt-oss-120b@metis · 2026-11-25 17:58 UTC · 1 of 2."""
        return " · ".join((self.name, *self.facts))

    @property
    def facts(self) -> list[str]:
        """What stands behind the name."""
        parts = []
        if self.message.role == "assistant" and self.message.served_by:
            parts.append(printable_line(self.message.served_by, 120))
        parts.append(minute(self.message.created_ms))
        if self.message.is_continuation:
            parts.append("continued")
        if self.sibling_count > 1:
            parts.append(f"{self.place} of {self.sibling_count}")
        return parts

    @property
    def remark(self) -> str:
        """Why a reply is not whole; empty when it is, or when its origin did not tell."""
        if not self.message.is_incomplete or self.message.stop is None:
            return ""
        remark = f"Incomplete: {_ENDS.get(self.message.stop, 'for a reason not known')}"
        if self.message.failure is not None:
            failure = self.message.failure
            remark += f" ({printable_line(f'{failure.title}: {failure.reason}', 300)})"
        return f"{remark}."


@dataclass(frozen=True, slots=True)
class Outline:
    """A conversation laid out for reading."""

    conversation: Conversation
    shown: tuple[Entry, ...]
    """The branch shown, root first."""
    others: tuple[Entry, ...]
    """Messages of other branches, parents before children."""

    def provenance(self, message: ChatMessage) -> Provenance:
        is_checked = len(self.conversation.messages) <= _CHECKED_AT_MOST
        return provenance_of(self.conversation, message, is_checked=is_checked)

    @property
    def models(self) -> list[str]:
        """`model@cluster` of all replies, in the order of their first use."""
        return list(dict.fromkeys(m.served_by for m in self.conversation.messages.values() if m.served_by))

    @property
    def clients(self) -> list[str]:
        return list(dict.fromkeys(m.client for m in self.conversation.messages.values() if m.client))


def outline(conversation: Conversation) -> Outline:
    families: dict[tuple[str | None, str], list[str]] = defaultdict(list)
    for message in conversation.messages.values():
        families[message.parent, message.role].append(message.id)
    places = {i: (n, len(family)) for family in families.values() for n, i in enumerate(family, start=1)}
    names = _names(conversation)
    path = conversation.path()
    on_path = {message.id for message in path}

    def entry(message: ChatMessage) -> Entry:
        parent = message.parent or ""
        place, count = places.get(parent, (1, 1))
        follows = names.get(parent, "") + (f" ({place} of {count})" if count > 1 else "")
        return _entry(conversation, message, names[message.id], follows, places[message.id])

    return Outline(
        conversation,
        tuple(map(entry, path)),
        tuple(entry(message) for message in conversation.messages.values() if message.id not in on_path),
    )


def _names(conversation: Conversation) -> dict[str, str]:
    counts: dict[str | None, int] = {}
    names: dict[str, str] = {}
    for message in conversation.messages.values():
        count = counts[message.id] = counts.get(message.parent, 0) + (message.role == "user")
        role = _ROLES[message.role]
        names[message.id] = role if message.role == "system" or not count else f"{role} {count}"
    return names


def _entry(
    conversation: Conversation, message: ChatMessage, name: str, follows: str, place: tuple[int, int]
) -> Entry:
    vote = conversation.votes.get(message.id)
    return Entry(
        message,
        name,
        follows,
        *place,
        note=conversation.notes.get(message.id, ""),
        vote="" if vote is None else printable_line(_as_text(vote), 200),
        is_bookmarked=message.id in conversation.bookmarks,
    )


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def minute(milliseconds: int) -> str:
    """Such as 2026-11-25 17:58 UTC."""
    text = utc_time(milliseconds)
    return f"{text[:10]} {text[11:16]} UTC" if text.endswith("Z") else text


def byte_count(size: int) -> str:
    """Such as 512 B, 3.4 kB, 1.2 MB."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
