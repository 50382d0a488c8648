"""The demo's clusters and served models: what is offered, what is live, what it can do. Knows nothing of HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import Answer, Refused, gateway_error
from .limits import Clock

_Value = TypeVar("_Value")

CHAT_ROUTE = "/v1/chat/completions"
UNLISTED = "unlisted"
"""The state of a model that is on offer but in no jobs list."""


@dataclass(frozen=True)
class DemoModel:
    """One served model of the demo."""

    name: str
    cluster: str
    framework: str
    state: str
    """running, stopped, unlisted, or any other word (queued, starting, degraded), which counts as queued."""
    description: str | None = None
    version: str | None = None
    restricted: bool = False
    """Hidden from the catalogue; asking for it is refused for want of a Globus group."""
    context_window_tokens: int = 131_072
    sees_images: bool = False
    reasoning_key: str | None = None
    """The delta key that carries reasoning, or "think" for tags inside the content."""
    tool_calling: bool = False
    tokens_per_second: float = 100.0
    first_delta_seconds: float = 0.5
    voice: str = "plain"
    job: str | None = None
    """Models of one job share one entry in the jobs lists."""

    @property
    def key(self) -> tuple[str, str]:
        return self.cluster, self.name

    @property
    def slug(self) -> str:
        return slug(self.cluster, self.framework, self.name)


def slug(cluster: str, framework: str, model: str) -> str:
    """How the gateway names a served model inside: case and most punctuation do not count."""
    text = re.sub(r"[^\w\s-]", "", f"{cluster} {framework} {model}".lower())
    return re.sub(r"[-\s]+", "-", text).strip("-_")


def _metis(name: str, state: str, text: str, **more: Any) -> DemoModel:
    return DemoModel(name, "metis", "api", state, f"{name} - {text}", more.pop("version", "1"), **more)


def _sophia(name: str, state: str, job: str, **more: Any) -> DemoModel:
    return DemoModel(name, "sophia", "vllm", state, tool_calling=True, job=job, **more)


MODELS: tuple[DemoModel, ...] = (
    _metis(
        "gpt-oss-120b",
        "running",
        "OpenAI open-weight reasoning model",
        reasoning_key="reasoning_content",
        tokens_per_second=640,
        first_delta_seconds=0.3,
        voice="engineer",
    ),
    _metis(
        "Llama-4-Maverick-17B-128E-Instruct",
        "running",
        "Meta Llama 4 Maverick (vision)",
        sees_images=True,
        tokens_per_second=520,
        first_delta_seconds=0.35,
        voice="friendly",
    ),
    _metis(
        "gemma-4-31B-it",
        "running",
        "Google Gemma 4 31B",
        version="2",
        sees_images=True,
        tokens_per_second=380,
        first_delta_seconds=0.45,
        voice="teacher",
    ),
    _metis(
        "DeepSeek-V3.1-Terminus",
        "starting",
        "DeepSeek V3.1 Terminus",
        reasoning_key="think",
        tokens_per_second=210,
        first_delta_seconds=0.8,
        voice="careful",
    ),
    _metis(
        "Mistral-Large-3-675B-Instruct-2512",
        "stopped",
        "Mistral Large 3",
        tokens_per_second=260,
        first_delta_seconds=0.6,
        voice="crisp",
    ),
    _metis("restricted-model", "running", "Members of one project only", restricted=True),
    DemoModel(
        "nemotron-3-ultra",
        "minerva",
        "api",
        "running",
        context_window_tokens=262_144,
        tokens_per_second=180,
        first_delta_seconds=0.5,
        voice="careful",
    ),
    DemoModel("inkling-bf16", "minerva", "api", UNLISTED, tokens_per_second=150, voice="friendly"),
    _sophia(
        "openai/gpt-oss-120b",
        "running",
        "120481",
        reasoning_key="reasoning",
        tokens_per_second=60,
        first_delta_seconds=0.9,
        voice="crisp",
    ),
    _sophia(
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "running",
        "120502",
        tokens_per_second=140,
        first_delta_seconds=0.4,
        voice="friendly",
    ),
    _sophia(
        "google/gemma-3-27b-it",
        "running",
        "120502",
        sees_images=True,
        tokens_per_second=45,
        first_delta_seconds=0.7,
        voice="teacher",
    ),
    _sophia(
        "Qwen/Qwen3-235B-A22B-Thinking-2507",
        "queued",
        "120533",
        reasoning_key="think",
        tokens_per_second=40,
        voice="careful",
    ),
    _sophia("meta-llama/Meta-Llama-3.1-405B-Instruct", "starting", "120540", tokens_per_second=25),
    _sophia("argonne/AuroraGPT-IT-v4-0125", "stopped", "", tokens_per_second=70, voice="engineer"),
)

_ENDPOINTS: Mapping[str, Sequence[str]] = {
    "metis": (CHAT_ROUTE,),
    "minerva": (CHAT_ROUTE, "/v1/completions", "/v1/responses", "/v1/messages"),
    "sophia": (CHAT_ROUTE, "/v1/completions", "/v1/embeddings"),
}


@dataclass(frozen=True)
class StateChange:
    """A model takes another state so many seconds after the gateway started."""

    at_seconds: float
    cluster: str
    model: str
    state: str


@dataclass
class Catalogue:
    """What the gateway offers at this moment; states may be scripted, set by hand, and cached."""

    clock: Clock
    models: Sequence[DemoModel] = MODELS
    timeline: Sequence[StateChange] = ()
    maintenance: dict[str, str] = field(default_factory=dict)
    """Operator's notice by cluster."""
    failing_jobs: dict[str, int] = field(default_factory=dict)
    """Clusters whose liveness cannot be read, with the status (500 or 504) that says so."""
    cache_seconds: float = 0.0
    """How long states are remembered; 60 on the real gateway."""
    _set_by_hand: dict[tuple[str, str], str] = field(default_factory=dict)
    _cached: tuple[float, dict[tuple[str, str], str]] | None = None

    def __post_init__(self) -> None:
        self.started = self.clock()
        self._by_slug = {model.slug: model for model in self.models}

    @property
    def clusters(self) -> list[str]:
        return list(dict.fromkeys(model.cluster for model in self.models))

    def set_state(self, cluster: str, model: str, state: str) -> None:
        """Raises KeyError when there is no such model."""
        if (cluster, model) not in {known.key for known in self.models}:
            raise KeyError(f"{model}@{cluster}")
        self._set_by_hand[(cluster, model)] = state

    def states(self) -> dict[tuple[str, str], str]:
        now = self.clock()
        if self._cached and now - self._cached[0] < self.cache_seconds:
            return self._cached[1]
        states = {model.key: model.state for model in self.models}
        for change in sorted(self.timeline, key=lambda change: change.at_seconds):
            if now - self.started >= change.at_seconds:
                states[(change.cluster, change.model)] = change.state
        states.update(self._set_by_hand)
        self._cached = (now, states)
        return states

    def visible(self, cluster: str) -> list[DemoModel]:
        return [model for model in self.models if model.cluster == cluster and not model.restricted]

    def require_cluster(self, cluster: str) -> None:
        if cluster not in self.clusters:
            raise Refused(
                gateway_error(404, "cluster_not_found", f"The requested cluster '{cluster}' does not exist.")
            )

    def frameworks(self, cluster: str) -> list[str]:
        return list(dict.fromkeys(model.framework for model in self.models if model.cluster == cluster))

    def find(self, cluster: str, framework: str, name: str) -> DemoModel | None:
        return self._by_slug.get(slug(cluster, framework, name))

    @staticmethod
    def slug_of(cluster: str, framework: str, name: str) -> str:
        return slug(cluster, framework, name)

    def set_maintenance(self, cluster: str, notice: str | None) -> None:
        """Raises KeyError when there is no such cluster."""
        _set_or_drop(self.maintenance, self.clusters, cluster, notice)

    def set_failing_jobs(self, cluster: str, status: int | None) -> None:
        """Raises KeyError when there is no such cluster."""
        _set_or_drop(self.failing_jobs, self.clusters, cluster, status)

    def is_live(self, model: DemoModel) -> bool:
        return self.states()[model.key] == "running"

    def status(self) -> dict[str, bool]:
        return {cluster: cluster not in self.maintenance for cluster in self.clusters}

    def list_endpoints(self) -> dict[str, Any]:
        clusters: dict[str, Any] = {}
        for cluster in self.clusters:
            frameworks = {}
            for framework in self.frameworks(cluster):
                names = sorted(model.name for model in self.visible(cluster) if model.framework == framework)
                frameworks[framework] = {"models": names, "endpoints": list(_ENDPOINTS[cluster])}
            clusters[cluster] = {"base_url": f"/resource_server/{cluster}", "frameworks": frameworks}
        return {"clusters": clusters}

    def require_liveness(self, cluster: str) -> None:
        """Raises Refused when the cluster's status page cannot be read."""
        failure = self.failing_jobs.get(cluster)
        if failure is not None:
            raise Refused(_unreadable_status(cluster, failure))

    def jobs(self, cluster: str) -> dict[str, Any]:
        lists: dict[str, list[dict[str, str]]] = {
            name: []
            for name in (
                "running",
                "queued",
                "stopped",
                "others",
                "private_batch_running",
                "private_batch_queued",
            )
        }
        if cluster in self.maintenance:
            names = sorted(self.visible(cluster), key=lambda model: model.name)
            lists["stopped"] = [_entry(model) for model in names]
            return {**lists, "cluster_status": {}}
        states = self.states()
        shared: dict[tuple[str, str], dict[str, str]] = {}
        for model in self.visible(cluster):
            state = states[model.key]
            if state == UNLISTED:
                continue
            earlier = shared.get((model.job or model.name, state))
            if earlier is not None:
                earlier["Models"] += f",{model.name}"
                continue
            entry = _entry(model) | _extras(model, state)
            shared[(model.job or model.name, state)] = entry
            lists[state if state in ("running", "stopped") else "queued"].append(entry)
        return {**lists, "cluster_status": self._cluster_status(cluster, states)}

    def _cluster_status(self, cluster: str, states: Mapping[tuple[str, str], str]) -> dict[str, Any]:
        if cluster == "sophia":
            return {"cluster": cluster, "total_nodes": 24, "free_nodes": 6, "total_gpus": 192, "free_gpus": 51}
        words = [states[model.key] for model in self.visible(cluster) if states[model.key] != UNLISTED]
        return {
            "cluster": cluster,
            "total_models": len(words),
            "live_models": words.count("running"),
            "stopped_models": words.count("stopped"),
        }

    def capabilities(self, cluster: str, model_id: str | None) -> list[dict[str, Any]]:
        items = [_capabilities(model) for model in self.visible(cluster)]
        return [item for item in items if model_id is None or item["id"] == model_id]


