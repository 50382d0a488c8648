"""Routes, access tokens and the order of the checks."""

from __future__ import annotations

import json

import pytest
from demo_calls import CHAT, call, chat, payload

from metis_tui.demo.server import DemoGateway


def test_health_and_status_need_no_token(gateway: DemoGateway) -> None:
    assert call(gateway, "health", token=None).json == {"status": "ok"}
    assert call(gateway, "status", token=None).json == {"metis": True, "minerva": True, "sophia": True}


def test_base_url_ends_with_a_slash(gateway: DemoGateway) -> None:
    assert gateway.url.startswith("http://127.0.0.1:")
    assert gateway.url.endswith("/resource_server/")


def test_whoami_names_the_identity(gateway: DemoGateway) -> None:
    who = call(gateway, "whoami").json
    assert {"id", "name", "username", "user_group_uuids", "idp_id", "idp_name", "auth_service"} == set(who)


def test_catalogue_lists_clusters_with_sorted_models(gateway: DemoGateway) -> None:
    clusters = call(gateway, "list-endpoints").json["clusters"]
    assert set(clusters) == {"metis", "minerva", "sophia"}
    assert clusters["metis"]["base_url"] == "/resource_server/metis"
    metis = clusters["metis"]["frameworks"]["api"]
    assert metis["endpoints"] == ["/v1/chat/completions"]
    assert metis["models"] == sorted(metis["models"])
    assert "restricted-model" not in metis["models"]
    assert "openai/gpt-oss-120b" in clusters["sophia"]["frameworks"]["vllm"]["models"]


def test_jobs_tell_running_queued_and_stopped(gateway: DemoGateway) -> None:
    jobs = call(gateway, "metis/jobs").json
    assert [entry["Models"] for entry in jobs["queued"]] == ["DeepSeek-V3.1-Terminus"]
    assert jobs["queued"][0]["Model Status"] == "starting"
    assert [entry["Models"] for entry in jobs["stopped"]] == ["Mistral-Large-3-675B-Instruct-2512"]
    assert jobs["cluster_status"] == {"cluster": "metis", "total_models": 5, "live_models": 3, "stopped_models": 1}
    assert jobs["others"] == jobs["private_batch_running"] == jobs["private_batch_queued"] == []


def test_one_job_may_serve_several_models(gateway: DemoGateway) -> None:
    names = [entry["Models"] for entry in call(gateway, "sophia/jobs").json["running"]]
    assert "meta-llama/Meta-Llama-3.1-8B-Instruct,google/gemma-3-27b-it" in names


def test_a_model_on_offer_may_be_in_no_jobs_list(gateway: DemoGateway) -> None:
    offered = call(gateway, "list-endpoints").json["clusters"]["minerva"]["frameworks"]["api"]["models"]
    listed = json.dumps(call(gateway, "minerva/jobs").json)
    assert "inkling-bf16" in offered
    assert "inkling-bf16" not in listed


def test_capabilities_are_a_plain_list(gateway: DemoGateway) -> None:
    items = call(gateway, "metis/models").json
    assert isinstance(items, list)
    [item] = call(gateway, "metis/models?model_id=gpt-oss-120b").json
    assert item["capabilities"]["reasoning"]["separate_output"] is True
    assert call(gateway, "sophia/models").json[0]["max_model_len"] > 0
    assert call(gateway, "nosuch/models").error["code"] == "cluster_not_found"


def test_capabilities_can_be_switched_off() -> None:
    with DemoGateway(serve_models_route=False) as quiet:
        assert call(quiet, "metis/models").status == 404


@pytest.mark.parametrize("path", ["nope", "list-endpoints/", "metis/api/v1/models", "", "metis", "../etc"])
def test_unknown_routes_are_a_web_page(gateway: DemoGateway, path: str) -> None:
    got = call(gateway, path)
    assert got.status == 404
    assert got.headers["content-type"].startswith("text/html")
    assert "Not Found" in got.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", CHAT, "POST"), ("POST", "whoami", "GET"), ("DELETE", "metis/jobs", "GET")]
)
def test_wrong_methods_are_405(gateway: DemoGateway, method: str, path: str, allowed: str) -> None:
    got = call(gateway, path, method=method, token=None)
    assert (got.status, got.text, got.headers["allow"]) == (405, "Method not allowed", allowed)
    assert got.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("token", "opening"),
    [
        ("expired-token", "Token is either not active or invalid"),
        ("exp-passed-token", "Access token expired."),
        ("policy-token", "Error: Permission denied from internal policies."),
        ("noaccess-token", "Error: Permission denied. Must authenticate with anl.gov"),
        ("nosession-token", "Error: Permission denied. Must authenticate with anl.gov"),
        ("globus-down-token", "Could not introspect token with Globus"),
        ("group-token", "Error: Permission denied. User (Gus Grouper"),
        ("whatever", "Token is either not active or invalid"),
    ],
)
def test_bad_tokens_are_401(token: str, opening: str) -> None:
    with DemoGateway() as fresh:
        got = call(fresh, "whoami", token=token)
        assert got.status == 401
        assert got.error["code"] == "unauthorized"
        assert got.error["message"].startswith(opening)


