"""The reply reader: deltas, their merging, and every way a stream can end."""

from __future__ import annotations

import json

import pytest

from metis_tui.chat.conversation import Usage
from metis_tui.chat.errors import (
    ChatError,
    ContextTooLong,
    NotAGateway,
    RateLimited,
    ReplyEmpty,
    ReplyIncomplete,
    Unreachable,
    UpstreamFailure,
)
from metis_tui.chat.turn import GatewayEvent, ReasoningDelta, ReplyFinished, TextDelta, UsageReported
from metis_tui.gateway.reply import ReplyReader

DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, object] | None = None, finish: str | None = None, **more: object) -> bytes:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": choices, **more}).encode() + b"\n\n"


def error_chunk(text: str) -> bytes:
    return chunk({"role": "assistant", "content": f"\n\n[ERROR] {text}"}, "stop", id="chatcmpl-api-error")


OPENING = chunk({"role": "assistant", "content": None})
STOP = chunk(finish="stop")
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}\n\n'


def read(*pieces: bytes) -> tuple[list[GatewayEvent], ChatError | None]:
    reader = ReplyReader()
    events: list[GatewayEvent] = []
    for piece in pieces:
        events += reader.feed(piece)
        if reader.is_over:
            break
    events += reader.close()
    return events, reader.failure


def texts(events: list[GatewayEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


FINISHED = ReplyFinished("stop", "chatcmpl-1")

WHOLE: list[tuple[str, list[bytes], list[GatewayEvent]]] = [
    (
        "one read is one delta",
        [OPENING + chunk({"content": "a"}) + chunk({"content": "b"}) + STOP + DONE],
        [TextDelta("ab"), FINISHED],
    ),
    (
        "two reads are two",
        [OPENING, chunk({"content": "a"}), chunk({"content": "b"}), STOP + DONE],
        [TextDelta("a"), TextDelta("b"), FINISHED],
    ),
    (
        "the order of reasoning and text stays",
        [
            chunk({"reasoning_content": "r"})
            + chunk({"reasoning": "s"})
            + chunk({"content": "a"})
            + chunk({"reasoning": "t"})
            + chunk({"content": "b"})
            + STOP
            + DONE
        ],
        [ReasoningDelta("rs"), TextDelta("a"), ReasoningDelta("t"), TextDelta("b"), FINISHED],
    ),
    (
        "think tags are reasoning",
        [chunk({"content": "<th"}) + chunk({"content": "ink>r</think>a"}) + STOP + DONE],
        [ReasoningDelta("r"), TextDelta("a"), FINISHED],
    ),
    (
        "usage comes before the end",
        [chunk({"content": "a"}) + STOP + USAGE + DONE],
        [TextDelta("a"), UsageReported(Usage(3, 4, 7)), FINISHED],
    ),
    ("[DONE] may be missing", [chunk({"content": "a"}) + STOP], [TextDelta("a"), FINISHED]),
    (
        "the length limit is an end",
        [chunk({"content": "a"}) + chunk(finish="length") + DONE],
        [TextDelta("a"), ReplyFinished("length", "chatcmpl-1")],
    ),
    ("reasoning alone is a reply", [chunk({"reasoning": "r"}) + STOP + DONE], [ReasoningDelta("r"), FINISHED]),
    ("nothing within the length limit", [OPENING + chunk(finish="length")], [ReplyFinished("length", "chatcmpl-1")]),
    (
        "what was held back comes at the end",
        [chunk({"content": "<thin"}) + STOP + DONE],
        [TextDelta("<thin"), FINISHED],
    ),
    (
        "other choices are left aside",
        [
            b'data: {"id": "chatcmpl-1", "choices": [{"index": 1, "delta": {"content": "x"}}]}\n\n'
            + chunk({"content": "a"})
            + STOP
        ],
        [TextDelta("a"), FINISHED],
    ),
    ("a refusal is text", [chunk({"refusal": "No."}) + STOP], [TextDelta("No."), FINISHED]),
    (
        "content in parts",
        [
            chunk(
                {
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "r"}]},
                        {"type": "text", "text": "a"},
                    ]
                }
            )
            + STOP
        ],
        [ReasoningDelta("r"), TextDelta("a"), FINISHED],
    ),
]


@pytest.mark.parametrize(("pieces", "events"), [case[1:] for case in WHOLE], ids=[case[0] for case in WHOLE])
def test_whole_replies(pieces: list[bytes], events: list[GatewayEvent]) -> None:
    assert read(*pieces) == (events, None)


URL = "http://sambastack-07.internal:8093/v1/chat/completions"
SENT = f"Error: Unexpected error calling stream API: Error: Could not send stream API call to {URL}: "
TORN = chunk({"content": " planet"})
A = chunk({"content": "kept"})

