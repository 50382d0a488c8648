"""The catalog from a real demo gateway: merging, outages, maintenance, pacing and sharing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
from gateway_probe import METIS_CHAT, MakeClient, ScriptedServer, hear, http_answer, request

from metis_tui.chat.catalog import Catalog, ModelState
from metis_tui.chat.errors import Maintenance, NotAGateway, RateLimited
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.gateway.pacing import Pacer

MODEL = "gemma-4-31B-it"


class Clock:
    """Unix seconds that move only when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fresh() -> Iterator[DemoGateway]:
    """A gateway of its own, without a models route, as the public source has it."""
    with DemoGateway(speed=50, throttle=None, serve_models_route=False) as running:
        yield running


@pytest.fixture
def client(fresh: DemoGateway, make_client: MakeClient, clock: Clock) -> GatewayClient:
    return make_client(fresh.url, clock=clock, requests_per_second=100)


async def read(client: GatewayClient, *, force: bool = True) -> list[Catalog]:
    return [catalog async for catalog in client.refresh_catalog(force=force)]


def state(catalog: Catalog, key: str) -> ModelState:
    model = catalog.find(key)
    assert model is not None
    return model.state


def asked(gateway: DemoGateway, ending: str) -> int:
    return sum(sent.path.endswith(ending) for sent in gateway.requests)


async def test_catalogs_grow_from_the_bare_list_to_every_state(client: GatewayClient) -> None:
    assert client.catalog == Catalog()
    catalogs = await read(client)
    assert {model.state for model in catalogs[0].models} == {ModelState.UNKNOWN}
    last = catalogs[-1]
    assert last == client.catalog
    assert [len(catalog.models) for catalog in catalogs] == [len(last.models)] * len(catalogs)
    assert state(last, "gpt-oss-120b@metis") is ModelState.LIVE
    assert state(last, "DeepSeek-V3.1-Terminus@metis") is ModelState.STARTING
    assert state(last, "Mistral-Large-3-675B-Instruct-2512@metis") is ModelState.OFFLINE
    assert {status.is_up for status in last.clusters.values()} == {True}
    assert {status.trouble for status in last.clusters.values()} == {""}
    model = last.find("gpt-oss-120b@metis")
    assert model is not None
    assert (model.chat_path, model.framework, model.status_word) == (METIS_CHAT, "api", "running")


async def test_the_second_refresh_starts_from_the_states_last_known(client: GatewayClient) -> None:
    await read(client)
    assert state((await read(client))[0], "gpt-oss-120b@metis") is ModelState.LIVE


async def test_without_force_the_network_is_asked_once_a_minute(
    client: GatewayClient, fresh: DemoGateway, clock: Clock
) -> None:
    await read(client, force=False)
    before = len(fresh.requests)
    clock.now += 59
    assert await read(client, force=False) == [client.catalog]
    assert len(fresh.requests) == before
    clock.now += 2
    await read(client, force=False)
    assert len(fresh.requests) > before


async def test_a_clock_set_back_does_not_stop_refreshes(
    client: GatewayClient, fresh: DemoGateway, clock: Clock
) -> None:
    await read(client, force=False)
    clock.now -= 86_400
    await read(client, force=False)
    assert asked(fresh, "/list-endpoints") == 2


async def test_those_who_ask_at_once_share_one_reading(client: GatewayClient, fresh: DemoGateway) -> None:
    results = await asyncio.gather(read(client), read(client), read(client, force=False))
    assert asked(fresh, "/list-endpoints") == 1
    assert {catalogs[-1].as_of for catalogs in results} == {client.catalog.as_of}
    assert all(catalogs[-1] == client.catalog for catalogs in results)


async def test_one_who_leaves_does_not_end_the_reading_for_the_others(
    client: GatewayClient, fresh: DemoGateway
) -> None:
    leaving = client.refresh_catalog(force=True)
    await anext(leaving)
    others = asyncio.create_task(read(client))
    await leaving.aclose()
    assert state((await others)[-1], "gpt-oss-120b@metis") is ModelState.LIVE
    assert asked(fresh, "/list-endpoints") == 1


async def test_state_since_is_kept_while_the_state_is(
    client: GatewayClient, fresh: DemoGateway, clock: Clock
) -> None:
    await read(client)
    started = clock.now
    clock.now += 100
    fresh.set_state("metis", MODEL, "stopped")
    catalog = (await read(client))[-1]
    changed, same = catalog.find(f"{MODEL}@metis"), catalog.find("gpt-oss-120b@metis")
    assert changed is not None
    assert same is not None
    assert (changed.state, changed.state_since) == (ModelState.OFFLINE, started + 100)
    assert (same.state, same.state_since) == (ModelState.LIVE, started)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("running", ModelState.LIVE), ("starting", ModelState.STARTING), ("degraded", ModelState.QUEUED),
     ("stopped", ModelState.OFFLINE), ("unlisted", ModelState.OFFLINE)],
)  # fmt: skip
async def test_states(client: GatewayClient, fresh: DemoGateway, word: str, wanted: ModelState) -> None:
    fresh.set_state("metis", MODEL, word)
    assert state((await read(client))[-1], f"{MODEL}@metis") is wanted


async def test_a_cluster_that_cannot_be_read_hides_no_other(client: GatewayClient, fresh: DemoGateway) -> None:
    fresh.set_failing_jobs("metis", 500)
    catalog = (await read(client))[-1]
    assert state(catalog, "gpt-oss-120b@metis") is ModelState.UNKNOWN
    assert "could not read which models are live" in catalog.clusters["metis"].trouble
    assert state(catalog, "nemotron-3-ultra@minerva") is ModelState.LIVE
    fresh.set_failing_jobs("metis", None)
    catalog = (await read(client))[-1]
    assert state(catalog, "gpt-oss-120b@metis") is ModelState.LIVE
    assert catalog.clusters["metis"].trouble == ""


