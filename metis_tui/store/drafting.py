"""Makes the records that a change of a conversation needs, and applies changes. Pure: writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import TypeVar

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.store.merge import is_foreign
from metis_tui.store.messages import INLINE_AT_MOST, is_sha256, message_fields
from metis_tui.store.records import encode

T = TypeVar("T")

_ATTRIBUTES = {
    "title": "title",
    "model": "model",
    "system": "system",
    "params": "params",
    "pin": "is_pinned",
    "archive": "is_archived",
    "head": "head",
}


class HybridClock:
    """Time stamps in ms that are later than everything seen of a conversation: an edit always follows its cause."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: dict[str, int] = {}

    def stamp(self, conversation_id: str) -> int:
        ts = max(int(self._now() * 1000), self.last(conversation_id) + 1)
        self._last[conversation_id] = ts
        return ts

    def last(self, conversation_id: str) -> int:
        return self._last.get(conversation_id, 0)

    def observe(self, conversation_id: str, ts: int) -> None:
        self._last[conversation_id] = max(ts, self.last(conversation_id))


def record(conversation_id: str, record_type: str, content: Mapping[str, object], clock: HybridClock) -> bytes:
    return encode(record_type, clock.stamp(conversation_id), content)


def header_record(conversation: Conversation, app_version: str, clock: HybridClock) -> bytes:
    content: dict[str, object] = {
        "id": conversation.id,
        "title": conversation.title,
        "app": app_version,
        "created": conversation.created_ms,
    }
    if conversation.origin:
        content["origin"] = conversation.origin
    return record(conversation.id, "conv", content, clock)


def message_record(conversation_id: str, message: ChatMessage, clock: HybridClock, *, ts: int | None = None) -> bytes:
    """`ts`: instead of now, for a message that was made by another process."""
    return encode("msg", clock.stamp(conversation_id) if ts is None else ts, message_fields(message))


def settings_records(conversation: Conversation, clock: HybridClock) -> list[bytes]:
    """What was set while the conversation was empty, but for what its header tells."""
    fresh = Conversation(id=conversation.id)
    records = [
        record(conversation.id, "set", {"key": key, "val": getattr(conversation, name)}, clock)
        for key, name in _ATTRIBUTES.items()
        if key not in ("title", "head") and getattr(conversation, name) != getattr(fresh, name)
    ]
    if conversation.tags:
        records.append(record(conversation.id, "tag", {"add": list(conversation.tags), "del": []}, clock))
    return records


def blobs_of(messages: Iterable[ChatMessage]) -> tuple[tuple[str, bytes], ...]:
    """(SHA-256, content) of the attachments that do not go into records."""
    return tuple(
        (attachment.sha256, attachment.data)
        for message in messages
        for attachment in message.attachments
        if attachment.data is not None and is_sha256(attachment.sha256) and len(attachment.data) > INLINE_AT_MOST
    )


def missing_records(conversation: Conversation, known: Conversation | None, clock: HybridClock) -> list[bytes]:
    """What the store lacks of a conversation; `known` is what it has. Settings that are there stay."""
    have = known or Conversation(id=conversation.id)
    records = [
        message_record(conversation.id, message, clock)
        for message in conversation.messages.values()
        if message.id not in have.messages
    ]
    content: list[tuple[str, dict[str, object]]] = []
    content += [("note", {"msg": m, "text": t}) for m, t in conversation.notes.items() if m not in have.notes]
    content += [("mark", {"msg": m, "val": True}) for m in conversation.bookmarks if m not in have.bookmarks]
    content += [("vote", {"msg": m, "val": v}) for m, v in conversation.votes.items() if m not in have.votes]
    records += [record(conversation.id, kind, fields, clock) for kind, fields in content]
    for extra in conversation.extras:
        if extra not in have.extras and is_foreign(extra):
            fields = {key: value for key, value in extra.items() if key not in ("t", "v", "ts", "crc")}
            records.append(record(conversation.id, str(extra["t"]), fields, clock))
    if known is None:
        if conversation.head is not None:
            records.append(record(conversation.id, "head", {"msg": conversation.head}, clock))
        if conversation.is_trashed:
            records.append(record(conversation.id, "trash", {}, clock))
    elif records and known.head is not None:
        records.append(record(conversation.id, "head", {"msg": known.head}, clock))
    return records


def joined(known: Conversation, other: Conversation) -> Conversation:
    """The conversation that is there with what another copy of it has beyond that; its settings stay."""
    return replace(
        known,
        messages={**other.messages, **known.messages},
        notes={**other.notes, **known.notes},
        bookmarks=tuple(dict.fromkeys([*known.bookmarks, *other.bookmarks])),
        votes={**other.votes, **known.votes},
        extras=(*known.extras, *(extra for extra in other.extras if extra not in known.extras)),
    )


def put(values: dict[str, T], key: str, value: T | None) -> None:
    """Sets a value as the last one; None removes it."""
    values.pop(key, None)
    if value is not None:
        values[key] = value


def apply(conversation: Conversation, key: str, value: object) -> None:
    """Sets what the conversation holds under a key; other keys are for other readers."""
    name = _ATTRIBUTES.get(key)
    if name is not None:
        setattr(conversation, name, dict(value) if isinstance(value, Mapping) else value)


def take_over(conversation: Conversation, newer: Conversation) -> bool:
    """Brings a conversation up to what the disk holds; messages that are not there yet stay. True on a change."""
    before = {field.name: getattr(conversation, field.name) for field in fields(conversation)}
    messages = {**newer.messages, **{i: m for i, m in conversation.messages.items() if i not in newer.messages}}
    head = conversation.head
    for name in before:
        setattr(conversation, name, getattr(newer, name))
    conversation.messages = messages
    if head in messages and (newer.head is None or head not in _ancestors(newer, newer.head)):
        conversation.head = head
    return any(before[name] != getattr(conversation, name) for name in before)


def length(message: ChatMessage) -> int:
    """Characters that the model wrote."""
    return len(message.text) + len(message.reasoning)


def _ancestors(conversation: Conversation, message_id: str) -> set[str]:
    """The message itself and all before it."""
    line: set[str] = set()
    cursor: str | None = message_id
    while cursor in conversation.messages and cursor not in line:
        line.add(cursor)
        cursor = conversation.messages[cursor].parent
    return line
