"""What is told of how a reply was made: everything that is known, and that the rest is not."""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from metis_tui import __version__
from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.conversation import ChatMessage, Conversation, FailureNote, Timing, Usage
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.chat.provenance import provenance_of
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.memory import MemoryStore

SENT, ENDED = 1_764_093_513_120, 1_764_093_515_620


def talk(**facts: object) -> tuple[Conversation, ChatMessage]:
    conversation = Conversation()
    prompt = ChatMessage("p", None, "user", "Why?", SENT - 500)
    conversation.add(prompt)
    known: dict[str, object] = {"model": "gpt-oss-120b", "client": "metis-tui 0.1.0", "stop": "stop", **facts}
    reply = ChatMessage(new_ulid(SENT), "p", "assistant", "Because.", ENDED, **known)  # type: ignore[arg-type]
    conversation.add(reply)
    return conversation, reply


async def test_the_saved_conversation_gives_the_recorded_request_until_something_changes(demo: DemoGateway) -> None:
    gateway = GatewayClient(demo.url, FixedToken(demo.token))
    async with aclosing(gateway.refresh_catalog()) as catalogs:
        model = (await anext(catalogs)).find("gemma-4-31B-it@metis")
    assert model is not None
    conversation = Conversation(system="Be brief.", params={"temperature": 0.25})
    engine = ChatEngine(gateway, MemoryStore())
    for text in ("What is MPI?", "And ranks?"):
        async with aclosing(engine.send(conversation, text, model)) as events:
            [_ async for _ in events]
    await gateway.close()
    replies = list(conversation.replies())

    def check(other: Conversation, reply: ChatMessage = replies[1]) -> str:
        return provenance_of(other, reply).value("request_check")

    assert check(conversation) == check(conversation, replies[0]) == "gives exactly the recorded request"
    assert "another request" in check(replace(conversation, system="Be long."))
    prompt = conversation.path()[0]
    changed = {**conversation.messages, prompt.id: replace(prompt, text="What is NCCL?")}
    assert "another request" in check(replace(conversation, messages=changed))
    told = provenance_of(conversation, replies[1])
    assert told.value("client") == f"metis-tui {__version__}"
    assert told.value("temperature") == "0.25"
    assert told.value("request_id")


def test_every_parameter_is_named_also_those_that_were_not_sent() -> None:
    conversation, reply = talk(params={"temperature": 0.2, "stop": ["END", "\x1b[2J"]})
    (section,) = [s for s in provenance_of(conversation, reply).sections if s.title == "Parameters"]
    values = {fact.key: (fact.value, fact.is_known) for fact in section.facts}
    assert list(values) == list(PARAMETERS)
    assert values["temperature"] == ("0.2", True)
    assert values["top_p"] == ("not sent: the model's default", False)
    assert values["seed"] == ("not sent: the reply cannot be repeated exactly", False)
    assert "\x1b" not in values["stop"][0]


def test_times_rate_and_usage() -> None:
    conversation, reply = talk(usage=Usage(10, 21, 31), timing=Timing(2.5, None, 0.5))
    told = provenance_of(conversation, reply, zone=timezone(timedelta(hours=-6), "CST"))
    assert told.value("sent_utc") == "2025-11-25T17:58:33.120Z"
    assert told.value("sent_local") == "2025-11-25 11:58:33 CST"
    assert told.value("ended_utc") == "2025-11-25T17:58:35.620Z"
    assert told.value("first_delta_seconds") == "0.500 s"
    assert told.value("tokens_per_second") == "10.0 tokens/s"
    assert told.value("total_tokens") == "31 tokens"
    assert told.value("reasoning_tokens") == ""


def test_an_imported_reply_tells_its_origin_and_claims_nothing() -> None:
    conversation, reply = talk(client=None, extra={"source_id": "node-1"})
    conversation.origin = {"kind": "import", "src": "ChatGPT", "conv": "c-1", "sha256": "ab"}
    told = provenance_of(conversation, reply)
    assert told.value("origin") == "imported, from ChatGPT, from conversation c-1, SHA-256 of the file ab"
    assert told.value("source_id") == "node-1"
    assert told.value("sent_utc") == "2025-11-25T17:58:32.620Z", "that of its prompt"
    facts = {fact.key: fact.value for section in told.sections for fact in section.facts}
    assert facts["temperature"] == facts["seed"] == "not known"
    assert facts["request_check"].startswith("cannot be compared")


@pytest.mark.parametrize("created", [-(2**62), 2**62])
def test_times_that_no_calendar_has_are_told_as_numbers(created: int) -> None:
    conversation, reply = talk()
    assert str(created) in provenance_of(conversation, replace(reply, created_ms=created)).value("ended_utc")


def test_failures_and_prompts() -> None:
    conversation, reply = talk(stop="error", failure=FailureNote("Cut", "The line\nbroke.", "incomplete", "e-1"))
    told = provenance_of(conversation, reply)
    assert told.value("failure") == "Cut: The line broke. (error id e-1)"
    prompt = provenance_of(conversation, conversation.messages["p"])
    assert prompt.value("text_sha256") == hashlib.sha256(b"Why?").hexdigest()
    assert prompt.value("written_utc") == "2025-11-25T17:58:32.620Z"
