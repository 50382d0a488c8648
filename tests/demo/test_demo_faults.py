"""Every fault marker, streamed and not."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from demo_calls import CHAT, Got, chat, connect, headers_with, payload, stream

from metis_tui.demo.faults import CONTROL_TEXT, FAULT_NAMES, UNICODE_TEXT, split_faults
from metis_tui.demo.server import DemoGateway

BEFORE_THE_STREAM = [
    ("maintenance", 503, "cluster_under_maintenance"),
    ("not_live", 503, "is not currently live on Metis."),
    ("tpm", 429, '"user_model_usage": 60000'),
    ("tpm_global", 429, '"global_model_usage": 100000'),
    ("throttle", 429, '{"detail": "Too many requests."}'),
    ("nginx_rate", 429, '"error": "Rate limit exceeded"'),
    ("internal", 500, '"error_id"'),
    ("too_large", 413, "<h1>413 Request Entity Too Large</h1>"),
    ("html502", 502, "<h1>502 Bad Gateway</h1>"),
    ("html504", 504, "<h1>504 Gateway Time-out</h1>"),
    ("site_down", 503, '{"detail": "Service is temporarily down for maintenance."}'),
    ("group", 401, "Globus Group restrictions"),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("name", "status", "text"), BEFORE_THE_STREAM)
def test_faults_before_the_stream(gateway: DemoGateway, name: str, status: int, text: str, streamed: bool) -> None:
    got = chat(gateway, f"hi @@{name}@@ {streamed}", stream=streamed)
    assert got.status == status
    assert text in got.text


def test_a_fault_that_befalls_one_model_spares_the_others(gateway: DemoGateway) -> None:
    prompt = "hi @@http500@@ @@only:gemma@@"
    assert chat(gateway, prompt).status == 200
    assert chat(gateway, prompt, model="gemma-4-31B-it").status == 500


UPSTREAM = [
    ("http500", 500, "RDU worker crashed"),
    ("http429", 429, "Rate limit exceeded for model gpt-oss-120b"),
    ("http401", 401, "Invalid API key"),
    ("http413ctx", 400, "maximum context length is 131072 tokens"),
    ("tool_call", 400, "Model started a function call"),
]


@pytest.mark.parametrize(("name", "status", "text"), UPSTREAM)
def test_upstream_errors(gateway: DemoGateway, name: str, status: int, text: str) -> None:
    plain = chat(gateway, f"hi @@{name}@@")
    assert (plain.status, plain.error["code"]) == (status, "internal_endpoint_error")
    assert plain.error["message"].startswith(f"Upstream endpoint returned {status}: b")
    streamed = stream(gateway, f"hi @@{name}@@")
    assert streamed.status == 200
    assert streamed.in_band_error.startswith("\n\n[ERROR] Error: Unexpected error calling stream API")
    assert text in streamed.in_band_error
    assert streamed.data_lines[-1] == "[DONE]"


def content_deltas(got: Got) -> int:
    deltas = [chunk["choices"][0]["delta"] for chunk in got.chunks if chunk["choices"]]
    return sum(bool(delta.get("content")) for delta in deltas)


@pytest.mark.parametrize("name", ["die_mid", "error_event_mid", "bad_json", "cut_socket", "reset"])
def test_how_much_comes_before_a_fault(gateway: DemoGateway, name: str) -> None:
    """Text comes before the fault even when a model reasons first; an argument tells how much."""
    got = chat(gateway, f"explain Mars @@{name}:6@@", stream=True)
    before = got.text.split("{this is not json")[0].split("chatcmpl-api-error")[0]
    assert 6 <= before.count('"content": "') <= 7
    assert before.count('"reasoning_content": "') > 6


def test_upstream_dies(gateway: DemoGateway) -> None:
    before = stream(gateway, "hi @@die_before@@")
    assert "without sending a response" in before.in_band_error
    assert len(before.chunks) == 1
    mid = stream(gateway, "hi @@die_mid@@", max_tokens=40)
    assert "incomplete chunked read" in mid.in_band_error
    assert len(mid.chunks) == 5
    assert chat(gateway, "hi @@die_mid@@").error["message"].startswith("HTTP error calling API at http://")


def test_hanging_upstream(gateway: DemoGateway) -> None:
    got = stream(gateway, "hi @@hang:0.05@@")
    assert "Timeout calling stream API at" in got.in_band_error
    mid = stream(gateway, "explain Mars @@hang_mid:0.05@@")
    assert content_deltas(mid) == 4
    assert "Timeout" in mid.in_band_error
    plain = chat(gateway, "hi @@hang:0.05@@")
    assert (plain.status, plain.error["info"]) == (504, {"timeout": 5})


def test_error_chunk_glued_to_half_a_line(gateway: DemoGateway) -> None:
    got = stream(gateway, "hi @@cut_in_line@@")
    glued = [line for line in got.data_lines if "chatcmpl-api-error" in line]
    assert len(glued) == 1
    assert ' pladata: {"id": "chatcmpl-api-error"' in glued[0]
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(glued[0])


def test_two_data_lines_in_one_event(gateway: DemoGateway) -> None:
    got = stream(gateway, "hi @@cut_in_event@@")
    assert any(event.count("data: {") == 2 for event in got.text.split("\n\n"))


@pytest.mark.parametrize("name", ["cut_socket", "reset"])
@pytest.mark.parametrize("streamed", [False, True])
def test_broken_connections(gateway: DemoGateway, name: str, streamed: bool) -> None:
    got = chat(gateway, f"hi there @@{name}@@", stream=streamed)
    assert got.broken
    assert not got.text.endswith("[DONE]\n\n")


def test_reset_is_a_reset(gateway: DemoGateway) -> None:
    connection = connect(gateway)
    body = json.dumps(payload("hi @@reset@@", stream=True))
    connection.request("POST", "/resource_server/" + CHAT, body, headers_with("good-token"))
    reply = connection.getresponse()
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        list(iter(lambda: reply.read1(100), b""))
    connection.close()


def test_stall_goes_on_after_a_while(gateway: DemoGateway) -> None:
    got = stream(gateway, "explain Mars @@stall:0.1@@", max_tokens=30)
    assert got.finish_reasons == ["length"]
    assert got.chunks[-1]["usage"]["completion_tokens"] == 30


FOUR = "The answer is 4."


def reasoning_of(got: Got) -> tuple[str, str, str]:
    return got.joined("reasoning_content"), got.joined("reasoning"), got.joined()


def test_reasoning_markers(gateway: DemoGateway) -> None:
    thought = "The user asks 2+2. That is 4."
    assert reasoning_of(stream(gateway, "2+2? @@reasoning_content@@")) == (thought, "", FOUR)
    assert reasoning_of(stream(gateway, "2+2? @@reasoning@@")) == ("", thought, FOUR)
    assert reasoning_of(stream(gateway, "2+2? @@think_tags@@")) == ("", "", "<think>2+2 is 4</think>" + FOUR)
    assert stream(gateway, "@@think_unclosed@@").joined().startswith("<think>Two and")
    message = chat(gateway, "2+2? @@reasoning@@").json["choices"][0]["message"]
    assert (message["reasoning"], message["content"]) == (thought, FOUR)


def test_empty_reply(gateway: DemoGateway) -> None:
    assert stream(gateway, "@@empty@@").joined() == ""
    assert chat(gateway, "@@empty@@").json["choices"][0]["message"]["content"] == ""


def test_characters_split_between_reads(gateway: DemoGateway) -> None:
    assert stream(gateway, "@@split_utf8@@").joined() == UNICODE_TEXT + FOUR


def test_control_characters_arrive_as_they_are(gateway: DemoGateway) -> None:
    got = stream(gateway, "@@control@@")
    assert got.joined() == CONTROL_TEXT
    assert chat(gateway, "@@control@@").json["choices"][0]["message"]["content"] == CONTROL_TEXT


def test_endings(gateway: DemoGateway) -> None:
    no_done = stream(gateway, "hi @@no_done@@")
    assert "[DONE]" not in no_done.data_lines
    assert no_done.finish_reasons == ["stop"]
    no_finish = stream(gateway, "hi @@no_finish@@")
    assert no_finish.data_lines[-1] == "[DONE]"
    assert no_finish.finish_reasons == []
    assert stream(gateway, "explain Mars @@length@@").finish_reasons == ["length"]
    assert content_deltas(stream(gateway, "explain Mars @@length:5@@")) == 5
    assert not any(chunk.get("usage") for chunk in stream(gateway, "hi @@usage_missing@@").chunks)
    error = stream(gateway, "hi @@error_event_mid@@")
    assert json.loads(error.data_lines[-1])["error"]["code"] == "internal_error"


def test_lines_that_are_no_chunks(gateway: DemoGateway) -> None:
    page = stream(gateway, "hi @@html200@@")
    assert page.headers["content-type"] == "text/event-stream"
    assert page.data_lines == []
    assert "<html>" in page.text
    assert chat(gateway, "hi @@html200@@").error["code"] == "internal_error"
    assert "{this is not json" in stream(gateway, "hi @@bad_json@@").data_lines
    assert ": still here\n\n" in stream(gateway, "hi @@comments@@").text


def test_huge_line(gateway: DemoGateway) -> None:
    assert max(len(line) for line in stream(gateway, "@@huge_line@@").data_lines) > 200_000
    assert max(len(line) for line in stream(gateway, "@@huge_line:5000@@").data_lines) < 6_000


def test_slow_start_waits(gateway: DemoGateway) -> None:
    connection = connect(gateway, timeout=0.2)
    body = json.dumps(payload("hi @@slow_start:30@@", stream=True))
    connection.request("POST", "/resource_server/" + CHAT, body, headers_with("good-token"))
    reply = connection.getresponse()
    with pytest.raises(socket.timeout):
        reply.read1(10)
    connection.close()


def test_markers_combine_and_unknown_ones_stay() -> None:
    prompt, faults = split_faults("a @@slow_start:1.5@@ b @@die_mid@@ @@nothing@@")
    assert [(fault.name, fault.value) for fault in faults] == [("slow_start", "1.5"), ("die_mid", None)]
    assert prompt.endswith("@@nothing@@")
    assert faults[0].number(9) == 1.5
    assert split_faults("@@stall:soon@@")[1][0].number(9) == 9


def test_only_the_last_prompt_counts(gateway: DemoGateway) -> None:
    messages = [
        {"role": "user", "content": "hi @@http500@@"},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": "hi"},
    ]
    assert "in-band" not in FAULT_NAMES
    got = stream(gateway, "", messages=messages)
    assert got.in_band_error == ""
    assert got.finish_reasons == ["stop"]