async def test_maintenance_and_the_notice_that_only_a_prompt_brings(
    fresh: DemoGateway, make_client: MakeClient
) -> None:
    seen: list[Catalog] = []
    client = make_client(fresh.url, state_listener=seen.append, requests_per_second=100)
    fresh.set_maintenance("metis", "Metis is down until 17:00 CT")
    status = (await read(client))[-1].clusters["metis"]
    assert (status.is_up, status.notice, status.trouble) == (False, "", "")
    assert state(client.catalog, "gpt-oss-120b@metis") is ModelState.OFFLINE
    heard = await hear(client, request("Hello"))
    assert type(heard.error) is Maintenance
    assert seen[-1].clusters["metis"].notice == "Metis is down until 17:00 CT"
    status = (await read(client))[-1].clusters["metis"]
    assert (status.is_up, status.notice) == (False, "Metis is down until 17:00 CT")
    fresh.set_maintenance("metis", None)
    status = (await read(client))[-1].clusters["metis"]
    assert (status.is_up, status.notice) == (True, "")
    assert seen[-1] == client.catalog


async def test_a_refused_prompt_makes_the_next_refresh_ask_again(client: GatewayClient, fresh: DemoGateway) -> None:
    await read(client, force=False)
    assert (await hear(client, request("@@not_live@@"))).error is not None
    await read(client, force=False)
    assert asked(fresh, "/list-endpoints") == 2


async def test_an_absent_models_route_is_asked_for_once(client: GatewayClient, fresh: DemoGateway) -> None:
    await read(client)
    await read(client)
    assert asked(fresh, "/metis/models") == 1
    model = client.catalog.find("gpt-oss-120b@metis")
    assert model is not None
    assert model.context_window is None


async def test_capabilities_come_from_the_models_route_and_are_not_asked_for_again_soon(
    gateway: DemoGateway, make_client: MakeClient
) -> None:
    client = make_client(gateway.url, requests_per_second=100)
    before = asked(gateway, "/metis/models")
    await read(client)
    await read(client)
    model = client.catalog.find("gpt-oss-120b@metis")
    assert model is not None
    assert model.context_window
    assert model.has_reasoning
    assert "low" in model.effort_levels
    assert asked(gateway, "/metis/models") == before + 1


async def test_a_catalog_reading_leaves_half_of_the_limit_to_others(make_client: MakeClient) -> None:
    """The gateway answers 10 requests a second for one user, over all that user's programs."""
    with DemoGateway(speed=50, throttle=6) as gateway:
        catalog = (await read(make_client(gateway.url)))[-1]
        assert 429 not in [sent.status for sent in gateway.requests]
    assert ModelState.UNKNOWN not in {model.state for model in catalog.models}


async def test_a_throttled_reading_is_tried_once_more(make_client: MakeClient) -> None:
    with DemoGateway(speed=50, throttle=3, serve_models_route=False) as gateway:
        catalog = (await read(make_client(gateway.url)))[-1]
        assert 429 in [sent.status for sent in gateway.requests]
    assert {status.trouble for status in catalog.clusters.values()} == {""}


async def test_a_prompt_never_waits_for_its_turn() -> None:
    pacer = Pacer(2)
    for _ in range(20):
        pacer.note()
    started = time.monotonic()
    await pacer.turn()
    assert time.monotonic() - started > 0.9


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><title>Portal</title></html>", "Portal"),
        (b"{}", "no list of models"),
        (b"[", "not the gateway's JSON"),
    ],
)
async def test_what_is_no_list_of_models_is_a_failure_that_keeps_the_old_catalog(
    scripted: Callable[[bytes], ScriptedServer], make_client: MakeClient, body: bytes, reason: str
) -> None:
    client = make_client(scripted(http_answer(body)).url)
    with pytest.raises(NotAGateway) as caught:
        await read(client)
    assert reason in caught.value.reason
    assert client.catalog == Catalog()


async def test_a_failed_reading_does_not_count_as_one(
    fresh: DemoGateway, make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(fresh.url, clock=clock, requests_per_second=100)
    fresh.stop()
    with pytest.raises(Exception, match="refused"):
        await read(client, force=False)
    fresh.start()
    assert state((await read(client, force=False))[-1], "gpt-oss-120b@metis") is ModelState.LIVE


async def test_no_models_at_all_is_a_catalog(
    scripted: Callable[[bytes], ScriptedServer], make_client: MakeClient
) -> None:
    catalogs = await read(make_client(scripted(http_answer(b'{"clusters": {}}')).url))
    assert catalogs[-1].models == ()
    assert catalogs[-1].as_of is not None


async def test_closing_during_a_reading_ends_it(fresh: DemoGateway, make_client: MakeClient) -> None:
    client = make_client(fresh.url, requests_per_second=100)
    reading = client.refresh_catalog(force=True)
    await anext(reading)
    await client.close()
    rest = [catalog async for catalog in reading]
    assert len(rest) <= 6
    assert client.catalog.models


async def test_the_throttle_itself_is_told_when_it_stays(make_client: MakeClient) -> None:
    with DemoGateway(speed=50, throttle=0) as gateway, pytest.raises(RateLimited):
        await read(make_client(gateway.url))
