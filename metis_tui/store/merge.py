"""Makes one conversation of the records that any number of processes wrote. Pure: knows nothing of files.

The result depends on the set of records only, not on their order or how often each appears: settings go to the
last writer by (ts, boot), messages form the union, and of two records with one message id the finished and then
the longer one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from metis_tui.chat.conversation import UNTITLED, ChatMessage, Conversation
from metis_tui.chat.identifiers import is_ulid, ulid_milliseconds
from metis_tui.store.messages import message_from
from metis_tui.store.records import BadRecord, Record

_KNOWN_TYPES = frozenset(
    {"conv", "msg", "set", "head", "tag", "trash", "restore", "note", "mark", "vote", "reply", "delta", "activity"}
)
_KNOWN_SETTINGS = frozenset({"title", "model", "system", "params", "pin", "archive"})
_KNOWN_IN_HEADER = frozenset({"id", "title", "app", "created", "origin"})


@dataclass(slots=True)
class _Kept:
    """The best record of one message so far."""

    message: ChatMessage
    ts: int
    first_ts: int
    """Of the earliest record with this id: its place among the others."""


@dataclass(slots=True)
class _Merger:
    settings: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, _Kept] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    created: list[int] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    marks: dict[str, None] = field(default_factory=dict)
    votes: dict[str, Any] = field(default_factory=dict)
    extras: list[Mapping[str, Any]] = field(default_factory=list)
    origin: dict[str, str] = field(default_factory=dict)
    title: str | None = None
    head: tuple[int, str] | None = None
    is_trashed: bool = False
    is_read_only: bool = False

    def take(self, record: Record) -> None:
        """Takes the next record by (ts, boot)."""
        if record.is_too_new:
            self.is_read_only = True
            return
        fields = record.fields
        match record.type:
            case "conv":
                self._take_header(fields)
            case "msg":
                self._take_message(record)
            case "set" if isinstance(fields.get("key"), str):
                self.settings[fields["key"]] = fields.get("val")
            case "head" if isinstance(fields.get("msg"), str):
                self.head = (record.ts, fields["msg"])
            case "tag":
                for tag in _texts(fields.get("del")):
                    self.tags.pop(tag, None)
                self.tags.update(dict.fromkeys(_texts(fields.get("add"))))
            case "trash":
                self.is_trashed = True
            case "restore":
                self.is_trashed = False
            case "note" | "mark" | "vote" if isinstance(fields.get("msg"), str):
                self._take_verdict(record.type, fields["msg"], fields)
            case other if other not in _KNOWN_TYPES:
                self._take_extra(fields)

    def _take_extra(self, fields: Mapping[str, Any]) -> None:
        extra = {key: value for key, value in fields.items() if key not in ("v", "ts", "crc")}
        if extra not in self.extras:
            self.extras.append(extra)

    def _take_verdict(self, kind: str, message_id: str, fields: Mapping[str, Any]) -> None:
        """What the user says of a message: the last word counts."""
        if kind == "note":
            self.notes.pop(message_id, None)
            if text := _kind(fields.get("text"), str, ""):
                self.notes[message_id] = text
        elif kind == "mark":
            self.marks.pop(message_id, None)
            if fields.get("val") is True:
                self.marks[message_id] = None
        else:
            self.votes.pop(message_id, None)
            if fields.get("val") is not None:
                self.votes[message_id] = fields["val"]

    def _take_header(self, fields: Any) -> None:
        # Later headers repeat what their writer knew, which may be an old title: the first one counts.
        if self.title is None and isinstance(fields.get("title"), str):
            self.title = fields["title"]
        if isinstance(fields.get("created"), int):
            self.created.append(fields["created"])
        if not self.origin and isinstance(fields.get("origin"), dict):
            self.origin = {k: v for k, v in fields["origin"].items() if isinstance(v, str)}
        others = {key: value for key, value in fields.items() if key not in _KNOWN_IN_HEADER}
        if others.keys() - {"v", "t", "ts", "crc"}:
            self._take_extra(others)

    def all_extras(self) -> tuple[Mapping[str, Any], ...]:
        """Records and settings that are for other readers."""
        unknown = [(k, v) for k, v in self.settings.items() if k not in _KNOWN_SETTINGS]
        return (*self.extras, *({"t": "set", "key": key, "val": value} for key, value in sorted(unknown)))

    def _take_message(self, record: Record) -> None:
        try:
            message = message_from(record.fields)
        except BadRecord:
            return
        known = self.kept.get(message.id)
        if known is None:
            self.kept[message.id] = _Kept(message, record.ts, record.ts)
        elif _worth(message) >= _worth(known.message):
            self.kept[message.id] = _Kept(message, record.ts, known.first_ts)

    def chosen_head(self) -> str | None:
        """What was chosen or added last."""
        newest = max(((kept.ts, message_id) for message_id, kept in self.kept.items()), default=None)
        if self.head is not None and self.head[1] in self.kept and (newest is None or self.head[0] >= newest[0]):
            return self.head[1]
        return newest[1] if newest else None


def is_foreign(extra: Mapping[str, Any]) -> bool:
    """Whether only other programs understand a record: it can be written as it is, and changes nothing."""
    match extra.get("t"):
        case "set":
            key = extra.get("key")
            return isinstance(key, str) and key not in _KNOWN_SETTINGS
        case "conv":
            return not extra.keys() & _KNOWN_IN_HEADER
        case str(other):
            return other not in _KNOWN_TYPES
    return False


def merge(conversation_id: str, records: Iterable[tuple[Record, str]]) -> Conversation:
    """The conversation made of (record, boot) pairs, in any order and with repetitions."""
    merger = _Merger()
    for record, _ in sorted(records, key=lambda pair: (pair[0].ts, pair[1])):
        merger.take(record)
    fallback = ulid_milliseconds(conversation_id) if is_ulid(conversation_id) else 0
    settings = merger.settings
    conversation = Conversation(
        id=conversation_id,
        title=_kind(settings.get("title"), str, UNTITLED if merger.title is None else merger.title),
        created_ms=min(merger.created, default=fallback),
        model=_kind(settings.get("model"), str, None),
        system=_kind(settings.get("system"), str, ""),
        params=dict(_kind(settings.get("params"), dict, {})),
        tags=tuple(merger.tags),
        is_pinned=settings.get("pin") is True,
        is_archived=settings.get("archive") is True,
        is_trashed=merger.is_trashed,
        is_read_only=merger.is_read_only,
        head=merger.chosen_head(),
        messages=_as_tree(merger.kept),
        notes=dict(merger.notes),
        bookmarks=tuple(merger.marks),
        votes=dict(merger.votes),
        origin=merger.origin,
        extras=merger.all_extras(),
    )
    conversation.updated_ms = max((m.created_ms for m in conversation.messages.values()), default=0)
    if conversation.origin.get("kind") == "fork":  # its messages are older than it is
        conversation.updated_ms = max(conversation.updated_ms, conversation.created_ms)
    return conversation


def _as_tree(kept: dict[str, _Kept]) -> dict[str, ChatMessage]:
    """Parents before children, else oldest first. A missing parent is replaced by the nearest earlier message."""
    waiting = [k.message for k in sorted(kept.values(), key=lambda k: (k.first_ts, k.message.id))]
    tree: dict[str, ChatMessage] = {}
    while waiting:
        left: list[ChatMessage] = []
        for message in waiting:
            if message.parent is not None and message.parent not in kept:
                message = replace(message, parent=next(reversed(tree), None))
            if message.parent is None or message.parent in tree:
                tree[message.id] = message
            else:
                left.append(message)
        if len(left) == len(waiting):  # a ring of parents: open it at its oldest message
            left[0] = replace(left[0], parent=next(reversed(tree), None))
        waiting = left
    return tree


def _worth(message: ChatMessage) -> tuple[bool, int]:
    return (message.stop != "interrupted", len(message.text) + len(message.reasoning))


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _kind(value: Any, kind: type, default: Any) -> Any:
    return value if isinstance(value, kind) else default
