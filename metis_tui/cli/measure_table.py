"""Measures of models as a table and as JSON, the same for `compare` and `matrix`. Knows nothing of how they came."""

from __future__ import annotations

from collections.abc import Sequence

from metis_tui.chat import measure_words
from metis_tui.chat.fair_timing import Measures, ModelReplies, Spread
from metis_tui.cli.output import table


def measure_table(models: Sequence[ModelReplies], width: int | None = None) -> str:
    """One line for each model; with several replies the median, and the quartiles in brackets.

    Args:
        width: columns of the terminal. Where the table is wider, each model gets a few lines instead.
    """
    rows = [measure_words.row(each) for each in models]
    whole = table([list(measure_words.HEAD), *map(list, rows)])
    if width is None or max(map(len, whole.splitlines())) <= width:
        return whole
    return "\n".join(_block(row, width) for row in rows)


def _block(row: Sequence[str], width: int) -> str:
    """The model, and below it what is known, as much on a line as fits."""
    lines = [row[0]]
    facts = zip(measure_words.HEAD[1:-1], row[1:-1], strict=True)
    for fact in [row[-1], *(f"{name.lower()} {value}" for name, value in facts if value != measure_words.NOTHING)]:
        longer = f"{lines[-1]}, {fact}"
        if len(lines) > 1 and len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"  {fact}")
    return "\n".join(lines)


def measures_as_json(measures: Measures) -> dict[str, object]:
    facts: dict[str, object] = dict(measures._asdict())
    rate = measures.tokens_per_second
    facts["tokens_per_second"] = None if rate is None else round(rate, 2)
    return facts


def summary_as_json(each: ModelReplies) -> dict[str, object]:
    """Keys are those of the measures, each with median, quartiles and the number of values, or null."""
    summary = each.summary
    return {
        "model": each.model,
        "first_reasoning_seconds": _spread(summary.first_reasoning),
        "first_text_seconds": _spread(summary.first_text),
        "first_delta_seconds": _spread(summary.first_delta),
        "tokens_per_second": _spread(summary.rate),
        "token_count": _spread(summary.tokens),
        "is_estimated": summary.is_estimated,
        "replies": dict(each.ends),
    }


def _spread(spread: Spread | None) -> dict[str, object] | None:
    if spread is None:
        return None
    low, median, high = (round(value, 4) for value in (spread.low, spread.median, spread.high))
    return {"count": spread.size, "first_quartile": low, "median": median, "third_quartile": high}