def _set_or_drop(table: dict[str, _Value], known: Sequence[str], key: str, value: _Value | None) -> None:
    if key not in known:
        raise KeyError(key)
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _entry(model: DemoModel) -> dict[str, str]:
    return {"Models": model.name, "Framework": model.framework, "Cluster": model.cluster}


def _extras(model: DemoModel, state: str) -> dict[str, str]:
    extras = {"Model Status": state}
    if model.description:
        extras["Description"] = model.description
    if model.version:
        extras["Model Version"] = model.version
    if model.job and state != "stopped":
        extras |= {"Job ID": f"{model.job}.sophia-pbs-01", "Walltime": "12:00:00", "Nodes Reserved": "1"}
        if state == "running":
            extras["Host Name"] = f"sophia-gpu-{int(model.job) % 24:02d}"
    return extras


def _capabilities(model: DemoModel) -> dict[str, Any]:
    if model.cluster == "sophia":
        return {
            "id": model.name,
            "framework": model.framework,
            "max_model_len": model.context_window_tokens,
            "max_num_seqs": 256,
            "enable_auto_tool_choice": model.tool_calling,
            "tool_call_parser": "openai" if "gpt-oss" in model.name else None,
            "reasoning_parser": "openai_gptoss" if model.reasoning_key == "reasoning" else None,
        }
    separate = model.reasoning_key not in (None, "think")
    return {
        "id": model.name,
        "framework": model.framework,
        "display_name": model.name.replace("-", " "),
        "capabilities": {
            "api_protocols": ["chat_completions"],
            "context_window_tokens": model.context_window_tokens,
            "input_modalities": ["text", "image"] if model.sees_images else ["text"],
            "reasoning": {
                "supported": model.reasoning_key is not None,
                "effort_levels": ["low", "medium", "high"] if separate else [],
                "default_effort": "medium" if separate else None,
                "separate_output": separate,
            },
            "tool_calling": {"supported": model.tool_calling},
        },
    }


def _unreadable_status(cluster: str, status: int) -> Answer:
    page = f"http://{cluster}-status.internal:8094/status"
    if status == 504:
        return gateway_error(504, "failed_to_get_cluster_jobs", f"Timeout calling '{page}'")
    return gateway_error(
        500,
        "failed_to_get_cluster_jobs",
        f"Unexpected error calling '{page}': Server error '500 Internal Server Error' for url '{page}'",
    )
