"""Turns chat messages into the fields of a `msg` record and back. Pure: knows nothing of lines or files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast, get_args

from metis_tui.chat.conversation import Attachment, ChatMessage, FailureNote, Role, Stop, Timing, Usage
from metis_tui.store.records import BadRecord

_OPTIONAL = (
    "reasoning",
    "model",
    "cluster",
    "framework",
    "params",
    "stop",
    "request_id",
    "model_version",
    "request_sha256",
    "client",
)
_KNOWN = frozenset(
    ("id", "parent", "role", "created", "text", *_OPTIONAL, "continues", "usage", "timing", "err", "parts")
) | frozenset(("v", "t", "ts", "crc"))
INLINE_AT_MOST = 64 * 1024
"""Bytes of an attachment that are kept in the record itself; a larger one is a file of its own."""


def is_sha256(text: str) -> bool:
    """Whether it may name a file: 64 hexadecimal digits in lower case and nothing else."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def message_fields(message: ChatMessage) -> dict[str, object]:
    """The fields of a message; those with nothing in them are left out. Durations are in seconds."""
    fields: dict[str, object] = {
        "id": message.id,
        "parent": message.parent,
        "role": message.role,
        "created": message.created_ms,
        "text": message.text,
    }
    for name in _OPTIONAL:
        if value := getattr(message, name):
            fields[name] = value
    if message.is_continuation:
        fields["continues"] = True
    if message.usage is not None:
        fields["usage"] = {
            "prompt": message.usage.prompt_tokens,
            "completion": message.usage.completion_tokens,
            "total": message.usage.total_tokens,
            "reasoning": message.usage.reasoning_tokens,
        }
    if message.timing is not None:
        fields["timing"] = {
            "total": message.timing.total_seconds,
            "first_reasoning": message.timing.first_reasoning_seconds,
            "first_text": message.timing.first_text_seconds,
        }
    parts = [*map(_attachment_fields, message.attachments), *_other_parts(message.extra.get("parts"))]
    if parts:
        fields["parts"] = parts
    if message.failure is not None:
        fields["err"] = {
            "title": message.failure.title,
            "reason": message.failure.reason,
            "kind": message.failure.kind,
            "error_id": message.failure.error_id,
        }
    return {**{key: value for key, value in message.extra.items() if key not in _KNOWN}, **fields}


def _attachment_fields(attachment: Attachment) -> dict[str, object]:
    fields: dict[str, object] = {
        "kind": "file",
        "name": attachment.name,
        "type": attachment.media_type,
        "sha256": attachment.sha256,
        "size": attachment.size,
    }
    if attachment.data is not None and len(attachment.data) <= INLINE_AT_MOST:
        fields["data"] = base64.b64encode(attachment.data).decode()
    return fields


def message_from(fields: Mapping[str, Any]) -> ChatMessage:
    """The message in a record's fields. Keys that are missing or of the wrong kind get their defaults.

    Raises:
        BadRecord: it has no id or a role that does not exist.
    """
    role = fields.get("role")
    message_id = fields.get("id")
    if role not in get_args(Role) or not isinstance(message_id, str):
        raise BadRecord("a message without an id or a known role")
    stop = fields.get("stop")
    params = fields.get("params")
    return ChatMessage(
        id=message_id,
        parent=_text(fields, "parent"),
        role=cast(Role, role),
        text=_text(fields, "text") or "",
        created_ms=_whole(fields, "created", _whole(fields, "ts", 0)),
        reasoning=_text(fields, "reasoning") or "",
        model=_text(fields, "model"),
        cluster=_text(fields, "cluster"),
        framework=_text(fields, "framework"),
        params=params if isinstance(params, dict) else {},
        usage=_usage(fields.get("usage")),
        timing=_timing(fields.get("timing")),
        stop=cast(Stop, stop) if stop in get_args(Stop) else None,
        failure=_failure(fields.get("err")),
        request_id=_text(fields, "request_id"),
        is_continuation=fields.get("continues") is True,
        model_version=_text(fields, "model_version"),
        request_sha256=_text(fields, "request_sha256"),
        client=_text(fields, "client"),
        attachments=_attachments(fields.get("parts")),
        extra=_extra(fields),
    )


def _other_parts(parts: object) -> list[object]:
    """Parts of a kind that only other programs know."""
    if not isinstance(parts, list):
        return []
    return [part for part in parts if not (isinstance(part, dict) and part.get("kind") == "file")]


def _extra(fields: Mapping[str, Any]) -> dict[str, Any]:
    extra = {key: value for key, value in fields.items() if key not in _KNOWN}
    if others := _other_parts(fields.get("parts")):
        extra["parts"] = others
    return extra


def _attachments(parts: object) -> tuple[Attachment, ...]:
    if not isinstance(parts, list):
        return ()
    return tuple(_attachment(part) for part in parts if isinstance(part, dict) and part.get("kind") == "file")


def _attachment(fields: Mapping[str, Any]) -> Attachment:
    data: bytes | None = None
    if isinstance(fields.get("data"), str):
        try:
            data = base64.b64decode(fields["data"], validate=True)
        except (binascii.Error, ValueError):
            data = None
    return Attachment(
        _text(fields, "name") or "",
        _text(fields, "type") or "application/octet-stream",
        _text(fields, "sha256") or "",
        _whole(fields, "size", len(data or b"")),
        data,
    )


def _usage(fields: object) -> Usage | None:
    if not isinstance(fields, dict):
        return None
    reasoning = fields.get("reasoning")
    return Usage(
        _whole(fields, "prompt", 0),
        _whole(fields, "completion", 0),
        _whole(fields, "total", 0),
        reasoning if isinstance(reasoning, int) else None,
    )


def _timing(fields: object) -> Timing | None:
    if not isinstance(fields, dict):
        return None
    return Timing(
        _seconds(fields, "total") or 0.0, _seconds(fields, "first_reasoning"), _seconds(fields, "first_text")
    )


def _failure(fields: object) -> FailureNote | None:
    if not isinstance(fields, dict):
        return None
    return FailureNote(
        _text(fields, "title") or "",
        _text(fields, "reason") or "",
        _text(fields, "kind") or "",
        _text(fields, "error_id"),
    )


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return value if isinstance(value, str) else None


def _whole(fields: Mapping[str, Any], key: str, default: int) -> int:
    value = fields.get(key)
    return value if isinstance(value, int) else default


def _seconds(fields: Mapping[str, Any], key: str) -> float | None:
    value = fields.get(key)
    return value if isinstance(value, (int, float)) else None
