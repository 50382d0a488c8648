"""The turn engine on the real demo gateway and the real store: every end of a turn keeps what arrived."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from metis_tui import __version__
from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import ChatMessage, Conversation, context_messages
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.turn import (
    ChatRequest,
    ReasoningDelta,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
    UsageReported,
)
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.conversation_store import ConversationFiles


@dataclass
class Bench:
    """An engine with everything real around it."""

    engine: ChatEngine
    gateway: GatewayClient
    store: ConversationFiles
    data: Path
    model: ServedModel
    plain: ServedModel
    """A model without reasoning."""
    demo: DemoGateway

    async def send(self, conversation: Conversation, text: str, model: ServedModel | None = None) -> list[TurnEvent]:
        async with aclosing(self.engine.send(conversation, text, model or self.plain)) as events:
            return [event async for event in events]

    async def on_disk(self, conversation: Conversation) -> Conversation:
        """The conversation as another process would read it."""
        other = ConversationFiles(self.data)
        try:
            return await other.open(conversation.id)
        finally:
            await other.close()

    async def last_on_disk(self, conversation: Conversation) -> ChatMessage:
        return (await self.on_disk(conversation)).path()[-1]


@pytest.fixture
async def bench(demo: DemoGateway, tmp_path: Path) -> AsyncIterator[Bench]:
    gateway = GatewayClient(demo.url, FixedToken(demo.token))
    store = ConversationFiles(tmp_path / "conversations")
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        catalog = await anext(catalogs)
    model, plain = catalog.find("gpt-oss-120b@metis"), catalog.find("gemma-4-31B-it@metis")
    assert model is not None
    assert plain is not None
    yield Bench(ChatEngine(gateway, store), gateway, store, tmp_path / "conversations", model, plain, demo)
    await gateway.close()
    await store.close()


async def test_a_turn_that_goes_well(bench: Bench) -> None:
    conversation = Conversation()
    events = await bench.send(conversation, "What is MPI?", bench.model)
    assert isinstance(events[0], TurnStarted)
    assert events[0].is_saved
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.is_saved
    reply = ended.reply
    assert reply.text == "".join(e.text for e in events if isinstance(e, TextDelta))
    assert reply.reasoning == "".join(e.text for e in events if isinstance(e, ReasoningDelta)) != ""
    assert [e.usage for e in events if isinstance(e, UsageReported)] == [reply.usage]
    assert (reply.stop, reply.served_by, reply.parent) == ("stop", "gpt-oss-120b@metis", events[0].prompt.id)
    assert reply.request_id
    stored = await bench.on_disk(conversation)
    assert stored.path() == conversation.path() == [events[0].prompt, reply]
    assert (stored.title, stored.model) == ("What is MPI?", "gpt-oss-120b@metis")


async def test_a_reply_tells_what_it_was_made_with(bench: Bench) -> None:
    """Client, model version and the SHA-256 of the request, which the saved conversation gives again."""
    conversation = Conversation(system="Be brief.", params={"temperature": 0.25, "seed": 11})
    model = replace(bench.plain, version="2026-08")
    await bench.send(conversation, "What is MPI?", model)
    await bench.send(conversation, "And 2049 ranks – does it hang?", model)
    stored = await bench.on_disk(conversation)
    replies = list(stored.replies())
    assert {(r.client, r.model_version) for r in replies} == {(f"metis-tui {__version__}", "2026-08")}
    assert len({reply.request_sha256 for reply in replies}) == 2
    stored.head = replies[-1].parent
    again = ChatRequest(model, tuple(context_messages(stored)), stored.params)
    assert again.sha256 == replies[-1].request_sha256
    assert replace(again, params={"seed": 11, "temperature": 0.25}).sha256 == again.sha256, "the order does not count"
    assert replace(again, params={**stored.params, "seed": 12}).sha256 != again.sha256


async def test_durations_are_in_order_and_leave_out_the_waiting(bench: Bench) -> None:
    ended = (await bench.send(Conversation(), "hello", bench.model))[-1]
    assert isinstance(ended, TurnEnded)
    timing, usage = ended.reply.timing, ended.reply.usage
    assert timing is not None
    assert usage is not None
    assert timing.first_reasoning_seconds is not None
    assert timing.first_text_seconds is not None
    assert 0 < timing.first_reasoning_seconds <= timing.first_text_seconds <= timing.total_seconds
    assert timing.first_delta_seconds == timing.first_reasoning_seconds
    rate = timing.tokens_per_second(usage.completion_tokens)
    assert rate is None or rate > usage.completion_tokens / timing.total_seconds * 0.99


async def test_the_prompt_is_on_disk_before_anything_is_sent(bench: Bench) -> None:
    conversation = Conversation()
    async with aclosing(bench.engine.send(conversation, "first", bench.plain)) as events:
        started = await anext(events)
        assert isinstance(started, TurnStarted)
        assert [m.text for m in (await bench.on_disk(conversation)).path()] == ["first"]
        assert not [r for r in bench.demo.requests if r.path.endswith("/chat/completions")]


@pytest.mark.parametrize("stop_after", [0, 1, 2, 5, 20])
async def test_leaving_at_any_moment_keeps_what_was_shown(bench: Bench, stop_after: int) -> None:
    conversation, shown = Conversation(), ""
    async with aclosing(bench.engine.send(conversation, "Write 500 tokens at 400 tokens/s", bench.plain)) as events:
        count = 0
        async for event in events:
            shown += event.text if isinstance(event, TextDelta) else ""
            if count == stop_after:
                break
            count += 1
    reply = conversation.path()[-1]
    assert (reply.role, reply.stop, reply.text) == ("assistant", "cancelled", shown)
    assert await bench.last_on_disk(conversation) == reply
    assert isinstance((await bench.send(conversation, "go on"))[-1], TurnEnded)


@pytest.mark.parametrize("prompt", ["hello @@stall:60@@", "hello @@slow_start:60@@"])
async def test_a_cancelled_task_keeps_what_arrived_and_hangs_up(bench: Bench, prompt: str) -> None:
    conversation, arrived = Conversation(), asyncio.Event()

    async def consume() -> None:
        async with aclosing(bench.engine.send(conversation, prompt, bench.plain)) as events:
            async for event in events:
                if isinstance(event, TextDelta) or "slow_start" in prompt:
                    arrived.set()

    task = asyncio.create_task(consume())
    await asyncio.wait_for(arrived.wait(), 10)
    if "slow_start" in prompt:
        assert await asyncio.to_thread(
            bench.demo.log.wait_for, lambda seen: seen[-1].path.endswith("/chat/completions"), 10
        )
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    reply = await bench.last_on_disk(conversation)
    assert (reply.stop, bool(reply.text)) == ("cancelled", "stall" in prompt)
    assert await asyncio.to_thread(bench.demo.log.wait_for, lambda seen: seen[-1].closed_by_client, 10)


async def test_the_programs_end_counts_as_interrupted(bench: Bench) -> None:
    conversation = Conversation()
    async with aclosing(bench.engine.send(conversation, "hello @@stall:60@@", bench.plain)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                bench.engine.interrupt()
                break
    assert (await bench.last_on_disk(conversation)).stop == "interrupted"


FAULTS_MID_REPLY = ("die_mid", "cut_in_line", "cut_in_event", "cut_socket", "reset", "error_event_mid", "bad_json")
FAULTS_BEFORE = (
    "http500",
    "http429",
    "http401",
    "http413ctx",
    "die_before",
    "maintenance",
    "not_live",
    "tpm",
    "html502",
)
FAULTS_WITHOUT_TEXT = ("html200", "empty")


@pytest.mark.parametrize("fault", [*FAULTS_MID_REPLY, *FAULTS_BEFORE, *FAULTS_WITHOUT_TEXT])
async def test_every_failure_keeps_the_text_and_stays_out_of_it(bench: Bench, fault: str) -> None:
    conversation = Conversation()
    events = await bench.send(conversation, f"Tell me of tides @@{fault}@@")
    failed = events[-1]
    assert isinstance(failed, TurnFailed), events
    shown = "".join(e.text for e in events if isinstance(e, TextDelta))
    assert bool(shown) == (fault in FAULTS_MID_REPLY)
    assert failed.reply.text == shown
    assert failed.reply.stop == "error"
    assert failed.reply.failure is not None
    assert failed.reply.failure.kind == failed.error.kind
    assert "[ERROR]" not in shown
    assert "internal" not in shown
    assert await bench.last_on_disk(conversation) == failed.reply
    sent = context_messages(conversation)
    is_refused = fault == "http413ctx"  # too long for the model: later prompts must not fail with it
    assert [role for role, _ in sent] == ([] if is_refused else ["user", "assistant"] if shown else ["user"])
    assert "[ERROR]" not in str(sent)


async def test_the_next_prompt_never_carries_an_earlier_failure(bench: Bench) -> None:
    conversation = Conversation()
    failed = (await bench.send(conversation, "one @@die_mid@@"))[-1]
    assert isinstance(failed, TurnFailed)
    assert isinstance((await bench.send(conversation, "two"))[-1], TurnEnded)
    body = [r.body for r in bench.demo.requests if r.path.endswith("/chat/completions")][-1]
    assert body["messages"][1:] == [
        {"role": "assistant", "content": failed.reply.text},
        {"role": "user", "content": "two"},
    ]


async def test_a_length_limit_ends_a_reply_without_failing_it(bench: Bench) -> None:
    ended = (await bench.send(Conversation(), "hello @@length@@"))[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.reply.stop, ended.reply.is_incomplete) == ("length", True)


async def test_a_change_of_model_is_saved(bench: Bench) -> None:
    conversation = Conversation()
    await bench.send(conversation, "one", bench.plain)
    await bench.send(conversation, "two", bench.model)
    stored = await bench.on_disk(conversation)
    assert stored.model == "gpt-oss-120b@metis"
    assert [m.served_by for m in stored.replies()] == ["gemma-4-31B-it@metis", "gpt-oss-120b@metis"]


async def test_a_branch_starts_where_it_is_told(bench: Bench) -> None:
    conversation = Conversation()
    started = (await bench.send(conversation, "one"))[0]
    assert isinstance(started, TurnStarted)
    first_reply = conversation.head
    await bench.send(conversation, "two")
    async with aclosing(bench.engine.send(conversation, "zwei", bench.plain, parent=first_reply)) as events:
        assert isinstance([event async for event in events][-1], TurnEnded)
    assert [m.text for m in conversation.path() if m.role == "user"] == ["one", "zwei"]
    assert len((await bench.on_disk(conversation)).messages) == 6


async def test_another_reply_is_a_sibling(bench: Bench) -> None:
    conversation = Conversation()
    started = (await bench.send(conversation, "one"))[0]
    assert isinstance(started, TurnStarted)
    async with aclosing(bench.engine.regenerate(conversation, started.prompt.id, bench.plain)) as events:
        assert isinstance([event async for event in events][-1], TurnEnded)
    assert len(conversation.siblings(str(conversation.head))) == 2
    assert len((await bench.on_disk(conversation)).messages) == 3


@pytest.mark.parametrize(
    ("conversation", "text"),
    [
        (Conversation(), "  \n"),
        (Conversation(params={"temperature": 9}), "hello"),
        (Conversation(is_read_only=True), "hello"),
    ],
    ids=["empty", "parameter", "read-only"],
)
async def test_what_cannot_be_sent_changes_nothing(bench: Bench, conversation: Conversation, text: str) -> None:
    with pytest.raises(InvalidRequest):
        await bench.send(conversation, text)
    assert conversation.is_empty
    assert not [r for r in bench.demo.requests if r.path.endswith("/chat/completions")]


async def test_system_prompt_and_parameters_are_sent(bench: Bench) -> None:
    conversation = Conversation(system="Be brief.", params={"temperature": 0.25, "max_tokens": 50})
    await bench.send(conversation, "hello")
    body = [r.body for r in bench.demo.requests if r.path.endswith("/chat/completions")][-1]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["temperature"], body["max_tokens"]) == (0.25, 50)
    stored = await bench.on_disk(conversation)
    assert (stored.system, stored.params) == (conversation.system, conversation.params)


async def test_text_that_utf8_cannot_hold_is_mended_before_it_is_sent(bench: Bench) -> None:
    conversation = Conversation()
    assert isinstance((await bench.send(conversation, "half \ud83d nul \x00"))[-1], TurnEnded)
    assert conversation.path()[0].text == "half \ufffd nul ␀"


async def test_several_conversations_at_once(bench: Bench) -> None:
    conversations = [Conversation() for _ in range(5)]
    ends = await asyncio.gather(*(bench.send(c, f"number {n}") for n, c in enumerate(conversations)))
    assert all(isinstance(events[-1], TurnEnded) for events in ends)
    for number, conversation in enumerate(conversations):
        assert (await bench.on_disk(conversation)).path()[0].text == f"number {number}"


async def test_an_edited_first_prompt_is_a_root_beside_it(bench: Bench) -> None:
    """It once went to the end of the conversation, because None meant the head."""
    conversation = Conversation()
    await bench.send(conversation, "first")
    await bench.send(conversation, "second")
    async with aclosing(bench.engine.send(conversation, "first, edited", bench.plain, parent=None)) as events:
        assert isinstance([event async for event in events][-1], TurnEnded)
    assert [m.text for m in conversation.path() if m.role == "user"] == ["first, edited"]
    body = next(r.body for r in reversed(bench.demo.requests) if r.path.endswith("/chat/completions"))
    assert [m["content"] for m in body["messages"]] == ["first, edited"]
    stored = await bench.on_disk(conversation)
    assert [m.text for m in stored.messages.values() if m.parent is None] == ["first", "first, edited"]
    assert stored.path() == conversation.path()


async def test_parameters_of_one_reply_are_recorded_with_it_and_stay_its_own(bench: Bench) -> None:
    conversation = Conversation(params={"temperature": 0.5})
    await bench.send(conversation, "hello")
    prompt = conversation.path()[0]
    again = bench.engine.regenerate(conversation, prompt.id, bench.model, params={"seed": 7})
    async with aclosing(again) as events:
        assert isinstance([event async for event in events][-1], TurnEnded)
    reply = await bench.last_on_disk(conversation)
    assert (dict(reply.params), reply.served_by) == ({"seed": 7}, bench.model.key)
    assert (conversation.params, conversation.model) == ({"temperature": 0.5}, bench.plain.key)
    with pytest.raises(InvalidRequest):
        await anext(bench.engine.regenerate(conversation, prompt.id, bench.model, params={"top_k": 1}))
