"""A matrix through the real client, a real folder and a demo gateway: every cell once, whatever fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from store_samples import until

from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.catalog import Catalog
from metis_tui.chat.departures import DeparturePacer
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import ChatError
from metis_tui.chat.matrix import CellResult, Matrix, MatrixNotKept, MatrixPlan, PromptCase
from metis_tui.chat.matrix_run import MatrixRun, RunSettings
from metis_tui.chat.patience import Patience
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.matrix_folder import MatrixFiles
from metis_tui.store.memory import PassingStore

METIS, GEMMA, OFF = "gpt-oss-120b@metis", "gemma-4-31B-it@metis", "Mistral-Large-3-675B-Instruct-2512@metis"
QUICK = Patience(scale=0.001)


def cases(*prompts: str) -> tuple[PromptCase, ...]:
    return tuple(PromptCase(f"p{number}", (("user", text),)) for number, text in enumerate(prompts))


@dataclass
class Bench:
    demo: DemoGateway
    gateway: GatewayClient
    catalog: Catalog
    files: MatrixFiles

    def make(self, plan: MatrixPlan, **facts: object) -> MatrixRun:
        """A run over what is open of the plan, which is put into the folder first."""
        if not self.files.has_plan():
            self.files.write_plan(plan)
        matrix = self.files.read()
        models = {key: found for key in plan.models if (found := self.catalog.find(key))}
        retry_failed = bool(facts.pop("retry_failed", False))
        settings = RunSettings(**{"patience": QUICK, **facts})  # type: ignore[arg-type]

        async def keep(result: CellResult) -> None:
            self.files.append(result)

        cells = matrix.pending(retry_failed=retry_failed)
        engine = ChatEngine(self.gateway, PassingStore())
        return MatrixRun(matrix, cells, models, engine, keep, settings, pacer=DeparturePacer(most=1000))

    async def run(self, plan: MatrixPlan, **settings: object) -> Matrix:
        run = self.make(plan, **settings)
        await run.run()
        assert run.stopped_by is None
        return self.files.read()

    def asked(self) -> Counter[tuple[str, str]]:
        """How often which prompt was sent to which model."""
        chats = [r.body for r in self.demo.requests if r.path.endswith("/chat/completions")]
        return Counter((body["messages"][-1]["content"], body["model"]) for body in chats)


@pytest.fixture
async def bench(demo: DemoGateway, tmp_path: Path) -> AsyncIterator[Bench]:
    gateway = GatewayClient(demo.url, FixedToken(demo.token))
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        catalog = await anext(catalogs)
    files = MatrixFiles(tmp_path / "matrix")
    files.lock()
    yield Bench(demo, gateway, catalog, files)
    files.unlock()
    await gateway.close()


async def test_every_cell_once_with_failures_of_all_kinds(bench: Bench) -> None:
    prompts = ("2+2?", "bad @@http500@@", "torn @@die_mid@@", "limited @@throttle@@")
    plan = MatrixPlan(cases(*prompts), (METIS, GEMMA), 2, {"seed": 5}, seed=3)
    matrix = await bench.run(plan, patience=Patience(scale=0.001, most_rate_limits=2))
    assert set(matrix.results) == set(plan.cells())
    by_prompt = {
        case: [r for c, r in matrix.results.items() if c.prompt == case] for case in ("p0", "p1", "p2", "p3")
    }
    assert {(r.reply.stop, r.has_failed, r.attempt_count) for r in by_prompt["p0"]} == {("stop", False, 1)}
    for case, kind, attempts in (("p1", "upstream", 4), ("p2", "upstream", 1), ("p3", "rate_limited", 3)):
        found = {(r.reply.failure.kind, r.attempt_count) for r in by_prompt[case] if r.reply.failure}
        assert found == {(kind, attempts)}
        assert all(r.has_failed and r.can_retry for r in by_prompt[case])
    assert all(r.reply.text for r in by_prompt["p2"])
    assert bench.asked()["2+2?", "gpt-oss-120b"] == 2
    assert bench.asked()["limited @@throttle@@", "gemma-4-31B-it"] == 6
    reply = by_prompt["p0"][0].reply
    assert reply.params == {"seed": 5}
    assert reply.request_sha256
    assert reply.client
    assert reply.timing


async def test_the_next_run_asks_only_what_can_pass_and_the_rest_when_told(bench: Bench) -> None:
    plan = MatrixPlan(cases("fine", "empty @@empty@@", "refused @@http413ctx@@"), (GEMMA,), 1)
    first = await bench.run(plan)
    assert [r.has_failed for r in first.results.values()].count(True) == 2
    await bench.run(plan)
    assert bench.asked() == {
        ("fine", "gemma-4-31B-it"): 1,
        ("empty @@empty@@", "gemma-4-31B-it"): 2,
        ("refused @@http413ctx@@", "gemma-4-31B-it"): 1,
    }
    await bench.run(plan, retry_failed=True)
    assert bench.asked()["refused @@http413ctx@@", "gemma-4-31B-it"] == 2
    assert bench.asked()["fine", "gemma-4-31B-it"] == 1


async def test_a_model_that_is_not_live_is_asked_twice_and_its_cells_run_when_it_is(bench: Bench) -> None:
    plan = MatrixPlan(cases(*(f"say {n}" for n in range(6))), (GEMMA, OFF), 1)
    matrix = await bench.run(plan, concurrency=1)
    off = [result for cell, result in matrix.results.items() if cell.model == OFF]
    assert len(off) == 6
    assert {result.reply.failure.kind for result in off if result.reply.failure} == {"model_not_live"}
    assert [result.was_sent for result in off].count(True) == 2
    bench.demo.set_state("metis", OFF.split("@")[0], "running")
    matrix = await bench.run(plan)
    assert not any(result.has_failed for result in matrix.results.values())


async def test_waiting_for_a_model_that_is_not_live(bench: Bench) -> None:
    plan = MatrixPlan(cases("one", "two"), (OFF,), 1)
    run = bench.make(plan, waits_for_models=True, concurrency=1)
    running = asyncio.create_task(run.run())
    chats = "/chat/completions"  # answered, not only asked: the state counts when the answer is made
    await until(lambda: any(r.path.endswith(chats) and r.status is not None for r in bench.demo.requests))
    bench.demo.set_state("metis", OFF.split("@")[0], "running")
    await running
    results = bench.files.read().results
    assert [result.has_failed for result in results.values()] == [False, False]
    assert any(wait.kind == "model_not_live" for result in results.values() for wait in result.waits)


@pytest.mark.parametrize(("marker", "kind"), [("@@inactive@@", "token_inactive"), ("", "unreachable")])
async def test_what_every_cell_would_meet_ends_the_run_and_fails_no_cell(
    bench: Bench, marker: str, kind: str
) -> None:
    plan = MatrixPlan(cases("one", f"two {marker}", "three"), (GEMMA,), 1)
    if not marker:
        bench.demo.stop()
    run = bench.make(plan, concurrency=1)
    await run.run()
    assert run.stopped_by is not None
    assert run.stopped_by.kind == kind
    assert not any(result.has_failed for result in bench.files.read().results.values())


async def test_a_disk_that_takes_nothing_ends_the_run(bench: Bench) -> None:
    run = bench.make(MatrixPlan(cases("one", "two", "three"), (GEMMA,), 1))

    async def keep(result: CellResult) -> None:
        raise MatrixNotKept("the disk is full")

    run._keep = keep
    await run.run()
    assert isinstance(run.stopped_by, ChatError)
    assert run.progress().finished == 0


def test_no_model_gets_all_the_quiet_minutes() -> None:
    plan = MatrixPlan(cases(*"abcdefgh"), ("m1", "m2", "m3"), 2, seed=11)
    order = plan.shuffled_cells()
    assert sorted(order) == sorted(plan.cells())
    assert order == MatrixPlan(cases(*"abcdefgh"), ("m1", "m2", "m3"), 2, seed=11).shuffled_cells()
    blocks = [order[start : start + 3] for start in range(0, len(order), 3)]
    assert all(len({cell[::2] for cell in block}) == 1 and len({c.model for c in block}) == 3 for block in blocks)
    assert len({block[0].model for block in blocks}) == 3
