"""Turns that hold out: sent again before the first word, waiting for a model, and going on from a cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.catalog import Catalog, ServedModel
from metis_tui.chat.conversation import Conversation, context_messages
from metis_tui.chat.delivery import Recourse
from metis_tui.chat.engine import CONTINUE, ChatEngine
from metis_tui.chat.errors import (
    ChatError,
    InvalidRequest,
    ModelNotLive,
    RateLimited,
    RequestTooLarge,
    SignInServiceTrouble,
    Unreachable,
)
from metis_tui.chat.patience import Patience
from metis_tui.chat.turn import (
    ModelAwaited,
    RequestResent,
    ResendAwaited,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)
from metis_tui.demo.server import DemoGateway, RecordedRequest
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.conversation_store import ConversationFiles

QUICK = Patience(scale=0.001)


@dataclass
class Bench:
    engine: ChatEngine
    gateway: GatewayClient
    store: ConversationFiles
    catalog: Catalog
    model: ServedModel
    demo: DemoGateway

    async def send(self, conversation: Conversation, text: str, model: ServedModel | None = None) -> list[TurnEvent]:
        async with aclosing(self.engine.send(conversation, text, model or self.model)) as events:
            return [event async for event in events]

    async def go_on(self, conversation: Conversation) -> list[TurnEvent]:
        assert conversation.head is not None
        async with aclosing(self.engine.go_on(conversation, conversation.head, self.model)) as events:
            return [event async for event in events]

    @property
    def chats(self) -> list[RecordedRequest]:
        return [request for request in self.demo.requests if request.path.endswith("/chat/completions")]


@pytest.fixture
async def bench(demo: DemoGateway, tmp_path: Path) -> AsyncIterator[Bench]:
    gateway = GatewayClient(demo.url, FixedToken(demo.token))
    store = ConversationFiles(tmp_path / "conversations")
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        catalog = [known async for known in catalogs][-1]
    model = catalog.find("gemma-4-31B-it@metis")
    assert model is not None
    yield Bench(ChatEngine(gateway, store, recourse=Recourse(QUICK)), gateway, store, catalog, model, demo)
    await gateway.close()
    await store.close()


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ("throttle", 5),
        ("tpm", 5),
        ("tpm_global", 5),
        ("nginx_rate", 5),
        ("http429", 5),
        ("http502", 3),
        ("internal", 3),
    ],
)
async def test_a_failure_that_passes_is_sent_again_a_few_times_and_then_told(
    bench: Bench, fault: str, times: int
) -> None:
    conversation = Conversation()
    events = await bench.send(conversation, f"@@{fault}@@ hello")
    assert isinstance(events[-1], TurnFailed)
    waits = [event for event in events if isinstance(event, ResendAwaited)]
    assert [(wait.attempt, wait.most) for wait in waits] == [(number, times) for number in range(1, times + 1)]
    assert len(bench.chats) == times + 1
    assert len({str(chat.body) for chat in bench.chats}) == 1
    assert [message.role for message in conversation.path()] == ["user", "assistant"]


@pytest.mark.parametrize("fault", ["http401", "http413ctx", "too_large", "group"])
async def test_what_does_not_pass_is_told_at_once(bench: Bench, fault: str) -> None:
    events = await bench.send(Conversation(), f"@@{fault}@@ hello")
    assert isinstance(events[-1], TurnFailed)
    assert len(bench.chats) == 1, events[-1].error


async def test_a_gateway_that_comes_back_answers_the_same_prompt(bench: Bench) -> None:
    bench.demo.stop()
    bench.engine.recourse.patience = Patience(pauses=(0.05,) * 100)
    conversation = Conversation()
    seen: list[TurnEvent] = []
    again: DemoGateway | None = None
    async with aclosing(bench.engine.send(conversation, "hello", bench.model)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, ResendAwaited) and again is None:
                again = DemoGateway(port=bench.demo.port, throttle=None, speed=20, seed=1).start()
    assert again is not None
    assert len([request for request in again.requests if request.path.endswith("completions")]) == 1
    again.stop()
    assert isinstance(seen[-1], TurnEnded)
    assert any(isinstance(event, RequestResent) for event in seen)
    assert len(conversation.messages) == 2


async def test_what_has_begun_to_arrive_is_never_sent_again(bench: Bench) -> None:
    events = await bench.send(Conversation(), "@@die_mid@@ hello")
    assert isinstance(events[-1], TurnFailed)
    assert len(bench.chats) == 1
    assert not [event for event in events if isinstance(event, ResendAwaited)]


async def test_stopping_cancels_the_resend(bench: Bench) -> None:
    bench.engine.recourse.patience = Patience(pauses=(60.0,))
    bench.demo.stop()
    conversation = Conversation()
    async with aclosing(bench.engine.send(conversation, "hello", bench.model)) as events:
        async for event in events:
            if isinstance(event, ResendAwaited):
                break
    assert [(message.role, message.stop) for message in conversation.path()][1:] == [("assistant", "cancelled")]


def test_how_long_and_how_often() -> None:
    patience = Patience()
    assert [patience.pause(Unreachable("x"), attempt) for attempt in (1, 2, 3, 4)] == [2.0, 5.0, 15.0, None]
    assert patience.pause(RateLimited("x", retry_after_seconds=1), 1) == 1.5
    assert patience.pause(RateLimited("x"), 5) == 60.5
    assert patience.pause(RateLimited("x"), 6) is None
    assert patience.pause(SignInServiceTrouble("x"), 1) == 61
    assert patience.pause(RequestTooLarge("x"), 1) is None
    assert patience.pause(InvalidRequest("x"), 1) is None
    assert patience.pause(Unreachable("x", can_retry=False), 1) is None


async def test_a_turn_waits_for_its_model(bench: Bench) -> None:
    bench.demo.set_state("metis", bench.model.name, "stopped")
    asked: list[ChatError] = []

    async def waits(failure: ChatError, model: ServedModel) -> ServedModel:
        asked.append(failure)
        bench.demo.set_state("metis", bench.model.name, "running")
        return model

    bench.engine.recourse.model_desk = waits
    events = await bench.send(Conversation(), "hello")
    assert [type(event) for event in events[1:3]] == [ModelAwaited, RequestResent]
    assert isinstance(events[-1], TurnEnded)
    assert isinstance(asked[0], ModelNotLive)


async def test_the_same_prompt_goes_to_another_model(bench: Bench) -> None:
    bench.demo.set_state("metis", bench.model.name, "stopped")
    other = bench.catalog.find("gpt-oss-120b@metis")
    assert other is not None

    async def prefers(failure: ChatError, model: ServedModel) -> ServedModel | None:
        return other

    bench.engine.recourse.model_desk = prefers
    conversation = Conversation()
    ended = (await bench.send(conversation, "hello"))[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.reply.served_by == "gpt-oss-120b@metis"
    assert bench.chats[-1].body["model"] == "gpt-oss-120b"
    assert (await bench.store.open(conversation.id)).path()[-1].served_by == "gpt-oss-120b@metis"


async def test_giving_up_on_a_model_keeps_the_prompt(bench: Bench) -> None:
    bench.demo.set_state("metis", bench.model.name, "stopped")

    async def gives_up(failure: ChatError, model: ServedModel) -> None:
        return None

    bench.engine.recourse.model_desk = gives_up
    conversation = Conversation()
    failed = (await bench.send(conversation, "hello"))[-1]
    assert isinstance(failed, TurnFailed)
    assert conversation.path()[0].text == "hello"


async def test_going_on_from_a_reply_that_was_cut(bench: Bench) -> None:
    conversation = Conversation()
    failed = (await bench.send(conversation, "@@die_mid@@ Tell me of MPI"))[-1]
    assert isinstance(failed, TurnFailed)
    partial = conversation.path()[-1]
    assert partial.text
    events = await bench.go_on(conversation)
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    body = bench.chats[-1].body["messages"]
    assert [message["role"] for message in body] == ["user", "assistant", "user"]
    assert (body[-2]["content"], body[-1]["content"]) == (partial.text, CONTINUE)
    assert [message.role for message in conversation.path()] == ["user", "assistant", "assistant"]
    assert ended.reply.is_continuation
    assert ended.reply.parent == partial.id
    whole = partial.text + ended.reply.text
    stored = await bench.store.open(conversation.id)
    assert stored.path()[-1].is_continuation, "the seam is on disk"
    assert conversation.messages[partial.id] == partial, "nothing is overwritten"
    assert context_messages(stored)[-1] == ("assistant", whole), "later prompts send one reply without a seam"
    assert isinstance(events[0], TurnStarted)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == ended.reply.text


@pytest.mark.parametrize("prompt", ["hello", "@@503@@ hello"])
async def test_only_a_partial_reply_goes_on(bench: Bench, prompt: str) -> None:
    bench.engine.recourse.patience = None
    conversation = Conversation()
    await bench.send(conversation, prompt)
    before = replace(conversation.path()[-1])
    with pytest.raises(InvalidRequest):
        await bench.go_on(conversation)
    assert conversation.path()[-1] == before