FAILED: list[tuple[str, list[bytes], type[ChatError], str, str]] = [
    ("nothing at all", [b""], ReplyEmpty, "", "without a single part"),
    ("only [DONE]", [DONE], ReplyEmpty, "", "without a single part"),
    ("a page", [b"<html><head><title>Sign in</title></head></html>\n"], NotAGateway, "", "Sign in"),
    ("white space only", [chunk({"content": " \n"}) + STOP + DONE], ReplyEmpty, " \n", "without a word"),
    ("no finish_reason", [A + DONE], ReplyIncomplete, "kept", "before the model did"),
    ("torn off", [A, TORN[:60]], ReplyIncomplete, "kept", "damaged"),
    ("bad JSON", [A + b"data: {this is not json\n\n" + chunk({"content": "x"})], ReplyIncomplete, "kept", "damaged"),
    (
        "error object",
        [A, b'data: {"error": {"message": "The server had an error", "type": "server_error"}}\n\n'],
        UpstreamFailure,
        "kept",
        "The server had an error",
    ),
    (
        "error event",
        [A, b'event: error\ndata: {"message": "worker gone"}\n\n'],
        UpstreamFailure,
        "kept",
        "worker gone",
    ),
    (
        "server error",
        [error_chunk(SENT + '{"error": {"message": "RDU worker crashed", "type": "server_error"}}') + DONE],
        UpstreamFailure,
        "",
        "RDU worker crashed",
    ),
    (
        "rate limit",
        [error_chunk(SENT + '{"error": {"message": "Rate limit exceeded", "type": "rate_limit_error"}}') + DONE],
        RateLimited,
        "",
        "Rate limit exceeded",
    ),
    (
        "context",
        [error_chunk(SENT + '{"error": {"message": "too long", "code": "context_length_exceeded"}}') + DONE],
        ContextTooLong,
        "",
        "too long",
    ),
    (
        "time-out",
        [A, error_chunk(f"Error: Timeout calling stream API at {URL} (timeout: 120)") + DONE],
        UpstreamFailure,
        "kept",
        "sent nothing for 120 seconds",
    ),
    (
        "drop",
        [A, error_chunk(f"Error: HTTP error calling stream API at {URL}: peer closed connection") + DONE],
        UpstreamFailure,
        "kept",
        "broke the connection",
    ),
    (
        "drop inside a line",
        [A, TORN[:-20], error_chunk(f"Error: HTTP error calling stream API at {URL}: peer closed connection") + DONE],
        UpstreamFailure,
        "kept",
        "broke the connection",
    ),
    (
        "drop inside an event",
        [A, TORN[:-1], error_chunk(f"Error: HTTP error calling stream API at {URL}: peer closed connection") + DONE],
        UpstreamFailure,
        "kept planet",
        "broke the connection",
    ),
]


@pytest.mark.parametrize(
    ("pieces", "kind", "kept", "reason"), [case[1:] for case in FAILED], ids=[case[0] for case in FAILED]
)
def test_failed_replies_keep_what_came_before(
    pieces: list[bytes], kind: type[ChatError], kept: str, reason: str
) -> None:
    for cut in (pieces, [b"".join(pieces)]):
        events, failure = read(*cut)
        assert type(failure) is kind
        assert texts(events) == kept
        assert reason in failure.reason
        assert "internal" not in str(failure)
        assert "ERROR" not in str(failure)
        assert not any(isinstance(event, ReplyFinished) for event in events)


@pytest.mark.parametrize(
    ("before", "kind"),
    [(b"", Unreachable), (b": waiting\n\n", Unreachable), (OPENING, ReplyIncomplete), (A, ReplyIncomplete)],
)
def test_a_broken_connection_is_an_incomplete_reply_once_something_came(before: bytes, kind: type[ChatError]) -> None:
    reader = ReplyReader()
    reader.feed(before)
    reader.break_off(Unreachable("broke"))
    reader.close()
    assert type(reader.failure) is kind
    assert reader.failure.reason == "broke"


def test_a_connection_that_breaks_after_the_finish_reason_spoils_nothing() -> None:
    reader = ReplyReader()
    reader.feed(A + STOP)
    reader.break_off(Unreachable("broke"))
    assert reader.close() == [FINISHED]
    assert reader.failure is None


def test_a_completion_that_comes_at_once_is_a_reply() -> None:
    reader = ReplyReader()
    message = {"role": "assistant", "content": "Earth.", "reasoning_content": "Third."}
    events = reader.take_whole(
        {"id": "chatcmpl-1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    )
    assert events == [ReasoningDelta("Third."), TextDelta("Earth."), FINISHED]
