"""Whole replies, streamed and not: events, usage, limits, pace."""

from __future__ import annotations

import json
import time

import pytest
from demo_calls import CHAT, call, chat, connect, headers_with, payload, stream

from metis_tui.demo.server import DemoGateway
from metis_tui.demo.tokens import split_tokens

SOPHIA = "sophia/vllm/v1/chat/completions"
MINERVA = "minerva/api/v1/chat/completions"


def test_a_stream_is_events_of_one_reply(gateway: DemoGateway) -> None:
    got = stream(gateway, "Name one planet.", max_tokens=40)
    assert got.headers["content-type"] == "text/event-stream"
    assert got.headers["transfer-encoding"] == "chunked"
    assert got.headers["cache-control"] == "no-cache"
    assert got.chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": None}
    assert len({chunk["id"] for chunk in got.chunks}) == 1
    assert {chunk["object"] for chunk in got.chunks} == {"chat.completion.chunk"}
    assert {chunk["model"] for chunk in got.chunks} == {"gpt-oss-120b"}
    assert got.finish_reasons == ["stop"]
    assert got.chunks[-1]["choices"] == []
    assert got.data_lines[-1] == "[DONE]"


def test_usage_only_when_asked(gateway: DemoGateway) -> None:
    with_usage = stream(gateway, "Name one planet.", max_tokens=40)
    usage = with_usage.chunks[-1]["usage"]
    deltas = [chunk for chunk in with_usage.chunks[1:] if chunk["choices"] and chunk["choices"][0]["delta"]]
    assert usage["completion_tokens"] == len(deltas)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    without = stream(gateway, "Name one planet.", max_tokens=40, stream_options={})
    assert not any(chunk.get("usage") for chunk in without.chunks)


def test_streamed_and_whole_replies_say_the_same(gateway: DemoGateway) -> None:
    whole = chat(gateway, "explain dark matter").json
    streamed = stream(gateway, "explain dark matter")
    assert whole["choices"][0]["message"]["content"] == streamed.joined()
    assert whole["choices"][0]["message"]["reasoning_content"] == streamed.joined("reasoning_content")
    assert whole["usage"] == streamed.chunks[-1]["usage"]


@pytest.mark.parametrize(("limit", "count"), [(3, 3), (1, 1), (0, 1)])
def test_max_tokens_counts_deltas(gateway: DemoGateway, limit: int, count: int) -> None:
    got = stream(gateway, "explain dark matter", max_tokens=limit)
    assert got.finish_reasons == ["length"]
    assert got.chunks[-1]["usage"]["completion_tokens"] == count


def test_max_completion_tokens_counts_too(gateway: DemoGateway) -> None:
    got = chat(gateway, "explain dark matter", max_completion_tokens=8).json
    assert got["choices"][0]["finish_reason"] == "length"
    assert got["usage"]["completion_tokens"] == 8


def test_several_choices(gateway: DemoGateway) -> None:
    choices = chat(gateway, "Name one planet.", n=3, max_tokens=9).json["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 1


def test_stop_sequences_end_the_reply(gateway: DemoGateway) -> None:
    got = chat(gateway, "2+2?", stop=["**"], max_tokens=50).json["choices"][0]
    assert (got["message"]["content"], got["finish_reason"]) == ("2 + 2 = ", "stop")


def test_where_reasoning_goes(gateway: DemoGateway) -> None:
    assert stream(gateway, "2+2?").joined("reasoning_content")
    sophia = stream(gateway, "2+2?", path=SOPHIA, model="openai/gpt-oss-120b")
    assert sophia.joined("reasoning")
    assert not sophia.joined("reasoning_content")
    assert sophia.chunks[0]["choices"][0]["delta"]["content"] == ""
    assert not stream(gateway, "2+2?", path=MINERVA, model="nemotron-3-ultra").joined("reasoning_content")


def test_thinking_tags_inside_the_content(gateway: DemoGateway) -> None:
    gateway.set_state("metis", "DeepSeek-V3.1-Terminus", "running")
    assert stream(gateway, "2+2?", model="DeepSeek-V3.1-Terminus").joined().startswith("<think>\n")


def test_reasoning_effort_changes_its_length(gateway: DemoGateway) -> None:
    lengths = [
        len(stream(gateway, "explain Mars", reasoning_effort=effort).joined("reasoning_content"))
        for effort in ("low", "medium", "high")
    ]
    assert lengths == sorted(set(lengths))


def test_small_budgets_leave_no_room_for_reasoning(gateway: DemoGateway) -> None:
    assert not stream(gateway, "explain Mars", max_tokens=40).joined("reasoning_content")
    assert stream(gateway, "explain Mars", max_tokens=40, reasoning_effort="low").joined("reasoning_content")


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("2000 tokens at max speed", 2000),
        ("Write 150 tokens at 5,000 tokens/s about lakes", 150),
        ("10k tokens at max speed please", 10_000),
        ("write 77 tokens", 77),
    ],
)
def test_long_ones_on_demand(gateway: DemoGateway, prompt: str, count: int) -> None:
    got = stream(gateway, prompt)
    assert got.chunks[-1]["usage"]["completion_tokens"] == count
    assert got.finish_reasons == ["stop"]


def test_a_pace_on_demand(gateway: DemoGateway) -> None:
    began = time.monotonic()
    got = stream(gateway, "300 tokens at 400 tokens per second")
    took = time.monotonic() - began
    assert got.chunks[-1]["usage"]["completion_tokens"] == 300
    # Never faster than asked; how much slower depends on the machine.
    assert took >= 299 / 400 * 0.98


def test_headers_come_long_before_the_first_delta(gateway: DemoGateway) -> None:
    connection = connect(gateway)
    body = json.dumps(payload("@@slow_start:30@@ hello", stream=True))
    connection.request("POST", "/resource_server/" + CHAT, body, headers_with("good-token"))
    reply = connection.getresponse()
    assert reply.status == 200
    connection.close()


def test_connections_are_kept_alive(gateway: DemoGateway) -> None:
    connection = connect(gateway)
    seen = set()
    for body in (payload("hi", stream=True), payload("hi"), payload("hi", max_tokens=-1), payload("hi", stream=True)):
        connection.request("POST", "/resource_server/" + CHAT, json.dumps(body), headers_with("good-token"))
        reply = connection.getresponse()
        reply.read()
        seen.add(connection.sock.getsockname() if connection.sock else None)
    assert len(seen) == 1
    assert None not in seen
    connection.close()


def test_images_only_for_models_that_see(gateway: DemoGateway) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "what is this?"}, image]}]
    blind = call(gateway, CHAT, {"model": "gpt-oss-120b", "messages": messages})
    assert blind.status == 500
    assert "image input is not supported" in blind.error["message"]
    seeing = call(gateway, CHAT, {"model": "gemma-4-31B-it", "messages": messages})
    assert "I see 1 image" in seeing.json["choices"][0]["message"]["content"]


def test_half_surrogates_do_not_break_a_reply(gateway: DemoGateway) -> None:
    body = '{"model": "gpt-oss-120b", "stream": true, "messages": [{"role": "user", "content": "what is \\ud83d?"}]}'
    assert call(gateway, CHAT, body).data_lines[-1] == "[DONE]"


@pytest.mark.parametrize(
    "text",
    ["", "  a  b\n\n c\t\td _x__", "naïve — Ω 你好 🚀 \r\n", "supercomputers " * 3, "1234567.89 $$\\frac{a}{b}$$ "],
)
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text
