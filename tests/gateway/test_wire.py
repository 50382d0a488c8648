"""JSON to chat types: what the gateway sends, and what it might send one day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.catalog import ModelState, ServedModel
from metis_tui.chat.conversation import Usage
from metis_tui.chat.turn import ChatRequest
from metis_tui.gateway import wire
from metis_tui.gateway.origin import parse_base_url

ADDRESS = parse_base_url("https://host.example/resource_server")
LIST = {
    "clusters": {
        "metis": {
            "base_url": "/resource_server/metis",
            "frameworks": {
                "api": {"models": ["b", "a-131072", "a-131072", 7], "endpoints": ["/v1/chat/completions"]}
            },
            "new_key": 1,
        },
        "sophia": {
            "base_url": "https://evil.example/x",
            "frameworks": {
                "infinity": {"models": ["embedder"], "endpoints": ["/v1/embeddings"]},
                "vllm": {"models": ["c"], "endpoints": ["/v1/completions", "/v1/chat/completions/"]},
                "a b": {"models": ["d"], "endpoints": ["/v1/chat/completions"]},
            },
        },
        "empty": {},
        "": {"frameworks": {}},
    }
}


def test_the_list_of_models() -> None:
    clusters = wire.read_clusters(LIST, ADDRESS)
    assert clusters is not None
    assert [(cluster.name, cluster.path) for cluster in clusters] == [
        ("metis", "/resource_server/metis"),
        ("sophia", "/resource_server/sophia"),
        ("empty", "/resource_server/empty"),
    ]
    assert [(m.key, m.framework, m.chat_path, m.context_window) for cluster in clusters for m in cluster.models] == [
        ("b@metis", "api", "/resource_server/metis/api/v1/chat/completions", None),
        ("a-131072@metis", "api", "/resource_server/metis/api/v1/chat/completions", 131072),
        ("c@sophia", "vllm", "/resource_server/sophia/vllm/v1/chat/completions", None),
    ]


@pytest.mark.parametrize("body", [None, [], "text", {}, {"clusters": []}, {"clusters": None}])
def test_what_is_no_list_of_models_is_told(body: object) -> None:
    assert wire.read_clusters(body, ADDRESS) is None


def test_an_empty_list_of_models_is_one() -> None:
    assert wire.read_clusters({"clusters": {}}, ADDRESS) == ()


def job(models: str, word: str | None = None, **more: object) -> dict[str, object]:
    entry: dict[str, object] = {"Models": models, "Framework": "api", "Cluster": "metis", **more}
    return entry if word is None else {**entry, "Model Status": word}


JOBS = {
    "running": [
        job("live", "running", **{"Description": "A model", "Model Version": "2"}),
        job("one, two,,", "running"),
        job("loading", "starting"),
    ],
    "queued": [job("begin", "starting"), job("wait", "queued"), job("sick", "degraded"), job("live", "queued")],
    "stopped": [job("gone", "stopped"), job("bare")],
    "others": [job("odd", "held")],
    "private_batch_running": [job("batch", "running")],
    "private_batch_queued": [],
    "cluster_status": {},
}


@pytest.mark.parametrize(
    ("name", "state", "word"),
    [
        ("live", ModelState.LIVE, "running"),
        ("LIVE", ModelState.LIVE, "running"),
        ("one", ModelState.LIVE, "running"),
        ("two", ModelState.LIVE, "running"),
        ("loading", ModelState.STARTING, "starting"),
        ("begin", ModelState.STARTING, "starting"),
        ("wait", ModelState.QUEUED, "queued"),
        ("sick", ModelState.QUEUED, "degraded"),
        ("gone", ModelState.OFFLINE, "stopped"),
        ("bare", ModelState.OFFLINE, ""),
        ("odd", ModelState.UNKNOWN, "held"),
        ("batch", ModelState.OFFLINE, ""),
        ("in no list", ModelState.OFFLINE, ""),
    ],
)
def test_states_from_jobs(name: str, state: ModelState, word: str) -> None:
    board = wire.read_jobs(JOBS)
    assert board is not None
    entry = board.entry(ServedModel(name, "metis", "api", "/x"))
    assert (entry.state, entry.status_word) == (state, word)


def test_a_job_of_another_framework_is_another_model() -> None:
    board = wire.read_jobs({"running": [job("m"), {"Models": "n"}]})
    assert board is not None
    assert board.entry(ServedModel("m", "metis", "vllm", "/x")).state is ModelState.OFFLINE
    assert board.entry(ServedModel("n", "metis", "vllm", "/x")).state is ModelState.LIVE


@pytest.mark.parametrize("body", [None, [], {}, {"running": None}, "x", {"error": {}}])
def test_what_is_no_board_of_jobs_is_told(body: object) -> None:
    assert wire.read_jobs(body) is None


def test_status_keeps_only_what_is_said() -> None:
    assert wire.read_status({"metis": True, "minerva": False, "odd": "yes"}) == {"metis": True, "minerva": False}
    assert wire.read_status([1]) == {}


def test_capabilities_in_both_shapes() -> None:
    told = wire.read_capabilities(
        [
            {
                "id": "Big",
                "capabilities": {
                    "context_window_tokens": 65536,
                    "input_modalities": ["text", "image"],
                    "reasoning": {"supported": True, "effort_levels": ["low", "high"]},
                },
            },
            {"id": "small", "max_model_len": 4096, "reasoning_parser": "qwen3"},
            {"id": "bare"},
            {"id": "wrong", "capabilities": {"context_window_tokens": "many", "reasoning": []}},
            {"no": "id"},
            "x",
        ]
    )
    assert told == {
        "big": wire.Capabilities(65536, True, ("low", "high"), ("text", "image")),
        "small": wire.Capabilities(4096, True),
        "bare": wire.Capabilities(),
        "wrong": wire.Capabilities(),
    }
    assert wire.read_capabilities({"data": [{"id": "x"}]}) == {"x": wire.Capabilities()}
    assert wire.read_capabilities({"error": 1}) is None


def test_identity() -> None:
    identity = wire.read_identity({"id": "1", "name": "Alice", "idp_name": "ANL", "user_group_uuids": ["g", 3]})
    assert identity == wire.Identity("1", "Alice", "", "ANL", "", ("g",))
    assert wire.read_identity({"other": 1}) is None


def test_a_request_carries_role_and_content_only() -> None:
    model = ServedModel("m", "metis", "api", "/x")
    request = ChatRequest(model, (("system", "be brief"), ("user", "hi")), {"temperature": 0.2})
    assert wire.chat_arguments(request) == {
        "model": "m",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "temperature": 0.2,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("usage", "wanted"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 1, "completion_tokens": 2}, Usage(1, 2, 3)),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "total_tokens": 9,
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
            Usage(1, 2, 9, 1),
        ),
        ({"prompt_tokens": "1", "completion_tokens": True}, None),
    ],
)
def test_usage(usage: object, wanted: Usage | None) -> None:
    assert wire.read_chunk({"choices": [], "usage": usage}).usage == wanted


KEYS = [
    *("clusters", "base_url", "frameworks", "models", "endpoints", "running", "Models", "metis", "data", "id"),
    *("choices", "delta", "message", "content", "usage", "index", "capabilities", "reasoning", "error"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_json_at_all_makes_a_reader_fail(body: object) -> None:
    wire.read_clusters(body, ADDRESS)
    wire.read_jobs(body)
    wire.read_status(body)
    wire.read_capabilities(body)
    wire.read_identity(body)
    if isinstance(body, dict):
        wire.read_chunk(body)
