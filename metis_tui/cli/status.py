"""`status`: how the gateway, the access token, the clusters and the data folder are. Never shows an access token."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from metis_tui.chat.catalog import Catalog, ClusterStatus, ModelState
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import AccessToken, Authenticator, ModelGateway
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import Identity, SignInDeadline, SignInService
from metis_tui.cli import diagnostics
from metis_tui.cli.auth_status import (
    deadline_as_json,
    identity_as_json,
    identity_in_words,
    token_as_json,
)
from metis_tui.cli.clocks import deadline_clock, token_clock
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.models import read_catalog
from metis_tui.cli.output import Output, table


class Health(Protocol):
    """What the gateway says of itself."""

    @property
    def is_ok(self) -> bool: ...

    @property
    def word(self) -> str: ...

    @property
    def latency_seconds(self) -> float: ...


class TellingGateway(ModelGateway, Protocol):
    """A gateway that also tells of itself and of the user."""

    async def health(self) -> Health: ...

    async def whoami(self) -> Identity: ...


@dataclass(slots=True)
class Findings:
    """What was found; each part may be missing because of a failure."""

    base_url: str
    data_folder: Path
    health: Health | None = None
    token: AccessToken | None = None
    deadline: SignInDeadline | None = None
    identity: Identity | None = None
    catalog: Catalog = field(default_factory=Catalog)
    failures: list[ChatError] = field(default_factory=list)


async def run(
    options: argparse.Namespace,
    *,
    gateway: TellingGateway,
    authenticator: Authenticator,
    sign_in: SignInService,
    base_url: str,
    data_folder: Path,
    output: Output,
) -> ExitCode:
    """Prints what it finds; the exit code is that of the first failure."""
    found = Findings(base_url, data_folder)
    await _look(found, gateway, authenticator)
    found.deadline = (await sign_in.facts()).deadline  # afterwards: the gateway's answers may have taught something
    if options.json:
        output.json(as_json(found))
    else:
        output.line(as_text(found))
    for failure in found.failures:
        diagnostics.fail(failure)
    return diagnostics.exit_code(found.failures[0]) if found.failures else ExitCode.OK


async def _look(found: Findings, gateway: TellingGateway, authenticator: Authenticator) -> None:
    """Each question on its own; where one failure explains the next, the next is not asked."""
    try:
        found.health = await gateway.health()
    except ChatError as error:
        found.failures.append(error)
    try:
        found.token = await authenticator.access_token()
    except ChatError as error:
        found.failures.append(error)
    if found.failures:
        return
    try:
        found.identity = await gateway.whoami()
        found.catalog = await read_catalog(gateway)
    except ChatError as error:
        found.failures.append(error)


def as_text(found: Findings) -> str:
    rows = [
        ["gateway", printable_line(found.base_url)],
        ["health", _health(found.health)],
        ["access token", _token(found.token)],
        ["identity", identity_in_words(found.identity) if found.identity else "unknown"],
    ]
    if found.deadline is not None:
        rows.insert(3, ["sign-in deadline", deadline_clock(found.deadline)])
    rows += [[printable_line(name, 40), _cluster(found.catalog, name)] for name in sorted(found.catalog.clusters)]
    rows.append(["conversations", f"{found.data_folder}{_folder_remark(found.data_folder)}"])
    return table(rows)


def as_json(found: Findings) -> dict[str, object]:
    """What `status --json` prints."""
    health, token, identity = found.health, found.token, found.identity
    return {
        "base_url": found.base_url,
        "health": {"is_ok": health.is_ok, "word": health.word, "latency_seconds": round(health.latency_seconds, 4)}
        if health
        else None,
        "access_token": token_as_json(token),
        "sign_in_deadline": deadline_as_json(found.deadline),
        "identity": identity_as_json(identity),
        "clusters": [
            {
                "cluster": name,
                "is_up": cluster.is_up,
                "notice": cluster.notice,
                "trouble": cluster.trouble,
                "models": _counts(found.catalog, name),
            }
            for name, cluster in sorted(found.catalog.clusters.items())
        ],
        "data_folder": str(found.data_folder),
        "failures": [diagnostics.as_json(error) for error in found.failures],
    }


def _health(health: Health | None) -> str:
    if health is None:
        return "unknown"
    return f"{printable_line(health.word, 40)} ({health.latency_seconds * 1000:.0f} ms)"


def _token(token: AccessToken | None) -> str:
    if token is None:
        return "none"
    return f"from {printable_line(token.source)}, {token_clock(token)}"


def _cluster(catalog: Catalog, name: str) -> str:
    cluster: ClusterStatus = catalog.clusters[name]
    if cluster.is_up is False:
        return f"under maintenance {printable_line(cluster.notice)}".strip()
    if cluster.trouble:
        return f"states unknown: {printable_line(cluster.trouble)}"
    return ", ".join(f"{count} {state}" for state, count in _counts(catalog, name).items() if count)


def _counts(catalog: Catalog, name: str) -> dict[str, int]:
    states = [model.state for model in catalog.models if model.cluster == name]
    return {state.value: states.count(state) for state in ModelState}


def _folder_remark(folder: Path) -> str:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return "" if os.access(place, os.W_OK) else " (it cannot be written)"
