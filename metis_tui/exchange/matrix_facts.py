"""What every report of a matrix says: where it comes from, its measures and its failures, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from metis_tui.chat import measure_words
from metis_tui.chat.fair_timing import ModelReplies, end_in_words
from metis_tui.chat.matrix import Cell, CellResult, Matrix, counted
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.chat.printable import printable_line
from metis_tui.chat.provenance import NO_SEED, NOT_SENT, utc_time

MEASURES_HEAD = measure_words.HEAD
FAILURES_HEAD = ("Prompt", "Model", "Repeat", "What", "Attempts")
NOTE = (
    "Seconds count from sending the request to the first piece of reasoning, of text, and of either. Tokens/s leaves "
    "the first-delta latency out. Medians, with first and third quartile in brackets, of whole replies; ~ marks "
    "estimated token counts."
)


class Fact(NamedTuple):
    label: str
    value: str


def provenance(matrix: Matrix) -> list[Fact]:
    """Where the replies come from. What is not known is said to be so."""
    plan, results = matrix.plan, list(matrix.results.values())
    sent = [result for result in results if result.was_sent]
    size = f"{plan.size} = {counted(len(plan.cells()), 'cell')}"
    client = _listed(result.reply.client for result in sent) or printable_line(plan.client) or "not known"
    facts = [
        Fact("Size", size),
        Fact(
            "Finished",
            f"{counted(len(results), 'cell')}, {sum(result.has_failed for result in results)} of them failed",
        ),
        Fact("Client", client),
        Fact("First request", utc_time(min(r.started_ms for r in sent)) if sent else "none"),
        Fact("Last reply", utc_time(max(r.reply.created_ms for r in sent)) if sent else "none"),
    ]
    if is_comparison(matrix):
        return facts
    return [
        *facts,
        Fact("Gateway", printable_line(plan.base_url, 200)),
        Fact("Plan made", utc_time(plan.created_ms)),
        Fact("Order", f"shuffled, seed {plan.seed}; all models get one prompt in a row"),
        Fact("Requests at once", _at_once(sent)),
        Fact("SHA-256 of the plan", plan.sha256),
    ]


def is_comparison(matrix: Matrix) -> bool:
    """It was made of a conversation's replies, not run as a matrix: there is no plan behind it."""
    return not matrix.plan.base_url


def title(matrix: Matrix) -> str:
    if is_comparison(matrix):
        return f"Comparison: {printable_line(matrix.plan.prompts[0].id, 200)}"
    return "Matrix report"


def models(matrix: Matrix) -> list[tuple[str, str, str, str]]:
    """(model, cluster, framework, version as the cluster told) of each model of the plan."""
    rows = []
    for model in matrix.plan.models:
        replies = [result.reply for cell, result in matrix.results.items() if cell.model == model and result.was_sent]
        name, _, cluster = model.partition(" (")[0].rpartition("@")
        version = _listed(reply.model_version for reply in replies) or "not told by the cluster"
        rows.append((printable_line(name), cluster, _listed(r.framework for r in replies) or "not known", version))
    return rows


def parameters(matrix: Matrix) -> list[Fact]:
    """Every parameter of the gateway's contract, also those that were not sent."""
    params = matrix.plan.params
    facts = []
    for name in PARAMETERS:
        missing = NO_SEED if name == "seed" else NOT_SENT
        facts.append(Fact(name, printable_line(json.dumps(params[name])) if name in params else missing))
    return facts


def measures(matrix: Matrix) -> list[tuple[str, ...]]:
    """One row for each model, for MEASURES_HEAD."""
    return [measure_words.row(each) for each in matrix.by_model()]


def failures(matrix: Matrix) -> list[tuple[str, ...]]:
    """One row for each failed cell, for FAILURES_HEAD, in the order of the plan."""
    rows: list[tuple[str, ...]] = []
    for cell in matrix.plan.cells():
        result = matrix.results.get(cell)
        if result is None or not result.has_failed:
            continue
        failure = result.reply.failure
        what = printable_line(f"{failure.title}: {failure.reason}", 300) if failure else end_in_words(result.reply)
        attempts = str(result.attempt_count) if result.was_sent else "not sent again"
        rows.append((cell.prompt, printable_line(cell.model, 120), str(cell.repeat), what, attempts))
    return rows


def state_of(result: CellResult | None) -> str:
    """One word or two for a cell: open, done, length, not live, failed."""
    if result is None:
        return "open"
    if not result.has_failed:
        return "done" if result.reply.stop == "stop" else "length"
    is_not_live = result.reply.failure is not None and result.reply.failure.kind in ("model_not_live", "maintenance")
    return "not live" if is_not_live else "failed"


def heading(matrix: Matrix, cell: Cell) -> str:
    """A reply's heading: model, repeat, and what it took or why there is none."""
    result = matrix.results.get(cell)
    parts = [printable_line(cell.model, 120)]
    if matrix.plan.repeat > 1:
        parts.append(f"{cell.repeat} of {matrix.plan.repeat}")
    parts.append("open" if result is None else end_in_words(result.reply))
    if result is not None:
        row = dict(zip(MEASURES_HEAD, measure_words.row(ModelReplies(cell.model, [result.reply])), strict=True))
        parts += [f"first delta {row['First delta']}"] if row["First delta"] != measure_words.NOTHING else []
        parts += [f"{row['Tokens/s']} tokens/s"] if row["Tokens/s"] != measure_words.NOTHING else []
    return " · ".join(parts)


def _at_once(results: list[CellResult]) -> str:
    if not results:
        return "not known"
    most = max(result.beside for result in results) + 1
    return f"up to {most} of this run"


def _listed(values: Iterable[str | None]) -> str:
    return ", ".join(sorted({printable_line(value, 80) for value in values if value}))
