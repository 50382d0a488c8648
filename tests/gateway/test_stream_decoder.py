"""The event stream decoder: cut at every byte, and damaged as real servers damage it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.gateway import stream_decoder
from metis_tui.gateway.stream_decoder import BrokenEvent, EndMark, JsonEvent, StreamDecoder, StreamEvent

GLUED = '{"id": "chatcmpl-api-error", "choices": [{"delta": {"content": "[ERROR] x"}, "finish_reason": "stop"}]}'


def decode(*pieces: bytes) -> list[StreamEvent]:
    decoder = StreamDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


def event(**content: object) -> JsonEvent:
    return JsonEvent(dict(content))


STREAMS: list[tuple[bytes, list[StreamEvent]]] = [
    (b"", []),
    (b'data: {"a": 1}\n\ndata: [DONE]\n\n', [event(a=1), EndMark()]),
    (b'data:{"a": 1}\r\n\r\ndata: [DONE]\r\n\r\n', [event(a=1), EndMark()]),
    (b'data: {"a": 1}\r\rdata: {"a": 2}\r\r', [event(a=1), event(a=2)]),
    (b': waiting\n\ndata: {"a": 1}\n\n: still\n\n', [event(a=1)]),
    (
        b'id: 7\nretry: 3\nevent: error\ndata: {"a": 1}\n\ndata: {"a": 2}\n\n',
        [JsonEvent({"a": 1}, "error"), event(a=2)],
    ),
    (b'data: {"a":\ndata: 1}\n\n', [event(a=1)]),
    (b'data: {"a": 1}\ndata: {"a": 2}\n\n', [event(a=1), event(a=2)]),
    (b'data: {"a": 1}', [event(a=1)]),
    (b'data: {"a": 1}\n\ndata: {"a"', [event(a=1), BrokenEvent('{"a"')]),
    (b'data: {"a": bad\ndata: {"b": 1}\n\n', [BrokenEvent('{"a": bad'), event(b=1)]),
    (b"data: ping\n\ndata: 12\n\ndata:\n\n", []),
    ('data: {"a": "é—你🚀"}\n\n'.encode(), [event(a="é—你🚀")]),
    ('data: {"a": "x\u2028y\u2029z\u0085w"}\n\n'.encode(), [event(a="x\u2028y\u2029z\u0085w")]),
    (b'data: {"a": "\xff"}\n\n', [event(a="\ufffd")]),
    (
        f'data: {{"a": " pladata: {GLUED}\n\ndata: [DONE]\n\n'.encode(),
        [BrokenEvent(f'{{"a": " pladata: {GLUED}', json.loads(GLUED)), EndMark()],
    ),
    (f'data: {{"a": 1}}\ndata: {GLUED}\n\n'.encode(), [event(a=1), JsonEvent(json.loads(GLUED))]),
    (
        f'data: {{"a": " pla\ndata: {GLUED}\n\n'.encode(),
        [BrokenEvent(f'{{"a": " pla\n{GLUED}', json.loads(GLUED))],
    ),
    (f"data: pladata: {GLUED}\n\n".encode(), [BrokenEvent(f"pladata: {GLUED}", json.loads(GLUED))]),
]


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_a_stream_may_be_cut_at_every_byte(stream: bytes, events: list[StreamEvent]) -> None:
    assert decode(stream) == events
    assert decode(*(stream[place : place + 1] for place in range(len(stream)))) == events
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], stream[cut:]) == events


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=8) | st.integers(), max_size=3), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.data(),
)
def test_any_json_comes_through_any_cut(
    contents: list[dict[str, object]], line_end: str, is_ascii: bool, data: st.DataObject
) -> None:
    stream = "".join(f"data: {json.dumps(c, ensure_ascii=is_ascii)}{line_end * 2}" for c in contents).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decode(*pieces) == [JsonEvent(content) for content in contents]


def test_events_are_given_before_their_blank_line() -> None:
    decoder = StreamDecoder()
    assert decoder.feed(b'data: {"a": 1}\n') == [event(a=1)]


def test_a_page_is_kept_for_the_failure() -> None:
    decoder = StreamDecoder()
    assert decoder.feed(b"<html>\n<title>Sign in</title>\n" + b"x" * 5000 + b"\n") == []
    assert decoder.stray.startswith("<html>\n<title>Sign in</title>")
    assert len(decoder.stray) <= 2000


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_decoder, "MAX_LINE_BYTES", 1000)
    decoder = StreamDecoder()
    events = [event for _ in range(30) for event in decoder.feed(b"data: " + b"x" * 100)]
    assert [type(event) for event in events] == [BrokenEvent] * 3


def test_deeply_nested_json_is_broken_and_not_a_crash() -> None:
    assert [type(e) for e in decode(b"data: " + b'{"a":' * 100_000 + b"\n\n")] == [BrokenEvent]
