"""Every rule for a chat request, as the list of problems it makes."""

from __future__ import annotations

from typing import Any

import pytest
from demo_calls import CHAT, call, payload

from metis_tui.demo.contract import chat_problems
from metis_tui.demo.server import DemoGateway

HI = [{"role": "user", "content": "hi"}]
USER = {"role": "user"}
TOOL = {"type": "function", "function": {"name": "f"}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def with_message(**message: Any) -> dict[str, Any]:
    return {"messages": [message]}


GOOD: list[dict[str, Any]] = [
    {},
    {"messages": []},
    {"temperature": 0, "top_p": 1, "frequency_penalty": -2, "presence_penalty": 2.0},
    {"max_tokens": 0, "max_completion_tokens": 7, "seed": 3, "n": 128},
    {"stop": "x"},
    {"stop": ["a", "b", "c", "d"]},
    {"stream": True, "stream_options": {"include_usage": True}},
    {"stream_options": {}},
    {"reasoning_effort": "high"},
    {"metadata": {"k" * 64: "v" * 512}},
    {"logprobs": True, "top_logprobs": 20},
    {"tools": [TOOL] * 128, "tool_choice": "auto"},
    {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}},
    {"extra_body": {"use_beam_search": False}, "user": "u", "store": False, "service_tier": "auto"},
    {"temperature": None, "stop": None, "stream": None},
    with_message(role="system", content=["a", "b"]),
    with_message(role="developer", content="a"),
    with_message(role="tool", content="a", tool_call_id="1"),
    with_message(role="assistant", content=None),
    with_message(role="assistant"),
    with_message(role="assistant", content="a", reasoning="r", reasoning_content="r"),
    with_message(role="user", content=[{"type": "text", "text": "a"}, IMAGE], name="me"),
]

BAD: list[tuple[dict[str, Any], str, list[Any]]] = [
    ({"model": ""}, "string_too_short", ["model"]),
    ({"model": None}, "string_type", ["model"]),
    ({"model": 3}, "string_type", ["model"]),
    ({"messages": None}, "list_type", ["messages"]),
    ({"messages": {}}, "list_type", ["messages"]),
    *[
        ({key: 1}, "extra_forbidden", [key])
        for key in ("top_k", "min_p", "repetition_penalty", "chat_template_kwargs", "include_reasoning")
    ],
    ({"frequency_penalty": -2.1}, "greater_than_equal", ["frequency_penalty"]),
    ({"presence_penalty": 2.1}, "less_than_equal", ["presence_penalty"]),
    ({"temperature": -0.1}, "greater_than_equal", ["temperature"]),
    ({"temperature": 2.1}, "less_than_equal", ["temperature"]),
    ({"temperature": "hot"}, "float_parsing", ["temperature"]),
    ({"temperature": []}, "float_type", ["temperature"]),
    ({"top_p": 1.1}, "less_than_equal", ["top_p"]),
    ({"max_tokens": -1}, "greater_than_equal", ["max_tokens"]),
    ({"max_tokens": 1.5}, "int_from_float", ["max_tokens"]),
    ({"max_tokens": "many"}, "int_parsing", ["max_tokens"]),
    ({"max_completion_tokens": -1}, "greater_than_equal", ["max_completion_tokens"]),
    ({"n": 0}, "greater_than_equal", ["n"]),
    ({"n": 129}, "less_than_equal", ["n"]),
    ({"top_logprobs": 21, "logprobs": True}, "less_than_equal", ["top_logprobs"]),
    ({"top_logprobs": 2}, "value_error", []),
    ({"stop": []}, "value_error", []),
    ({"stop": list("abcde")}, "value_error", []),
    ({"stop": 3}, "string_type", ["stop", "str"]),
    ({"stream": "perhaps"}, "bool_parsing", ["stream"]),
    ({"stream": {}}, "bool_type", ["stream"]),
    ({"stream_options": {"other": 1}}, "extra_forbidden", ["stream_options", "other"]),
    ({"reasoning_effort": "none"}, "enum", ["reasoning_effort"]),
    ({"reasoning_effort": "xhigh"}, "enum", ["reasoning_effort"]),
    ({"metadata": {str(n): "v" for n in range(17)}}, "value_error", ["metadata"]),
    ({"metadata": {"k" * 65: "v"}}, "value_error", ["metadata"]),
    ({"metadata": {"k": "v" * 513}}, "value_error", ["metadata"]),
    ({"metadata": {"k": 1}}, "string_type", ["metadata", "k"]),
    ({"tools": [TOOL] * 129}, "too_long", ["tools"]),
    ({"tools": [{**TOOL, "x": 1}]}, "extra_forbidden", ["tools", 0, "x"]),
    ({"logit_bias": []}, "dict_type", ["logit_bias"]),
    ({"extra_body": {"other": 1}}, "extra_forbidden", ["extra_body", "other"]),
    ({"response_format": {}}, "missing", ["response_format", "type"]),
    (with_message(content="a"), "value_error", ["messages", 0]),
    (with_message(role="robot", content="a"), "value_error", ["messages", 0]),
    ({"messages": ["text"]}, "model_attributes_type", ["messages", 0]),
    (with_message(role="user"), "missing", ["messages", 0, "content"]),
    (with_message(role="user", content=None), "string_type", ["messages", 0, "content", "str"]),
    (with_message(role="user", content="a", timestamp=1), "extra_forbidden", ["messages", 0, "timestamp"]),
    (with_message(role="user", content="a", reasoning="r"), "extra_forbidden", ["messages", 0, "reasoning"]),
    (with_message(role="system", content="a", reasoning="r"), "extra_forbidden", ["messages", 0, "reasoning"]),
    (with_message(role="assistant", content="a", annotations=[]), "extra_forbidden", ["messages", 0, "annotations"]),
    (with_message(role="tool", content="a"), "missing", ["messages", 0, "tool_call_id"]),
    (with_message(role="system", content=[{"type": "text"}]), "string_type", ["messages", 0, "content", "str"]),
    (with_message(role="user", content=[{"type": "video"}]), "string_type", ["messages", 0, "content", "str"]),
    (with_message(role="user", content=[{**IMAGE, "x": 1}]), "string_type", ["messages", 0, "content", "str"]),
]  # fmt: skip


