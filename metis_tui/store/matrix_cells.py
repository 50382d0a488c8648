"""Turns the result of a cell into a record of cells.jsonl and back. Pure.

    cell    prompt model repeat started retry sent attempts waits[[kind, seconds]] beside reply_sha256 reply{}

`reply` holds the fields of a `msg` record: text, reasoning, usage, timing, failure and where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metis_tui.chat.matrix import Cell, CellResult, Wait
from metis_tui.store.messages import message_fields, message_from
from metis_tui.store.records import BadRecord, encode


def record_of(result: CellResult) -> bytes:
    """The line for a result, with both newlines."""
    return encode(
        "cell",
        result.reply.created_ms,
        {
            "prompt": result.cell.prompt,
            "model": result.cell.model,
            "repeat": result.cell.repeat,
            "started": result.started_ms,
            "retry": result.can_retry,
            "sent": result.was_sent,
            "attempts": result.attempt_count,
            "waits": [list(wait) for wait in result.waits],
            "beside": result.beside,
            "reply_sha256": result.reply_sha256,
            "reply": message_fields(result.reply),
        },
    )


def result_of(fields: Mapping[str, Any]) -> CellResult:
    """The result in a record's fields.

    Raises:
        BadRecord: it names no cell or holds no reply.
    """
    prompt, model, repeat, reply = (fields.get(key) for key in ("prompt", "model", "repeat", "reply"))
    if not (isinstance(prompt, str) and isinstance(model, str) and isinstance(repeat, int)):
        raise BadRecord("a result that names no cell")
    if not isinstance(reply, dict):
        raise BadRecord("a result without a reply")
    waits = fields.get("waits")
    return CellResult(
        Cell(prompt, model, repeat),
        message_from(reply),
        started_ms=_whole(fields, "started", 0),
        can_retry=fields.get("retry") is True,
        was_sent=fields.get("sent") is not False,
        attempt_count=_whole(fields, "attempts", 1),
        waits=tuple(Wait(str(wait[0]), float(wait[1])) for wait in waits) if isinstance(waits, list) else (),
        beside=_whole(fields, "beside", 0),
    )


def _whole(fields: Mapping[str, Any], key: str, default: int) -> int:
    value = fields.get(key)
    return value if isinstance(value, int) else default
