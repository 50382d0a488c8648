"""The gateway's JSON and the chat core's types, one into the other. Pure; knows nothing of HTTP or failures.

Every field of an answer is optional here: unknown keys are ignored, a missing field or one of the wrong type
counts as not said, because the deployed gateway is newer than its public source. Names are kept as they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from metis_tui.chat.catalog import ModelState, ServedModel, context_from_name
from metis_tui.chat.conversation import Usage
from metis_tui.chat.turn import ChatRequest
from metis_tui.gateway.origin import GatewayAddress, is_path

CHAT_ENDPOINT = "/chat/completions"
MAX_BODY_BYTES = 2_621_440
"""The gateway's own limit on a request body; a larger one is a meaningless error 500."""

_STARTING = ("start", "load", "init", "boot", "warm", "launch", "deploy")
_STATE_BY_LIST = {"running": ModelState.LIVE, "queued": ModelState.QUEUED, "stopped": ModelState.OFFLINE}


@dataclass(frozen=True, slots=True)
class ListedCluster:
    """A cluster of the list of models; the models have no state yet."""

    name: str
    path: str
    """The cluster's path on the origin."""
    models: tuple[ServedModel, ...]


@dataclass(frozen=True, slots=True)
class JobEntry:
    """What a cluster's jobs say of one model."""

    state: ModelState
    status_word: str = ""
    description: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class JobBoard:
    """The models that a cluster's jobs name, by framework and name in lower case."""

    entries: Mapping[tuple[str, str], JobEntry] = field(default_factory=dict)

    def entry(self, model: ServedModel) -> JobEntry:
        """The entry for a listed model; one that no list names is offline."""
        name = model.name.casefold()
        found = self.entries.get((model.framework.casefold(), name)) or self.entries.get(("", name))
        return found or JobEntry(ModelState.OFFLINE)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a deployed model can do, as far as the cluster tells."""

    context_window: int | None = None
    has_reasoning: bool | None = None
    effort_levels: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ("text",)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the gateway says the access token belongs to."""

    id: str
    name: str
    username: str
    identity_provider: str
    auth_service: str
    groups: tuple[str, ...] = ()
    """Identifiers of Globus groups."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a streamed reply."""

    id: str | None = None
    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None


def parse_json(body: bytes) -> object:
    """The JSON value of an answer; None when it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_clusters(body: object, address: GatewayAddress) -> tuple[ListedCluster, ...] | None:
    """The answer of list-endpoints; None when it is no list of models at all."""
    clusters = _mapping(body).get("clusters")
    if not isinstance(clusters, dict):
        return None
    listed = []
    for name, facts in clusters.items():
        if not isinstance(name, str) or not name:
            continue
        named = _mapping(facts).get("base_url")
        path = cast(str, named).rstrip("/") if is_path(named) else address.route(name)
        by_name: dict[str, ServedModel] = {}
        for model in _listed_models(name, path, _mapping(_mapping(facts).get("frameworks"))):
            by_name.setdefault(model.name, model)
        listed.append(ListedCluster(name, path, tuple(by_name.values())))
    return tuple(listed)


def _listed_models(cluster: str, path: str, frameworks: Mapping[str, object]) -> Iterator[ServedModel]:
    for framework, facts in frameworks.items():
        endpoints = [e for e in _strings(_mapping(facts).get("endpoints")) if e.rstrip("/").endswith(CHAT_ENDPOINT)]
        if not endpoints or not is_path(f"{path}/{framework}{endpoints[0]}"):
            continue  # nothing to chat with: embeddings, batch
        for name in _strings(_mapping(facts).get("models")):
            yield ServedModel(
                name=name,
                cluster=cluster,
                framework=framework,
                chat_path=f"{path}/{framework}{endpoints[0].rstrip('/')}",
                context_window=context_from_name(name),
            )


def read_jobs(body: object) -> JobBoard | None:
    """The answer of a cluster's jobs route; None when it is something else.

    `Models` is a string with commas, possibly naming several models. Private batch jobs serve no chat.
    """
    lists = _mapping(body)
    if not any(isinstance(lists.get(name), list) for name in _STATE_BY_LIST):
        return None
    entries: dict[tuple[str, str], JobEntry] = {}
    for list_name in ("running", "queued", "stopped", "others"):
        for job in _items(lists.get(list_name)):
            word = _string(job.get("Model Status"))
            entry = JobEntry(
                _state(list_name, word), word, _string(job.get("Description")), _string(job.get("Model Version"))
            )
            framework = _string(job.get("Framework")).casefold()
            for name in _string(job.get("Models")).split(","):
                if name.strip():
                    entries.setdefault((framework, name.strip().casefold()), entry)
    return JobBoard(entries)


def _state(list_name: str, word: str) -> ModelState:
    state = _STATE_BY_LIST.get(list_name, ModelState.UNKNOWN)
    is_starting = any(sign in word.casefold() for sign in _STARTING)
    if is_starting and list_name in ("running", "queued"):
        return ModelState.STARTING  # a job may run while its model still loads
    return state


def read_status(body: object) -> dict[str, bool]:
    """The answer of status: which clusters are up (True) or under maintenance (False)."""
    return {name: is_up for name, is_up in _mapping(body).items() if isinstance(is_up, bool)}


def read_capabilities(body: object) -> dict[str, Capabilities] | None:
    """The answer of a cluster's models route by model name in lower case; None when it is something else."""
    if isinstance(body, dict):
        body = body.get("data", body.get("models"))
    if not isinstance(body, list):
        return None
    return {
        _string(item.get("id")).casefold(): _capabilities(item) for item in _items(body) if _string(item.get("id"))
    }


