"""Streaming replies from a real demo gateway: every fault, every token, stopping, and what is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

import pytest
from gateway_probe import METIS_CHAT, MODEL, MakeClient, ScriptedServer, hear, http_answer, request

from metis_tui.chat.catalog import ModelState, ServedModel
from metis_tui.chat.errors import (
    AccessDenied,
    ChatError,
    ContextTooLong,
    GatewayFailure,
    InvalidRequest,
    Maintenance,
    ModelNotLive,
    ModelUnknown,
    NotAGateway,
    RateLimited,
    ReplyEmpty,
    ReplyIncomplete,
    RequestTooLarge,
    SignInLapsed,
    SignInNeeded,
    SignInServiceTrouble,
    TokenInactive,
    Unreachable,
    UpstreamFailure,
    WrongIdentity,
)
from metis_tui.chat.turn import ChatRequest, ReplyAccepted, ReplyFinished, TextDelta, UsageReported
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient

Scripted = Callable[[bytes], ScriptedServer]

FAULTS: list[tuple[str, type[ChatError], bool, str]] = [
    # marker, error, whether text came before it, a part of the reason
    ("http500", UpstreamFailure, False, "RDU worker crashed"),
    ("http429", RateLimited, False, "The model's server is busy"),
    ("http401", UpstreamFailure, False, "the gateway's own key"),
    ("http413ctx", ContextTooLong, False, "131072 tokens"),
    ("tool_call", UpstreamFailure, False, "function call"),
    ("die_before", UpstreamFailure, False, "broke the connection"),
    ("die_mid", UpstreamFailure, True, "broke the connection"),
    ("cut_in_line", UpstreamFailure, True, "broke the connection"),
    ("cut_in_event", UpstreamFailure, True, "broke the connection"),
    ("hang:0.1", UpstreamFailure, False, "sent nothing"),
    ("error_event_mid", UpstreamFailure, True, "error while processing"),
    ("cut_socket", ReplyIncomplete, True, "broke off the connection"),
    ("reset", ReplyIncomplete, True, "reset"),
    ("bad_json", ReplyIncomplete, True, "damaged"),
    ("no_finish", ReplyIncomplete, True, "before the model did"),
    ("empty", ReplyEmpty, False, "without a word"),
    ("html200", NotAGateway, False, "Sign in"),
    ("maintenance", Maintenance, False, "under maintenance until"),
    ("not_live", ModelNotLive, False, "not currently live"),
    ("tpm", RateLimited, False, "You used up"),
    ("tpm_global", RateLimited, False, "Everybody together"),
    ("throttle", RateLimited, False, "More than 10 requests"),
    ("nginx_rate", RateLimited, False, "Too many requests"),
    ("internal", GatewayFailure, False, "Internal Server Error"),
    ("too_large", RequestTooLarge, False, "of this size"),
    ("html502", GatewayFailure, False, "502"),
    ("html504", GatewayFailure, False, "504"),
    ("site_down", Maintenance, False, "temporarily down"),
    ("group", AccessDenied, False, "certain groups"),
]


@pytest.mark.parametrize(("marker", "kind", "has_text", "reason"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_faults(client: GatewayClient, marker: str, kind: type[ChatError], has_text: bool, reason: str) -> None:
    heard = await hear(client, request(f"Hello @@{marker}@@"))
    assert type(heard.error) is kind
    assert reason in heard.error.reason
    assert bool(heard.text) is has_text
    assert "ERROR" not in heard.text
    assert "internal" not in f"{heard.error} {heard.error.hint}"
    assert "good-token" not in f"{heard.error!r} {heard.error}"
    assert not any(isinstance(event, ReplyFinished) for event in heard.events)


@pytest.mark.parametrize(
    ("marker", "text", "reasoning"),
    [
        ("reasoning", "The answer is 4.", "The user asks 2+2. That is 4."),
        ("reasoning_content", "The answer is 4.", "The user asks 2+2. That is 4."),
        ("think_tags", "The answer is 4.", "2+2 is 4"),
        ("think_unclosed", "", "Two and two make four, but I never stop thinking"),
        ("split_utf8", "naïve — Ω 你好 🚀The answer is 4.", ""),
    ],
)
async def test_reasoning_and_unicode(client: GatewayClient, marker: str, text: str, reasoning: str) -> None:
    heard = await hear(client, request(f"2+2? @@{marker}@@"))
    assert heard.error is None
    assert (heard.text, heard.reasoning) == (text, reasoning)
    assert isinstance(heard.events[-1], ReplyFinished)


@pytest.mark.parametrize("marker", ["", "@@no_done@@", "@@comments@@", "@@usage_missing@@", "@@stall:0.2@@"])
async def test_whole_replies(client: GatewayClient, marker: str) -> None:
    heard = await hear(client, request(f"Hello {marker}"))
    assert heard.error is None
    assert isinstance(heard.events[0], ReplyAccepted)
    assert isinstance(heard.events[1], TextDelta)
    assert heard.text.strip()
    end = heard.events[-1]
    assert isinstance(end, ReplyFinished)
    assert end.finish_reason == "stop"
    assert end.request_id
    assert end.request_id.startswith("chatcmpl-")
    has_usage = any(isinstance(event, UsageReported) and event.usage.completion_tokens > 0 for event in heard.events)
    assert has_usage is (marker != "@@usage_missing@@")


async def test_a_very_long_line_comes_through(client: GatewayClient) -> None:
    heard = await hear(client, request("@@huge_line:3000000@@"))
    assert heard.error is None
    assert len(heard.text) > 3_000_000
    assert heard.text.endswith(" end.")


async def test_control_characters_are_not_changed_here(client: GatewayClient) -> None:
    heard = await hear(client, request("@@control@@"))
    assert heard.error is None
    assert "\x1b[31m" in heard.text
    assert "\u202e" in heard.text


TOKENS: list[tuple[str, type[ChatError]]] = [
    ("expired-token", TokenInactive),
    ("exp-passed-token", TokenInactive),
    ("unknown-token", TokenInactive),
    ("policy-token", SignInLapsed),
    ("noaccess-token", WrongIdentity),
    ("nosession-token", WrongIdentity),
    ("globus-down-token", SignInServiceTrouble),
    ("", SignInNeeded),
    ("good\ntoken", SignInNeeded),
]


@pytest.mark.parametrize(("token", "kind"), TOKENS)
async def test_tokens(gateway: DemoGateway, make_client: MakeClient, token: str, kind: type[ChatError]) -> None:
    client = make_client(gateway.url, token)
    for _ in range(2):  # the second refusal is worded differently
        heard = await hear(client, request("Hello"))
        assert type(heard.error) is kind
        assert not token or token not in f"{heard.error!r} {heard.error} {heard.error.hint}"
    with pytest.raises(kind):
        await client.whoami()
    with pytest.raises(kind):
        async for _ in client.refresh_catalog():
            pass
    assert (await client.health()).is_ok


async def test_white_space_around_a_token_does_not_matter(gateway: DemoGateway, make_client: MakeClient) -> None:
    identity = await make_client(gateway.url, "  good-token\n").whoami()
    assert identity.name


async def test_only_what_the_contract_names_is_sent(
    gateway: DemoGateway, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK adds headers by itself and from its variables; none of them is the gateway's business."""
    for name, value in {
        "OPENAI_API_KEY": "other-key",
        "OPENAI_ADMIN_KEY": "admin-key",
        "OPENAI_ORG_ID": "my-org",
        "OPENAI_PROJECT_ID": "my-project",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer other\nX-Extra: 1\nUser-Agent: other",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "socks5://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    client = make_client(gateway.url)
    asked = ChatRequest(MODEL, (("system", "Be brief."), ("user", "Hello")), {"temperature": 0.5, "max_tokens": 9})
    heard = await hear(client, asked)
    assert heard.error is None
    sent = gateway.requests[-1]
    assert sent.path == METIS_CHAT
    assert sent.body == {
        "model": MODEL.name,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert sent.headers["authorization"] == "Bearer good-token"
    assert sent.headers["user-agent"].startswith("metis-tui/")
    assert set(sent.headers) <= {
        *("host", "accept", "accept-encoding", "connection", "user-agent"),
        *("authorization", "content-type", "content-length"),
    }


@pytest.mark.parametrize(
    ("asked", "kind", "reason"),
    [
        (request("x", temperature=3), InvalidRequest, "temperature"),
        (request("x", top_k=3), InvalidRequest, "top_k"),
        (ChatRequest(MODEL, (), {}), InvalidRequest, "nothing to send"),
        (request("x" * 2_700_000), RequestTooLarge, "2.6 MiB"),
        (request("é" * 1_320_000), RequestTooLarge, "2.5 MiB"),
    ],
)
async def test_what_would_be_refused_is_not_sent(
    client: GatewayClient, gateway: DemoGateway, asked: ChatRequest, kind: type[ChatError], reason: str
) -> None:
    before = len(gateway.requests)
    heard = await hear(client, asked)
    assert type(heard.error) is kind
    assert reason in heard.error.reason
    assert len(gateway.requests) == before


async def test_a_model_that_does_not_exist(client: GatewayClient) -> None:
    heard = await hear(client, ChatRequest(ServedModel("none", "metis", "api", METIS_CHAT), (("user", "x"),), {}))
    assert type(heard.error) is ModelUnknown
    assert "none@metis" in heard.error.reason


async def test_the_last_known_state_of_a_model_that_is_not_live_is_told(client: GatewayClient) -> None:
    model = ServedModel("DeepSeek-V3.1-Terminus", "metis", "api", METIS_CHAT, state=ModelState.STARTING)
    heard = await hear(client, ChatRequest(model, (("user", "x"),), {}))
    assert type(heard.error) is ModelNotLive
    assert "starting when last seen" in heard.error.reason


async def wait_until_closed(gateway: DemoGateway) -> bool:
    return await asyncio.to_thread(gateway.log.wait_for, lambda sent: sent[-1].closed_by_client, 5.0)


async def test_closing_the_stream_closes_the_connection(client: GatewayClient, gateway: DemoGateway) -> None:
    async with aclosing(client.stream(request("Hello @@stall:20@@"))) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    assert await wait_until_closed(gateway)


@pytest.mark.parametrize("marker", ["@@stall:20@@", "@@slow_start:20@@"])
async def test_cancelling_the_task_closes_the_connection(
    client: GatewayClient, gateway: DemoGateway, marker: str
) -> None:
    accepted = asyncio.Event()

    async def listen() -> None:
        async with aclosing(client.stream(request(f"Hello {marker}"))) as events:
            async for _ in events:
                accepted.set()

    task = asyncio.create_task(listen())
    await asyncio.wait_for(accepted.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await wait_until_closed(gateway)


async def test_silence_in_a_reply_ends_it_with_what_came(gateway: DemoGateway, make_client: MakeClient) -> None:
    client = make_client(gateway.url, silence_seconds=1.0)
    heard = await hear(client, request("Hello @@stall:20@@"))
    assert type(heard.error) is ReplyIncomplete
    assert heard.text
    heard = await hear(client, request("Hello @@slow_start:20@@"))
    assert type(heard.error) is Unreachable
    assert heard.error.title == "The gateway went silent"


async def test_several_replies_at_once(client: GatewayClient) -> None:
    heard = await asyncio.gather(*(hear(client, request(f"Hello {number}")) for number in range(12)))
    assert [one.error for one in heard] == [None] * 12


async def test_a_reply_that_ended_is_not_hung_up_on(client: GatewayClient, gateway: DemoGateway) -> None:
    """Hanging up after [DONE] would cost the next prompt a new handshake."""
    for _ in range(3):
        assert (await hear(client, request("Hello"))).error is None
        assert not gateway.requests[-1].closed_by_client


async def test_a_server_that_does_not_stream_is_understood(scripted: Scripted, make_client: MakeClient) -> None:
    body = json.dumps({"id": "c", "choices": [{"message": {"content": "Earth."}, "finish_reason": "stop"}]}).encode()
    heard = await hear(make_client(scripted(http_answer(body)).url), request("x"))
    assert heard.error is None
    assert heard.text == "Earth."


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (http_answer(b"<html><title>Portal</title></html>", kind="text/html"), NotAGateway, "Portal"),
        (http_answer(b"{}"), NotAGateway, "not the gateway's JSON"),
        (http_answer(b"hello", kind="text/plain"), NotAGateway, "not the gateway's JSON"),
        (http_answer(b'{"error": {"code": "x", "message": "odd"}}'), GatewayFailure, "odd"),
        (http_answer(b"", kind="text/event-stream"), ReplyEmpty, "without a single part"),
        (http_answer(b"", "204 No Content"), NotAGateway, "204"),
        (b"hello\r\n\r\n", Unreachable, "broke off"),
        (b"", Unreachable, "broke off"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n: x\n",
            Unreachable,
            "broke",
        ),
    ],
)
async def test_answers_that_are_no_reply(
    scripted: Scripted, make_client: MakeClient, answer: bytes, kind: type[ChatError], reason: str
) -> None:
    heard = await hear(make_client(scripted(answer).url), request("x"))
    assert type(heard.error) is kind
    assert reason in heard.error.reason
