"""Turns that are refused for want of a fresh sign-in: they wait for it and send the very same request again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from globus_probe import sign_in, sources_for

from metis_tui.auth.sources import TokenSources
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import AccessDenied, ChatError, SignInLapsed, SignInServiceTrouble, WrongIdentity
from metis_tui.chat.turn import RequestResent, SignInAwaited, TextDelta, TurnEnded, TurnEvent, TurnFailed, TurnStarted
from metis_tui.demo.server import DemoGateway, RecordedRequest
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.conversation_store import ConversationFiles


@dataclass
class Bench:
    engine: ChatEngine
    sources: TokenSources
    store: ConversationFiles
    model: ServedModel
    demo: DemoGateway

    async def send(self, conversation: Conversation, text: str) -> list[TurnEvent]:
        async with aclosing(self.engine.send(conversation, text, self.model)) as events:
            return [event async for event in events]

    @property
    def chats(self) -> list[RecordedRequest]:
        return [request for request in self.demo.requests if request.path.endswith("/chat/completions")]

    async def signs_in(self, failure: ChatError) -> bool:
        await sign_in(self.sources)
        return True


@pytest.fixture
async def bench(demo: DemoGateway, tmp_path: Path) -> AsyncIterator[Bench]:
    sources = sources_for(demo, tmp_path)
    await sign_in(sources)
    gateway = GatewayClient(demo.url, sources)
    store = ConversationFiles(tmp_path / "conversations")
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        model = (await anext(catalogs)).find("gemma-4-31B-it@metis")
    assert model is not None
    yield Bench(ChatEngine(gateway, store), sources, store, model, demo)
    await gateway.close()
    await store.close()


@pytest.mark.parametrize(("marker", "kind"), [("@@lapse@@", SignInLapsed), ("@@wrong_identity@@", WrongIdentity)])
async def test_after_the_sign_in_the_very_same_request_goes_out_again(
    bench: Bench, marker: str, kind: type[ChatError]
) -> None:
    conversation = Conversation(system="Be short.", params={"temperature": 0.25, "seed": 7})
    bench.engine.recourse.sign_in = bench.signs_in
    events = await bench.send(conversation, f"{marker} What is MPI?")
    assert [type(event) for event in events[:3]] == [TurnStarted, SignInAwaited, RequestResent]
    assert isinstance(awaited := events[1], SignInAwaited)
    assert isinstance(awaited.error, kind)
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.reply.text == "".join(event.text for event in events if isinstance(event, TextDelta)) != ""
    first, second = bench.chats
    assert (first.status, second.status) == (401, 200)
    assert first.body == second.body
    assert [message.role for message in conversation.path()] == ["user", "assistant"]
    stored = await bench.store.open(conversation.id)
    assert [message.text for message in stored.path()] == [f"{marker} What is MPI?", ended.reply.text]
    assert ended.reply.timing is not None
    assert ended.reply.stop == "stop"


async def test_an_inactive_access_token_is_replaced_unseen(bench: Bench) -> None:
    conversation = Conversation()
    events = await bench.send(conversation, "@@inactive@@ What is MPI?")
    assert isinstance(events[-1], TurnEnded)
    assert not [event for event in events if isinstance(event, SignInAwaited)]
    assert [chat.status for chat in bench.chats] == [401, 200]
    assert bench.chats[0].body == bench.chats[1].body
    assert len(conversation.messages) == 2


async def test_a_sign_in_that_does_not_come_about_ends_the_turn_and_keeps_the_prompt(bench: Bench) -> None:
    async def declines(failure: ChatError) -> bool:
        return False

    bench.engine.recourse.sign_in = declines
    conversation = Conversation()
    failed = (await bench.send(conversation, "@@lapse@@ What is MPI?"))[-1]
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, SignInLapsed)
    assert [m.text for m in (await bench.store.open(conversation.id)).path()] == ["@@lapse@@ What is MPI?", ""]


async def test_without_anybody_who_can_sign_in_the_turn_fails_at_once(bench: Bench) -> None:
    failed = (await bench.send(Conversation(), "@@lapse@@ What is MPI?"))[-1]
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, SignInLapsed)
    assert len(bench.chats) == 1


async def test_a_gateway_that_is_never_content_does_not_ask_for_ever(bench: Bench) -> None:
    asked = []

    async def in_vain(failure: ChatError) -> bool:
        asked.append(failure)
        return True

    bench.engine.recourse.sign_in = in_vain
    failed = (await bench.send(Conversation(), "@@lapse@@ What is MPI?"))[-1]
    assert isinstance(failed, TurnFailed)
    assert len(asked) == 2
    assert len(bench.chats) == 3


@pytest.mark.parametrize(("marker", "kind"), [("@@group@@", AccessDenied), ("@@globus_down@@", SignInServiceTrouble)])
async def test_what_a_sign_in_cannot_help_never_asks_for_one(
    bench: Bench, marker: str, kind: type[ChatError]
) -> None:
    bench.engine.recourse.sign_in = bench.signs_in
    failed = (await bench.send(Conversation(), f"{marker} What is MPI?"))[-1]
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, kind)
    assert bench.demo.oauth.grants == ["authorization_code"]


async def test_stopping_while_the_sign_in_is_awaited_keeps_the_prompt(bench: Bench) -> None:
    is_waiting = asyncio.Event()

    async def never(failure: ChatError) -> bool:
        is_waiting.set()
        await asyncio.Event().wait()
        return True

    bench.engine.recourse.sign_in = never
    conversation = Conversation()
    turn = asyncio.create_task(bench.send(conversation, "@@lapse@@ What is MPI?"))
    await asyncio.wait_for(is_waiting.wait(), 10)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    stored = await bench.store.open(conversation.id)
    assert [(message.role, message.stop) for message in stored.path()][1:] == [("assistant", "cancelled")]