def _capabilities(item: Mapping[str, object]) -> Capabilities:
    told = _mapping(item.get("capabilities"))
    reasoning = _mapping(told.get("reasoning"))
    supported = reasoning.get("supported")
    parser = item.get("reasoning_parser")
    has_reasoning = supported if isinstance(supported, bool) else (True if _string(parser) else None)
    return Capabilities(
        context_window=_positive(told.get("context_window_tokens")) or _positive(item.get("max_model_len")),
        has_reasoning=has_reasoning,
        effort_levels=tuple(_strings(reasoning.get("effort_levels"))),
        input_modalities=tuple(_strings(told.get("input_modalities"))) or ("text",),
    )


def read_identity(body: object) -> Identity | None:
    """The answer of whoami; None when it names nobody."""
    facts = _mapping(body)
    if not any(_string(facts.get(key)) for key in ("id", "name", "username")):
        return None
    return Identity(
        id=_string(facts.get("id")),
        name=_string(facts.get("name")),
        username=_string(facts.get("username")),
        identity_provider=_string(facts.get("idp_name")),
        auth_service=_string(facts.get("auth_service")),
        groups=tuple(_strings(facts.get("user_group_uuids"))),
    )


def chat_arguments(request: ChatRequest) -> dict[str, object]:
    """The body of a streaming chat request: role and content only, as the gateway refuses every other key."""
    return {
        "model": request.model.name,
        "messages": [{"role": role, "content": text} for role, text in request.messages],
        **request.params,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def read_chunk(event: Mapping[str, object]) -> Chunk:
    """One event of a stream, or a whole completion that came at once.

    Reasoning stands in `reasoning_content` or `reasoning`, depending on the model's server, or in parts of a
    content list.
    """
    choice = next((c for c in _items(event.get("choices")) if c.get("index") in (0, None)), {})
    delta = _mapping(choice.get("delta") or choice.get("message"))
    text, reasoning = _content(delta.get("content"))
    if not text:
        text = _string(delta.get("refusal"))
    reasoning = _string(delta.get("reasoning_content")) or _string(delta.get("reasoning")) or reasoning
    return Chunk(
        id=_string(event.get("id")) or None,
        text=text,
        reasoning=reasoning,
        finish_reason=_string(choice.get("finish_reason")) or None,
        usage=_usage(event["usage"]) if event.get("usage") else None,
    )


def _content(content: object) -> tuple[str, str]:
    if isinstance(content, str):
        return content, ""
    text = reasoning = ""
    for part in _items(content):
        text += _string(part.get("text"))
        inner = part.get("thinking")
        reasoning += inner if isinstance(inner, str) else _content(inner)[0]
    return text, reasoning


def _usage(usage: object) -> Usage | None:
    facts = _mapping(usage)
    prompt, completion = _count(facts.get("prompt_tokens")), _count(facts.get("completion_tokens"))
    if prompt is None and completion is None:
        return None
    details = _mapping(facts.get("completion_tokens_details"))
    total = _count(facts.get("total_tokens"))
    return Usage(
        prompt_tokens=prompt or 0,
        completion_tokens=completion or 0,
        total_tokens=total if total is not None else (prompt or 0) + (completion or 0),
        reasoning_tokens=_count(details.get("reasoning_tokens")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _positive(value: object) -> int | None:
    return _count(value) or None
