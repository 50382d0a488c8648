"""A matrix as CSV and as JSON Lines, one row for each cell of the plan. Pure.

The CSV has measures and provenance and no texts: spreadsheets would take some of them for formulas. Other texts that
begin like a formula get an apostrophe before them. The JSON Lines have everything.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict

from metis_tui.chat.fair_timing import measures_of
from metis_tui.chat.matrix import Cell, CellResult, Matrix, plan_as_json
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.chat.printable import printable_line
from metis_tui.chat.provenance import utc_time
from metis_tui.exchange.matrix_facts import state_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def matrix_csv(matrix: Matrix) -> str:
    """With a head line; empty fields are values that there are not."""
    rows = [_facts(matrix, cell) for cell in matrix.plan.cells()]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def matrix_jsonl(matrix: Matrix) -> str:
    """First the plan, then one line for each cell."""
    plan = {
        "type": "plan",
        **plan_as_json(matrix.plan),
        "not_sent": [name for name in PARAMETERS if name not in matrix.plan.params],
    }
    lines: list[dict[str, object]] = [plan]
    for cell in matrix.plan.cells():
        result = matrix.results.get(cell)
        texts = {} if result is None else _texts(result)
        lines.append({"type": "cell", **_facts(matrix, cell), "tags": matrix.plan.case(cell.prompt).tags, **texts})
    return "".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines)


def _texts(result: CellResult) -> dict[str, object]:
    reply = result.reply
    return {
        "text": reply.text,
        "reasoning": reply.reasoning,
        "usage": asdict(reply.usage) if reply.usage else None,
        "failure": asdict(reply.failure) if reply.failure else None,
        "waits": [wait._asdict() for wait in result.waits],
    }


def _facts(matrix: Matrix, cell: Cell) -> dict[str, object]:
    case, result = matrix.plan.case(cell.prompt), matrix.results.get(cell)
    facts: dict[str, object] = {
        "prompt": cell.prompt,
        "served_model": cell.model,
        "repeat": cell.repeat,
        "tags": " ".join(case.tags),
        "state": state_of(result),
        "prompt_sha256": case.sha256,
    }
    reply = result.reply if result else None
    measures = measures_of(reply) if reply else None
    failure = reply.failure if reply else None
    rate = measures.tokens_per_second if measures else None
    return facts | {
        "stop": reply.stop if reply else None,
        "failure_kind": failure.kind if failure else None,
        "failure_title": failure.title if failure else None,
        "first_reasoning_seconds": measures.first_reasoning_seconds if measures else None,
        "first_text_seconds": measures.first_text_seconds if measures else None,
        "first_delta_seconds": measures.first_delta_seconds if measures else None,
        "total_seconds": measures.total_seconds if measures else None,
        "token_count": measures.token_count if measures else None,
        "is_estimated": measures.is_estimated if measures and measures.token_count is not None else None,
        "tokens_per_second": None if rate is None else round(rate, 2),
        "prompt_tokens": reply.usage.prompt_tokens if reply and reply.usage else None,
        "character_count": len(reply.text) if reply else None,
        "started_utc": utc_time(result.started_ms) if result else None,
        "ended_utc": utc_time(reply.created_ms) if reply else None,
        "was_sent": result.was_sent if result else None,
        "attempt_count": result.attempt_count if result else None,
        "waited_seconds": sum(wait.seconds for wait in result.waits) if result else None,
        "beside": result.beside if result else None,
        "model": reply.model if reply else None,
        "cluster": reply.cluster if reply else None,
        "framework": reply.framework if reply else None,
        "model_version": reply.model_version if reply else None,
        "request_id": reply.request_id if reply else None,
        "request_sha256": reply.request_sha256 if reply else None,
        "reply_sha256": result.reply_sha256 if result else None,
        "client": reply.client if reply else None,
    }


def _harmless(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = printable_line(value, 500)
    return f"'{line}" if line.startswith(_FORMULA) else line
