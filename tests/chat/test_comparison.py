"""Comparisons on the real demo gateway and the real store: lanes share a conversation and leave together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.catalog import Catalog
from metis_tui.chat.comparison import Comparison, RequestSent, Turns, comparisons_in, reopened
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.turn import TurnFailed
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.conversation_store import ConversationFiles

NAMES = ("gpt-oss-120b@metis", "gemma-4-31B-it@metis", "openai/gpt-oss-120b@sophia")


@dataclass
class Bench:
    engine: ChatEngine
    store: ConversationFiles
    catalog: Catalog
    demo: DemoGateway
    data: Path

    async def compare(self, text: str, names: tuple[str, ...] = NAMES) -> Comparison:
        conversation = Conversation(system="Be brief.")
        models = [self.catalog.find(name) for name in names]
        prompt = await self.engine.put_prompt(conversation, text, models[0])  # type: ignore[arg-type]
        comparison = Comparison(self.engine, self.store, conversation, prompt.id, seed=7)
        for model in models:
            assert model is not None
            comparison.add(model)
        return comparison

    async def on_disk(self, conversation: Conversation) -> Conversation:
        other = ConversationFiles(self.data)
        try:
            return await other.open(conversation.id)
        finally:
            await other.close()


@pytest.fixture
async def bench(demo: DemoGateway, tmp_path: Path) -> AsyncIterator[Bench]:
    gateway, store = GatewayClient(demo.url, FixedToken(demo.token)), ConversationFiles(tmp_path / "data")
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        catalog = await anext(catalogs)
    yield Bench(ChatEngine(gateway, store), store, catalog, demo, tmp_path / "data")
    await gateway.close()
    await store.close()


async def run(turns: Turns) -> list[list[object]]:
    """Each lane's events."""

    async def follow(turn: object) -> list[object]:
        return [event async for event in turn]  # type: ignore[attr-defined]

    return list(await asyncio.gather(*map(follow, turns.values())))


async def test_the_same_context_goes_to_all_and_each_reply_is_kept(bench: Bench) -> None:
    comparison = await bench.compare("Write 60 tokens")
    await run(comparison.first_replies(comparison.lanes))
    bodies = [r.body for r in bench.demo.requests if r.path.endswith("/chat/completions")]
    assert len({str(body["messages"]) for body in bodies}) == 1
    replies = [lane.reply for lane in comparison.lanes]
    assert [reply.served_by for reply in replies if reply is not None] == list(NAMES)
    assert await comparison.keep()
    stored = await bench.on_disk(comparison.conversation)
    assert [stored.messages[reply.id] for reply in replies if reply is not None] == replies
    assert {reply.parent for reply in replies if reply is not None} == {comparison.prompt_id}


async def test_requests_leave_together_in_a_shuffled_order_that_is_kept(bench: Bench) -> None:
    comparison = await bench.compare("Write 5 tokens")
    events = await run(comparison.first_replies(comparison.lanes))
    assert all(any(isinstance(event, RequestSent) for event in lane) for lane in events)
    await run(comparison.follow_up("Write 5 tokens more", comparison.lanes))
    assert [sorted(order) for order in comparison.orders] == [sorted(NAMES)] * 2
    assert len([r for r in bench.demo.requests if r.path.endswith("/chat/completions")]) == 6
    again = await bench.compare("Write 5 tokens")
    again.first_replies(again.lanes)
    assert again.orders[0] == comparison.orders[0], "the same seed gives the same order"


async def test_a_lane_that_fails_leaves_the_others_alone(bench: Bench) -> None:
    comparison = await bench.compare("Write 40 tokens", (NAMES[0], "DeepSeek-V3.1-Terminus@metis", NAMES[2]))
    events = await run(comparison.first_replies(comparison.lanes))
    assert [isinstance(lane[-1], TurnFailed) for lane in events] == [False, True, False]
    failed = comparison.lanes[1].reply
    assert failed is not None
    assert failed.failure is not None
    assert failed.failure.kind == "model_not_live"


async def test_each_lane_keeps_its_own_thread_and_one_becomes_the_branch_shown(bench: Bench) -> None:
    comparison = await bench.compare("Write 20 tokens")
    await run(comparison.first_replies(comparison.lanes))
    await run(comparison.follow_up("And then?", comparison.lanes))
    for lane in comparison.lanes:
        path = lane.thread.path()
        assert [message.role for message in path] == ["user", "assistant", "user", "assistant"]
        assert {m.served_by for m in path if m.role == "assistant"} == {lane.model.key}
    chosen = comparison.lanes[1]
    await comparison.keep()
    assert await comparison.choose(chosen)
    stored = await bench.on_disk(comparison.conversation)
    assert (stored.path(), stored.model) == (chosen.thread.path(), chosen.model.key)
    assert stored.messages.keys() == comparison.conversation.messages.keys()


async def test_asking_again_keeps_the_reply_before(bench: Bench) -> None:
    comparison = await bench.compare("Write 10 tokens")
    await run(comparison.first_replies(comparison.lanes))
    before = comparison.lanes[0].reply
    await run(comparison.ask_again(comparison.lanes[0]))
    assert comparison.lanes[0].reply != before
    assert before is not None
    assert before.id in comparison.conversation.messages


async def test_a_comparison_opens_again_from_disk(bench: Bench) -> None:
    comparison = await bench.compare("Write 10 tokens")
    await run(comparison.first_replies(comparison.lanes))
    comparison.is_blind = True
    await comparison.keep()
    stored = await bench.on_disk(comparison.conversation)
    [record] = comparisons_in(stored).values()
    found = reopened(bench.engine, bench.store, stored, record, Catalog())
    assert [(lane.model.key, lane.reply) for lane in found.lanes] == [
        (lane.model.key, lane.reply) for lane in comparison.lanes
    ]
    assert (found.id, found.seed, found.is_blind, found.prompt_id) == (comparison.id, 7, True, comparison.prompt_id)


@pytest.mark.parametrize("record", [{}, {"lanes": [1, {"model": 2}]}, {"lanes": [{"model": "x"}], "seed": "y"}])
async def test_a_damaged_record_opens_as_far_as_it_goes(bench: Bench, record: dict[str, object]) -> None:
    conversation = (await bench.compare("hello")).conversation
    prompt_id = next(iter(conversation.messages))
    found = reopened(bench.engine, bench.store, conversation, {"msg": prompt_id, **record}, Catalog())
    assert [lane.reply for lane in found.lanes] == [None] * len(found.lanes)
