"""Turns chat messages into the fields of a `msg` record and back. Pure: knows nothing of lines or files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from metis_tui.chat.conversation import ChatMessage, FailureNote, Role, Stop, Timing, Usage
from metis_tui.store.records import BadRecord

_OPTIONAL = ("reasoning", "model", "cluster", "framework", "params", "stop", "request_id")


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
    if message.failure is not None:
        fields["err"] = {
            "title": message.failure.title,
            "reason": message.failure.reason,
            "kind": message.failure.kind,
            "error_id": message.failure.error_id,
        }
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
