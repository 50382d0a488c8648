"""Scenarios, states that change, and limits."""

from __future__ import annotations

import pytest
from demo_calls import CHAT, call, chat, payload, stream

from metis_tui.demo.scenario import METIS_NOTICE, Scenario, find_scenario, scenario_names
from metis_tui.demo.server import DemoGateway

MISTRAL = "Mistral-Large-3-675B-Instruct-2512"


def state_of(gateway: DemoGateway, cluster: str, model: str) -> str:
    jobs = call(gateway, f"{cluster}/jobs").json
    for group in ("running", "queued", "stopped"):
        for entry in jobs[group]:
            if model in entry["Models"].split(","):
                return entry["Model Status"]
    return "none"


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_starts_and_has_a_summary(name: str) -> None:
    assert find_scenario(name).summary
    with DemoGateway(scenario=name, speed=100) as gateway:
        assert call(gateway, "health", token=None).status in (200, 503)


def test_unknown_scenarios_are_told() -> None:
    with pytest.raises(ValueError, match="there are: default, "):
        DemoGateway(scenario="nosuch")


def test_a_scenario_of_ones_own() -> None:
    with DemoGateway(scenario=Scenario("mine", "mine", maintenance={"sophia": "Later"})) as gateway:
        assert call(gateway, "status").json["sophia"] is False


def test_maintenance() -> None:
    with DemoGateway(scenario="maintenance", speed=100) as gateway:
        assert call(gateway, "status").json == {"metis": False, "minerva": True, "sophia": True}
        jobs = call(gateway, "metis/jobs").json
        assert jobs["cluster_status"] == {}
        assert jobs["running"] == jobs["queued"] == []
        assert {frozenset(entry) for entry in jobs["stopped"]} == {frozenset({"Models", "Framework", "Cluster"})}
        got = stream(gateway, "hi")
        assert (got.status, got.error["code"]) == (503, "cluster_under_maintenance")
        assert got.error["message"] == METIS_NOTICE
        assert call(gateway, "list-endpoints").json["clusters"]["metis"]
        gateway.set_maintenance("metis", None)
        assert stream(gateway, "hi").status == 200
        with pytest.raises(KeyError):
            gateway.set_maintenance("nosuch", "x")


def test_cold_start_goes_through_all_states(clock) -> None:
    with DemoGateway(scenario="cold-start", clock=clock, speed=100) as gateway:
        seen = []
        for _ in range(4):
            seen.append((state_of(gateway, "metis", MISTRAL), chat(gateway, "hi", model=MISTRAL).status))
            clock.now += 3
        assert seen == [("stopped", 503), ("queued", 503), ("starting", 503), ("running", 200)]


def test_states_can_be_set(gateway: DemoGateway) -> None:
    for state in ("stopped", "queued", "degraded"):
        gateway.set_state("metis", "gemma-4-31B-it", state)
        assert state_of(gateway, "metis", "gemma-4-31B-it") == state
        assert chat(gateway, "hi", model="gemma-4-31B-it").status == 503
    gateway.set_state("metis", "gemma-4-31B-it", "unlisted")
    assert state_of(gateway, "metis", "gemma-4-31B-it") == "none"
    gateway.set_state("metis", "gemma-4-31B-it", "running")
    assert chat(gateway, "hi", model="gemma-4-31B-it").status == 200
    with pytest.raises(KeyError):
        gateway.set_state("metis", "nosuch", "running")


def test_status_may_be_cached(clock) -> None:
    with DemoGateway(clock=clock, status_cache_seconds=60) as gateway:
        assert state_of(gateway, "metis", "gpt-oss-120b") == "running"
        gateway.set_state("metis", "gpt-oss-120b", "stopped")
        clock.now += 59
        assert state_of(gateway, "metis", "gpt-oss-120b") == "running"
        clock.now += 2
        assert state_of(gateway, "metis", "gpt-oss-120b") == "stopped"


def test_outage_of_some_clusters() -> None:
    with DemoGateway(scenario="outage", speed=100) as gateway:
        metis, minerva = call(gateway, "metis/jobs"), call(gateway, "minerva/jobs")
        assert (metis.status, minerva.status) == (500, 504)
        assert metis.error["code"] == minerva.error["code"] == "failed_to_get_cluster_jobs"
        assert call(gateway, "sophia/jobs").status == 200
        assert chat(gateway, "hi").status == 500
        gateway.set_failing_jobs("metis", None)
        assert call(gateway, "metis/jobs").status == 200


@pytest.mark.parametrize(("scenario", "allowed"), [("default", 10), ("throttle", 2)])
def test_requests_per_second(clock, scenario: str, allowed: int) -> None:
    with DemoGateway(scenario=scenario, clock=clock, tokens=["other"]) as gateway:
        statuses = [call(gateway, "metis/jobs").status for _ in range(15)]
        assert statuses == [200] * allowed + [429] * (15 - allowed)
        refused = call(gateway, CHAT, payload())
        assert (refused.status, refused.json) == (429, {"detail": "Too many requests."})
        assert "retry-after" not in refused.headers
        assert call(gateway, "whoami", token="other").status == 200
        assert call(gateway, "whoami", token="bad").status == 401
        assert call(gateway, "health", token=None).status == 200
        clock.now += 1
        assert call(gateway, "whoami").status == 200


def test_tokens_per_minute(clock) -> None:
    with DemoGateway(scenario="tpm", clock=clock, speed=100) as gateway:
        assert stream(gateway, "hi").status == 200
        got = stream(gateway, "hi")
        assert (got.status, got.error["code"]) == (429, "too_many_requests")
        assert set(got.error["info"]) == {"global_model_usage", "user_model_usage"}
        assert chat(gateway, "hi", model="gemma-4-31B-it").status == 200
        clock.now += 61
        assert stream(gateway, "hi").status == 200


def test_streams_are_not_counted_as_on_the_public_gateway(clock) -> None:
    with DemoGateway(clock=clock, speed=1000, tokens_per_minute=30) as gateway:
        for _ in range(3):
            assert stream(gateway, "write 50 tokens").status == 200
        assert chat(gateway, "write 50 tokens").status == 200
        assert chat(gateway, "write 50 tokens").status == 429


def test_lapsed_sign_ins() -> None:
    with DemoGateway(scenario="policy-lapsed") as gateway:
        assert "high-assurance timeout" in call(gateway, "whoami").error["message"]
    with DemoGateway(scenario="expired") as gateway:
        assert call(gateway, "whoami").error["message"].startswith("Token is either not active")


def test_the_site_may_be_down() -> None:
    with DemoGateway(scenario="site-down") as gateway:
        got = call(gateway, "status", token=None)
        assert (got.status, got.json) == (503, {"detail": "Service is temporarily down for maintenance."})


def test_no_capabilities_in_that_scenario() -> None:
    with DemoGateway(scenario="no-models-route") as gateway:
        assert call(gateway, "metis/models").status == 404
