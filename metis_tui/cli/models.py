"""`models`: the catalog as a table by cluster, or as JSON. Knows the ports only."""

from __future__ import annotations

import argparse

from metis_tui.chat.catalog import Catalog, ClusterStatus, ServedModel, grouped_by_cluster
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ModelGateway
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output, table


async def run(options: argparse.Namespace, *, gateway: ModelGateway, base_url: str, output: Output) -> ExitCode:
    """Prints the served models; 0 when their list could be read, even if a cluster did not tell their states."""
    try:
        catalog = await read_catalog(gateway)
    except ChatError as error:
        return diagnostics.fail(error)
    if options.json:
        output.json(catalog_as_json(catalog, base_url))
    elif not catalog.models:
        diagnostics.warn("the gateway offers no models to you")
    else:
        output.line(catalog_as_text(catalog))
    return ExitCode.OK


async def read_catalog(gateway: ModelGateway) -> Catalog:
    """The full catalog. Raises ChatError when the list itself cannot be read."""
    catalog = Catalog()
    async for fuller in gateway.refresh_catalog():
        catalog = fuller
    return catalog


def catalog_as_text(catalog: Catalog) -> str:
    """One block per cluster with one line per served model."""
    groups = grouped_by_cluster(catalog.models)
    rows = {cluster: [_row(model) for model in models] for cluster, models in groups.items()}
    lines = table([row for group in rows.values() for row in group]).splitlines()
    blocks = []
    for cluster, group in rows.items():
        head = printable_line(cluster, 80) + _remarks(catalog.clusters.get(cluster))
        blocks.append("\n".join([head, *(f"  {line}" for line in lines[: len(group)])]))
        lines = lines[len(group) :]
    others = [name for name in catalog.clusters if name not in groups]
    blocks += [printable_line(name, 80) + _remarks(catalog.clusters[name]) for name in sorted(others)]
    return "\n\n".join(blocks)


def _row(model: ServedModel) -> list[str]:
    state = model.state.value
    if model.status_word and model.status_word.casefold() not in (state, "running", "stopped"):
        state += f" ({printable_line(model.status_word, 20)})"
    return [
        f"{model.state.symbol} {state}",
        printable_line(model.name, 80),
        _window(model.context_window),
        f"version {printable_line(model.version, 20)}" if model.version else "",
    ]


def _window(size: int | None) -> str:
    if size is None:
        return "context ?"
    return f"context {size // 1024}k" if size >= 1024 else f"context {size}"


def _remarks(cluster: ClusterStatus | None) -> str:
    if cluster is None:
        return ""
    remarks = []
    if cluster.is_up is False:
        remarks.append("under maintenance")
    if cluster.notice:
        remarks.append(printable_line(cluster.notice))
    if cluster.trouble:
        remarks.append(f"states unknown: {printable_line(cluster.trouble)}")
    return " - " + "; ".join(remarks) if remarks else ""


def catalog_as_json(catalog: Catalog, base_url: str) -> dict[str, object]:
    """What `models --json` prints."""
    return {
        "base_url": base_url,
        "as_of": catalog.as_of,
        "clusters": [
            {
                "cluster": cluster.name,
                "is_up": cluster.is_up,
                "notice": cluster.notice,
                "trouble": cluster.trouble,
                "as_of": cluster.as_of,
            }
            for cluster in catalog.clusters.values()
        ],
        "models": [
            {
                "model": model.name,
                "cluster": model.cluster,
                "framework": model.framework,
                "state": model.state.value,
                "status_word": model.status_word,
                "context_window": model.context_window,
                "version": model.version,
                "description": model.description,
                "has_reasoning": model.has_reasoning,
                "input_modalities": list(model.input_modalities),
            }
            for group in grouped_by_cluster(catalog.models).values()
            for model in group
        ],
    }