@pytest.mark.parametrize("change", GOOD)
def test_good_requests_pass(change: dict[str, Any]) -> None:
    assert chat_problems({"model": "m", "messages": HI} | change) == []


@pytest.mark.parametrize(("change", "kind", "loc"), BAD)
def test_bad_requests_are_told(change: dict[str, Any], kind: str, loc: list[Any]) -> None:
    first = chat_problems({"model": "m", "messages": HI} | change)[0]
    assert (first["type"], first["loc"]) == (kind, ["body", "payload", *loc])


def test_image_parts_are_strict() -> None:
    problems = chat_problems({"model": "m", "messages": [{**USER, "content": [{**IMAGE, "x": 1}]}]})
    assert problems[1]["type"] == "extra_forbidden"
    assert problems[1]["loc"] == ["body", "payload", "messages", 0, "content", "list[UserMessageContent]", 0, "x"]


def test_missing_keys_are_all_told() -> None:
    assert [problem["loc"][-1] for problem in chat_problems({})] == ["messages", "model"]
    assert chat_problems([])[0]["type"] == "model_attributes_type"


def test_limits_come_with_their_context() -> None:
    [problem] = chat_problems({"model": "m", "messages": HI, "temperature": 2.5})
    assert problem["msg"] == "Input should be less than or equal to 2"
    assert problem["ctx"] == {"le": 2.0}


def test_all_problems_are_listed_at_once(gateway: DemoGateway) -> None:
    got = call(gateway, CHAT, payload(temperature=5, top_p=3))
    assert got.status == 422
    assert [problem["loc"][-1] for problem in got.json["detail"]] == ["temperature", "top_p"]


def test_bodies_that_are_no_request(gateway: DemoGateway) -> None:
    not_json = call(gateway, CHAT, "hello {")
    assert (not_json.status, not_json.json) == (400, {"detail": "Cannot parse request body"})
    empty = call(gateway, CHAT, "")
    assert empty.status == 422
    assert empty.json["detail"] == [{"type": "missing", "loc": ["body", "payload"], "msg": "Field required"}]
    assert call(gateway, CHAT, b"\xff\xfe\x00").status == 400
    assert call(gateway, CHAT, "[" * 100_000).status == 400
    assert call(gateway, CHAT, "[]").status == 422


def test_large_bodies(gateway: DemoGateway) -> None:
    fits = call(gateway, CHAT, payload("x" * 2_400_000, max_tokens=3))
    assert fits.status == 400
    assert "maximum context length is 131072 tokens" in fits.error["message"]
    large = call(gateway, CHAT, payload("x" * 2_700_000))
    assert large.status == 500
    assert large.error["code"] == "internal_error"
    assert len(large.error["error_id"]) == 32
    assert "info" not in large.error
    huge = call(gateway, CHAT, b"x" * (20 * 1024 * 1024 + 1))
    assert huge.status == 413
    assert huge.headers["content-type"] == "text/html"


def test_the_content_type_does_not_matter(gateway: DemoGateway) -> None:
    assert call(gateway, CHAT, payload(max_tokens=2), headers={"Content-Type": "text/plain"}).status == 200
