"""Reads the JSON document and the JSON Lines of `exchange.document`. Pure: takes decoded JSON, not files.

Ids are kept. What does not fit the format is left out and told; a wrong file never becomes a wrong record.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

from metis_tui.chat.conversation import (
    UNTITLED,
    Attachment,
    ChatMessage,
    Conversation,
    FailureNote,
    Role,
    Stop,
    Timing,
    Usage,
)
from metis_tui.chat.identifiers import derived_ulid, is_ulid
from metis_tui.chat.provenance import text_sha256
from metis_tui.exchange import untrusted
from metis_tui.exchange.document import FORMAT, VERSION
from metis_tui.exchange.message_tree import as_tree
from metis_tui.exchange.problems import Problems

_ID_LIMIT = 200


def is_document(content: object) -> bool:
    return isinstance(content, dict) and content.get("format") == FORMAT


def is_too_new(content: Mapping[str, Any]) -> bool:
    return untrusted.whole(content.get("version"), VERSION) > VERSION


def read_document(content: Mapping[str, Any], problems: Problems) -> list[Conversation]:
    found = []
    for number, fields in enumerate(untrusted.items(content.get("conversations")), start=1):
        conversation = read_conversation(fields, f"Conversation {number}", problems)
        if conversation is not None:
            found.append(conversation)
    return found


def read_lines(rows: Iterable[object], problems: Problems) -> list[Conversation]:
    """Conversations out of the lines after the first one."""
    gathered: list[dict[str, Any]] = []
    for row in rows:
        fields = untrusted.mapping(row)
        if isinstance(fields.get("conversation"), dict):
            gathered.append({**fields["conversation"], "messages": []})
        elif isinstance(fields.get("message"), dict) and gathered:
            gathered[-1]["messages"].append(fields["message"])
        else:
            problems.tell("A line that is neither a conversation nor a message was left out.")
    return read_document({"conversations": gathered}, problems)


def read_conversation(fields: object, name: str, problems: Problems) -> Conversation | None:
    if not isinstance(fields, dict):
        problems.tell(f"{name} was left out: it is no object.")
        return None
    created = untrusted.whole(fields.get("created"))
    conversation_id = untrusted.text(fields.get("id"))
    if not is_ulid(conversation_id):
        conversation_id = derived_ulid(created, FORMAT, conversation_id or repr(fields)[:10_000])
    read = [_message(item, problems) for item in untrusted.items(fields.get("messages"))]
    messages, moved = as_tree(message for message in read if message is not None)
    if moved:
        problems.tell(f"{name}: {moved} messages lacked the message that they follow.")
    if not messages:
        problems.tell(f"{name} was left out: it holds no messages.")
        return None
    head = fields.get("head")
    title = fields.get("title")
    conversation = Conversation(
        id=conversation_id,
        title=untrusted.text(title, UNTITLED),
        created_ms=created,
        model=_text_or_none(fields.get("model")),
        system=untrusted.text(fields.get("system")),
        params=dict(untrusted.mapping(untrusted.clean(fields.get("params")))),
        tags=_strings(fields.get("tags")),
        is_pinned=fields.get("pinned") is True,
        is_archived=fields.get("archived") is True,
        is_trashed=fields.get("trashed") is True,
        head=head if isinstance(head, str) and head in messages else next(reversed(messages)),
        messages=messages,
        notes={k: t for k, t in _texts(fields.get("notes")).items() if t},
        bookmarks=_strings(fields.get("bookmarks")),
        votes={k: v for k, v in _values(fields.get("votes")).items() if v is not None},
        origin=_texts(fields.get("origin")),
        extras=tuple(e for e in map(_values, untrusted.items(fields.get("extras"))) if isinstance(e.get("t"), str)),
    )
    conversation.updated_ms = max(message.created_ms for message in messages.values())
    return conversation


def _text_or_none(value: object) -> str | None:
    return untrusted.text(value) if isinstance(value, str) else None


def _strings(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(untrusted.text(item) for item in untrusted.items(value) if isinstance(item, str)))


def _values(value: object) -> dict[str, Any]:
    return dict(untrusted.mapping(untrusted.clean(value)))


def _texts(value: object) -> dict[str, str]:
    return {key: text for key, text in _values(value).items() if isinstance(text, str)}


def _message(fields: object, problems: Problems) -> ChatMessage | None:
    if not isinstance(fields, dict):
        problems.tell("A message was left out: it is no object.")
        return None
    message_id, role = untrusted.text(fields.get("id")), fields.get("role")
    if not message_id or len(message_id) > _ID_LIMIT or role not in get_args(Role):
        problems.tell("A message was left out: it has no id or no known role.")
        return None
    stop = fields.get("stop")
    message = ChatMessage(
        id=message_id,
        parent=_text_or_none(fields.get("parent")),
        role=cast(Role, role),
        text=untrusted.text(fields.get("text")),
        created_ms=untrusted.whole(fields.get("created")),
        reasoning=untrusted.text(fields.get("reasoning")),
        model=_text_or_none(fields.get("model")),
        cluster=_text_or_none(fields.get("cluster")),
        framework=_text_or_none(fields.get("framework")),
        params=_values(fields.get("params")),
        usage=_usage(fields.get("usage")),
        timing=_timing(fields.get("timing")),
        stop=cast(Stop, stop) if stop in get_args(Stop) else None,
        failure=_failure(fields.get("failure")),
        request_id=_text_or_none(fields.get("request_id")),
        is_continuation=fields.get("continuation") is True,
        model_version=_text_or_none(fields.get("model_version")),
        request_sha256=_text_or_none(fields.get("request_sha256")),
        client=_text_or_none(fields.get("client")),
        attachments=tuple(_attachment(a, problems) for a in untrusted.items(fields.get("attachments"))),
        extra=_values(fields.get("extra")),
    )
    told = fields.get("text_sha256")
    if isinstance(told, str) and told != text_sha256(message):
        problems.tell(
            f"The text of reply {message_id} is not what its checksum says: it was changed after the export."
        )
    return message


def _attachment(value: object, problems: Problems) -> Attachment:
    fields = untrusted.mapping(value)
    name = untrusted.text(fields.get("name"))
    digest = untrusted.text(fields.get("sha256"))
    data: bytes | None = None
    if isinstance(fields.get("data"), str):
        try:
            data = base64.b64decode(fields["data"], validate=True)
        except (binascii.Error, ValueError):
            problems.tell(f"The content of the attachment {name!r} cannot be read.")
    if data is not None:
        actual = hashlib.sha256(data).hexdigest()
        if digest and digest != actual:
            problems.tell(f"The attachment {name!r} is not what its checksum says: it was changed after the export.")
        digest = actual
    return Attachment(
        name,
        untrusted.text(fields.get("media_type")) or "application/octet-stream",
        digest,
        len(data) if data is not None else untrusted.whole(fields.get("size")),
        data,
    )


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    reasoning = value.get("reasoning_tokens")
    return Usage(
        untrusted.whole(value.get("prompt_tokens")),
        untrusted.whole(value.get("completion_tokens")),
        untrusted.whole(value.get("total_tokens")),
        reasoning if isinstance(reasoning, int) else None,
    )


def _timing(value: object) -> Timing | None:
    if not isinstance(value, dict):
        return None
    return Timing(
        untrusted.number(value.get("total_seconds")) or 0.0,
        untrusted.number(value.get("first_reasoning_seconds")),
        untrusted.number(value.get("first_text_seconds")),
    )


def _failure(value: object) -> FailureNote | None:
    if not isinstance(value, dict):
        return None
    return FailureNote(
        untrusted.text(value.get("title")),
        untrusted.text(value.get("reason")),
        untrusted.text(value.get("kind")),
        _text_or_none(value.get("error_id")),
    )
