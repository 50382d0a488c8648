"""The catalog: which models are served where, and what is known of their state. Knows nothing of HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class ModelState(str, Enum):
    """The words of the service's own web page."""

    LIVE = "live"
    STARTING = "starting"
    QUEUED = "queued"
    OFFLINE = "offline"
    UNKNOWN = "unknown"

    @property
    def symbol(self) -> str:
        """A sign that tells the state without colour."""
        return {"live": "●", "starting": "◐", "queued": "◌", "offline": "○", "unknown": "?"}[self.value]


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model on one cluster by one framework."""

    name: str
    cluster: str
    framework: str
    chat_path: str
    """Path of chat/completions on the gateway's origin, e.g. /resource_server/metis/api/v1/chat/completions."""
    state: ModelState = ModelState.UNKNOWN
    status_word: str = ""
    """The cluster's own word for the state, when it gave one."""
    state_since: float | None = None
    """Unix time in seconds when this client first saw the state."""
    context_window: int | None = None
    """In token counts."""
    description: str = ""
    version: str = ""
    has_reasoning: bool | None = None
    effort_levels: tuple[str, ...] = ()
    """Values of reasoning_effort that the model takes; empty when unknown."""
    input_modalities: tuple[str, ...] = ("text",)

    @property
    def key(self) -> str:
        """`model@cluster`, the way a served model is written."""
        return f"{self.name}@{self.cluster}"


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What is known of one cluster."""

    name: str
    is_up: bool | None = None
    """False in maintenance, None when the gateway did not say."""
    notice: str = ""
    """The operator's maintenance notice."""
    trouble: str = ""
    """Why the states of its models could not be read; empty when they could."""
    as_of: float | None = None
    """Unix time in seconds of the last state read."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything known at one moment. Replaced as a whole, never changed."""

    models: tuple[ServedModel, ...] = ()
    clusters: Mapping[str, ClusterStatus] = field(default_factory=dict)
    as_of: float | None = None
    """Unix time in seconds when the list of models was read; None before the first answer."""

    def find(self, wanted: str) -> ServedModel | None:
        """The served model called `model@cluster`, or `model` on the best cluster that has it.

        A name in the wrong case matches when nothing else does. Live models win over others.
        """
        exact = [model for model in self.models if model.key == wanted or model.name == wanted]
        if not exact:
            folded = wanted.casefold()
            exact = [m for m in self.models if folded in (m.key.casefold(), m.name.casefold())]
        return min(exact, key=_preference, default=None)

    def live(self) -> list[ServedModel]:
        return [model for model in self.models if model.state is ModelState.LIVE]

    def default_model(self) -> ServedModel | None:
        """A live model if there is one; else any."""
        return min(self.models, key=_preference, default=None)

    def nearest(self, wanted: str, count: int = 3) -> list[ServedModel]:
        """Live models first, then those whose names look most like `wanted`: offered in place of a missing one."""
        words = set(re.split(r"[^a-z0-9]+", wanted.casefold()))

        def distance(model: ServedModel) -> tuple[int, int, str]:
            shared = len(words & set(re.split(r"[^a-z0-9]+", model.key.casefold())))
            return (_ORDER[model.state], -shared, model.key)

        return sorted(self.models, key=distance)[:count]

    def count_by_state(self) -> dict[ModelState, int]:
        counts = dict.fromkeys(ModelState, 0)
        for model in self.models:
            counts[model.state] += 1
        return counts


_ORDER = {state: place for place, state in enumerate(ModelState)}


def _preference(model: ServedModel) -> tuple[int, bool, str]:
    return (_ORDER[model.state], model.cluster != "metis", model.key)


def context_from_name(name: str) -> int | None:
    """The context window that a name's last part tells, such as gpt-oss-120b-131072; else None."""
    match = re.search(r"-(\d{4,7})$", name)
    if match is None:
        return None
    size = int(match.group(1))
    return size if size >= 2048 and size % 1024 == 0 else None


def grouped_by_cluster(models: Iterable[ServedModel]) -> dict[str, list[ServedModel]]:
    """Models by cluster, metis first, live models first inside a cluster."""
    groups: dict[str, list[ServedModel]] = {}
    for model in sorted(models, key=lambda m: (m.cluster != "metis", m.cluster, _ORDER[m.state], m.name)):
        groups.setdefault(model.cluster, []).append(model)
    return groups