def test_no_token_and_wrong_scheme(gateway: DemoGateway) -> None:
    missing = call(gateway, "whoami", token=None)
    assert missing.status == 401
    assert missing.json["detail"].startswith("Error: Missing ('Authorization'")
    for header in ("bearer good-token", "Basic abc", "Bearer", "good-token"):
        got = call(gateway, "whoami", token=None, headers={"Authorization": header})
        assert got.status == 401
        assert "should be Bearer" in got.error["message"]


def test_the_same_failure_is_remembered_for_a_minute(clock) -> None:
    with DemoGateway(clock=clock) as fresh:
        assert call(fresh, "whoami", token="old").error["message"].startswith("Token is either")
        assert call(fresh, "whoami", token="old").error["message"].startswith("Token introspection: Token is either")
        assert call(fresh, "whoami", token="other").error["message"].startswith("Token is either")
        clock.now += 61
        assert call(fresh, "whoami", token="old").error["message"].startswith("Token is either")


def test_more_tokens_may_be_good() -> None:
    with DemoGateway(token="mine", tokens=["renewed"]) as fresh:
        assert fresh.token == "mine"
        for token in ("mine", "renewed", "good-token"):
            assert call(fresh, "whoami", token=token).status == 200


CHAT_REFUSALS = [
    (
        "nosuch/api/v1/chat/completions",
        {},
        404,
        "cluster_not_found",
        "The requested cluster 'nosuch' does not exist.",
    ),
    (
        "metis/vllm/v1/chat/completions",
        {},
        400,
        "unsupported_framework",
        "framework vllm not available on cluster metis.",
    ),
    ("metis/api/v1/embeddings", {}, 400, "unsupported_endpoint", "'embeddings' not available on cluster 'metis'"),
    (CHAT, {"model": "no-such-model"}, 404, "endpoint_not_found", "The requested endpoint 'metis-api-no-such-model'"),
    (
        CHAT,
        {"model": "openai/gpt-oss-120b"},
        404,
        "endpoint_not_found",
        "The requested endpoint 'metis-api-openaigpt",
    ),
    (CHAT, {"model": "restricted-model"}, 401, "unauthorized", "Permission denied due to Globus Group restrictions."),
    (
        CHAT,
        {"model": "DeepSeek-V3.1-Terminus"},
        503,
        "internal_endpoint_error",
        "'DeepSeek-V3.1-Terminus' is not curr",
    ),
    (
        "minerva/api/v1/chat/completions",
        {"model": "inkling-bf16"},
        503,
        "internal_endpoint_error",
        "'inkling-bf16' is not currently live on Minerva.",
    ),
]


@pytest.mark.parametrize(("path", "change", "status", "code", "message"), CHAT_REFUSALS)
@pytest.mark.parametrize("streamed", [False, True])
def test_refusals_before_the_model_is_asked(
    gateway: DemoGateway, path: str, change: dict[str, str], status: int, code: str, message: str, streamed: bool
) -> None:
    got = call(gateway, path, payload() | change | {"stream": streamed})
    assert (got.status, got.error["code"]) == (status, code)
    assert got.error["message"].startswith(message)
    assert got.headers["content-type"].startswith("application/json")
    assert "retry-after" not in got.headers


def test_model_names_are_found_in_any_case_and_sent_on_as_typed(gateway: DemoGateway) -> None:
    got = chat(gateway, "hi", model="GPT-OSS-120B", max_tokens=5)
    assert (got.status, got.json["model"]) == (200, "GPT-OSS-120B")


def test_order_of_the_checks(gateway: DemoGateway) -> None:
    wrong = {"model": "no-such-model", "messages": "none"}
    assert call(gateway, "nosuch/api/v1/chat/completions", wrong, token="bad").status == 401
    assert call(gateway, "nosuch/api/v1/chat/completions", wrong).status == 422
    gateway.set_maintenance("metis", "Back soon")
    try:
        assert (
            call(gateway, "metis/nosuch/v1/chat/completions", payload()).error["code"] == "cluster_under_maintenance"
        )
    finally:
        gateway.set_maintenance("metis", None)
    assert (
        call(gateway, "metis/nosuch/v1/chat/completions", payload(model="x")).error["code"] == "unsupported_framework"
    )


def test_requests_are_recorded(gateway: DemoGateway) -> None:
    chat(gateway, "remember me", max_tokens=3)
    last = gateway.requests[-1]
    assert (last.method, last.path) == ("POST", "/resource_server/" + CHAT)
    assert last.headers["authorization"] == "Bearer good-token"
    assert last.body["messages"][0]["content"] == "remember me"
    assert last.status == 200
    assert not last.closed_by_client
