"""Lines of the model picker: which models, in which order, in which words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel, grouped_by_cluster
from metis_tui.chat.ports import Measurement
from metis_tui.chat.printable import printable_line
from metis_tui.tui import format as fmt

MACHINES = {"metis": "SambaNova SN40L", "sophia": "NVIDIA A100, vLLM", "minerva": "NVIDIA B200"}
"""What the service's guide says of its clusters."""


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    model: ServedModel | None = None
    """None: a cluster's heading."""
    state: ModelState | None = None


def matching(catalog: Catalog, wanted: str, state: ModelState | None) -> list[ServedModel]:
    """Models whose `model@cluster`, state or description hold every word that was typed."""
    words = wanted.casefold().split()
    return [
        model
        for model in catalog.models
        if (state is None or model.state is state)
        and all(word in f"{model.key} {model.state.value} {model.description}".casefold() for word in words)
    ]


def rows(
    catalog: Catalog,
    measurements: Mapping[str, Measurement],
    *,
    wanted: str,
    state: ModelState | None,
    width: int,
    now: float,
) -> list[Row]:
    """Headings and models: clusters with live models first, live models first inside a cluster."""
    found = grouped_by_cluster(matching(catalog, wanted, state))
    lines: list[Row] = []
    troubled = _troubled(catalog, wanted)

    def order(cluster: str) -> tuple[bool, bool, str]:
        has_live = any(model.state is ModelState.LIVE for model in found.get(cluster, []))
        return (not has_live, cluster != "metis", cluster)

    for cluster in sorted(set(found) | troubled, key=order):
        lines.append(Row(_heading(catalog, cluster, now, width)))
        lines += [
            Row(_model_line(model, measurements.get(model.key), width, now), model, model.state)
            for model in found.get(cluster, [])
        ]
    return lines


def _troubled(catalog: Catalog, wanted: str) -> set[str]:
    if wanted:
        return set()
    return {name for name, status in catalog.clusters.items() if status.is_up is False or status.trouble}


def _heading(catalog: Catalog, cluster: str, now: float, width: int) -> str:
    status = catalog.clusters.get(cluster)
    words = [printable_line(cluster, 40)]
    if status is not None and status.is_up is False:
        words.append(f"maintenance: {printable_line(status.notice, 120)}" if status.notice else "maintenance")
    elif status is not None and status.trouble:
        words.append(f"states unknown: {printable_line(status.trouble, 120)}")
    elif cluster in MACHINES:
        words.append(MACHINES[cluster])
    if status is not None and status.as_of is not None and now - status.as_of > 90:
        words.append(f"as of {fmt.age(status.as_of, now)}")
    return _cut(" · ".join(words), width)


def _model_line(model: ServedModel, measured: Measurement | None, width: int, now: float) -> str:
    """Sign, state, name, context window, last latency and rate, last use; the last ones go when narrow."""
    columns = [f"{fmt.token_count(model.context_window):>6}"]
    if width >= 70:
        is_wide = width >= 96
        first = f"{'first ' if is_wide else ''}{fmt.latency(measured.first_delta_seconds)}" if measured else "–"
        columns.append(first.rjust(13 if is_wide else 6))
        columns.append((fmt.rate(measured.tokens_per_second) if measured else "–").rjust(11))
    if width >= 96:
        if model.state is ModelState.LIVE:
            last = f"used {fmt.when(measured.measured_at, now)}" if measured else ""
        elif model.state_since is not None and model.state is not ModelState.UNKNOWN:
            last = f"for {fmt.short_duration(now - model.state_since)}"
        else:
            last = ""
        columns.append(f"{last:>15}")
    right = " ".join(columns)
    left = f" {model.state.symbol} {model.state.value:<8} "
    room = max(8, width - cell_len(left) - cell_len(right) - 1)
    return left + _cut(printable_line(model.name, 120), room, pad=True) + " " + right


def _cut(text: str, width: int, *, pad: bool = False) -> str:
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…"
    return set_cell_size(text, width) if pad else text


def count_words(catalog: Catalog) -> str:
    """5 live · 1 starting · 3 offline"""
    counts = catalog.count_by_state()
    return " · ".join(f"{count} {state.value}" for state, count in counts.items() if count) or "none known yet"
