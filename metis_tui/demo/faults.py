"""Finds fault markers such as `@@die_mid@@` or `@@stall:20@@` in a prompt and turns replies into failing ones.

What each fault looks like on the wire follows the public gateway; the byte-level ones are what proxies and broken
connections do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from .errors import (
    Answer,
    detail,
    gateway_error,
    internal_error,
    nginx_page,
    nginx_rate_limit,
    not_live,
    too_many_tokens,
    under_maintenance,
    upstream_status,
)
from .events import DONE, Delta, EventEncoder
from .scenario import METIS_NOTICE
from .script import Cut, Drip, Paced, Pause, Script, Step, Write

UPSTREAM = "http://sambastack-07.internal:8093/v1/chat/completions"
HANG_SECONDS = 2.5
STALL_SECONDS = 10.0
SLOW_START_SECONDS = 2.0
DELTAS_BEFORE_FAULT = 3

_SPARING = "only"
_MARKER = re.compile(r"@@([a-z][a-z0-9_]*)(?::([^@]*))?@@")


@dataclass(frozen=True)
class Fault:
    name: str
    value: str | None = None

    def number(self, default: float) -> float:
        """The marker's argument as a number of seconds or deltas; the default when it is none."""
        try:
            return max(0.0, float(self.value)) if self.value else default
        except ValueError:
            return default


def split_faults(prompt: str) -> tuple[str, list[Fault]]:
    """The prompt without its markers, and the faults they ask for; unknown markers stay in the text."""
    faults: list[Fault] = []

    def take(match: re.Match[str]) -> str:
        if match[1] not in FAULT_NAMES and match[1] != _SPARING:
            return match[0]
        faults.append(Fault(match[1], match[2]))
        return ""

    return _MARKER.sub(take, prompt).strip(), faults


def befalling(faults: list[Fault], served_model: str) -> list[Fault]:
    """The faults that befall a model: `@@only:sophia@@` spares those without that in their `model@cluster`."""
    wanted = [fault.value or "" for fault in faults if fault.name == _SPARING]
    if wanted and not any(part in served_model for part in wanted):
        return []
    return [fault for fault in faults if fault.name != _SPARING]


ACCESS_FAULTS = ("lapse", "inactive", "wrong_identity", "globus_down", "group")
"""What befalls the caller's access, before anything else is looked at. Each strikes once for a prompt."""


def access_faults(prompt: str) -> list[str]:
    """The names of the faults in a prompt that befall the caller's access."""
    return [fault.name for fault in split_faults(prompt)[1] if fault.name in ACCESS_FAULTS]


@dataclass(frozen=True)
class Reply:
    """What a model would send if nothing failed."""

    deltas: tuple[Delta, ...]
    finish_reason: str | None
    first_delta_seconds: float
    deltas_per_second: float | None
    with_usage: bool
    with_done: bool = True


# ----------------------------------------------------------------------------------------------------
# Faults that answer before any stream begins


def _error(message: str, kind: str, code: str | None) -> str:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


_UPSTREAM_ERRORS: dict[str, tuple[int, str]] = {
    "http500": (500, _error("Internal server error: RDU worker crashed", "server_error", "internal_error")),
    "http429": (
        429,
        _error("Rate limit exceeded for model {model}", "rate_limit_error", "rate_limit_exceeded"),
    ),
    "http401": (401, _error("Invalid API key", "authentication_error", None)),
    "http413ctx": (
        400,
        _error(
            "This model's maximum context length is {limit} tokens. However, you requested {asked} tokens",
            "invalid_request_error",
            "context_length_exceeded",
        ),
    ),
    "image": (
        500,
        '{"error": {"code": 500, "message": "image input is not supported by this model", "type": "server_error"}}',
    ),
    "tool_call": (
        400,
        '{"error": "Model started a function call but did not complete it.", "error_code": null}',
    ),
}
"""Upstream status and body; a stream hides the status and shows the text inside one chunk."""


def _upstream_body(fault: Fault, model: str) -> str:
    limit, _, asked = (fault.value or "131072/140000").partition("/")
    body = _UPSTREAM_ERRORS[fault.name][1].replace("{model}", model)
    return body.replace("{limit}", limit).replace("{asked}", asked)


_EARLY: dict[str, Callable[[str, str], Answer]] = {
    "maintenance": lambda model, cluster: under_maintenance(METIS_NOTICE),
    "not_live": not_live,
    "tpm": lambda model, cluster: too_many_tokens(60_000, 60_000),
    "tpm_global": lambda model, cluster: too_many_tokens(100_000, 1_200),
    "throttle": lambda model, cluster: detail(429, "Too many requests."),
    "nginx_rate": lambda model, cluster: nginx_rate_limit(),
    "internal": lambda model, cluster: internal_error("ed689b17ef1f49a2b8f07352ea57bba5"),
    "too_large": lambda model, cluster: nginx_page(413, "Request Entity Too Large"),
    "http502": lambda model, cluster: nginx_page(502, "Bad Gateway"),
    "html502": lambda model, cluster: nginx_page(502, "Bad Gateway"),
    "html504": lambda model, cluster: nginx_page(504, "Gateway Time-out"),
    "site_down": lambda model, cluster: detail(503, "Service is temporarily down for maintenance."),
}


def early_answer(fault: Fault, model: str, cluster: str) -> Answer | None:
    """The answer of a fault that strikes before upstream is called, streaming or not."""
    make = _EARLY.get(fault.name)
    return make(model, cluster) if make else None


def plain_answer(fault: Fault, model: str) -> Answer | None:
    """The answer of a fault on a call that is not streamed; None when the fault leaves it whole."""
    if fault.name in _UPSTREAM_ERRORS:
        return upstream_status(_UPSTREAM_ERRORS[fault.name][0], _upstream_body(fault, model))
    if fault.name in ("die_before", "die_mid", "cut_in_line", "cut_in_event"):
        why = (
            "Server disconnected without sending a response."
            if fault.name == "die_before"
            else "peer closed connection without sending complete message body"
        )
        return gateway_error(500, "internal_endpoint_error", f"HTTP error calling API at {UPSTREAM}: {why}")
    if fault.name in ("hang", "hang_mid", "stall"):
        return gateway_error(504, "internal_endpoint_error", f"Timeout calling {UPSTREAM}.", {"timeout": 5})
    if fault.name in ("html200", "bad_json"):
        return internal_error("e82350ee3c234041b1c6ff3ffa8dd85a")
    if fault.name == "error_event_mid":
        return upstream_status(500, _error("The server had an error", "server_error", "internal_error"))
    return None


def wait_seconds(fault: Fault) -> float:
    """How long a call that is not streamed waits before its fault shows."""
    waits = {"hang": HANG_SECONDS, "hang_mid": HANG_SECONDS, "stall": STALL_SECONDS, "slow_start": SLOW_START_SECONDS}
    return fault.number(waits[fault.name]) if fault.name in waits else 0.0


# ----------------------------------------------------------------------------------------------------
# Faults that change what the model sends

CONTROL_TEXT = (
    "Before \x1b[31mred\x1b[0m \x1b]52;c;cm0gLXJmIH4=\x07clipboard \x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\"
    " \x9b2Jc1 \x00nul \u202eright-to-left\u202c zero\u200bwidth\u2060joined \ufeffmark "
    "line\u2028separator next\x85line \x07bell\x08\x08 after."
)
"""Text with terminal commands, C0 and C1 controls, bidirectional overrides and invisible characters inside."""
UNICODE_TEXT = "naïve — Ω 你好 🚀"
HUGE_LINE_CHARACTERS = 200_000


def _answer_is_four(*reasoning: tuple[str, str]) -> Callable[[Reply, Fault], Reply]:
    deltas = tuple(Delta(key, text) for key, text in reasoning) + _contents("The ", "answer ", "is 4.")
    return lambda reply, fault: replace(reply, deltas=deltas, finish_reason="stop")


def _contents(*texts: str) -> tuple[Delta, ...]:
    return tuple(Delta("content", text) for text in texts)


def _slow_start(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, first_delta_seconds=fault.number(SLOW_START_SECONDS))


def _huge_line(reply: Reply, fault: Fault) -> Reply:
    size = int(fault.number(HUGE_LINE_CHARACTERS))
    words = ("data " * (size // 5 + 1))[:size]
    return replace(reply, deltas=_contents("One long line: ", words, " end."), finish_reason="stop")


def _control(reply: Reply, fault: Fault) -> Reply:
    pieces = [CONTROL_TEXT[start : start + 7] for start in range(0, len(CONTROL_TEXT), 7)]
    return replace(reply, deltas=_contents(*pieces), finish_reason="stop")


def _shortened(reply: Reply, fault: Fault) -> Reply:
    reasoning = sum(delta.key != "content" for delta in reply.deltas)
    return replace(reply, deltas=reply.deltas[: reasoning + int(fault.number(40))], finish_reason="length")


def _empty(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, deltas=(), finish_reason="stop")


_CHANGES: dict[str, Callable[[Reply, Fault], Reply]] = {
    "reasoning_content": _answer_is_four(
        ("reasoning_content", "The user "), ("reasoning_content", "asks 2+2. "), ("reasoning_content", "That is 4.")
    ),
    "reasoning": _answer_is_four(
        ("reasoning", "The user "), ("reasoning", "asks 2+2. "), ("reasoning", "That is 4.")
    ),
    "think_tags": _answer_is_four(
        ("content", "<th"), ("content", "ink>2+2"), ("content", " is 4</thi"), ("content", "nk>")
    ),
    "think_unclosed": lambda reply, fault: replace(
        reply,
        deltas=_contents("<think>", "Two and ", "two make ", "four, but ", "I never stop thinking"),
        finish_reason="stop",
    ),
    "empty": _empty,
    "control": _control,
    "huge_line": _huge_line,
    "length": _shortened,
    "slow_start": _slow_start,
    "no_done": lambda reply, fault: replace(reply, with_done=False),
    "no_finish": lambda reply, fault: replace(reply, finish_reason=None),
    "usage_missing": lambda reply, fault: replace(reply, with_usage=False),
}


def changed(reply: Reply, faults: list[Fault]) -> Reply:
    """The reply after every fault that changes its words or its end."""
    for fault in faults:
        change = _CHANGES.get(fault.name)
        if change:
            reply = change(reply, fault)
    return reply


# ----------------------------------------------------------------------------------------------------
# Faults on the wire of a stream


@dataclass(frozen=True)
class Stream:
    """One streamed reply on its way: the reply, its encoder and the last event that carries the usage."""

    reply: Reply
    encoder: EventEncoder
    usage_event: bytes
    model: str

    def paced(self, first: int = 0, last: int | None = None) -> Paced:
        deltas = self.reply.deltas[first:last]
        encoder = self.encoder
        return Paced(len(deltas), lambda start, end: encoder.deltas(deltas[start:end]), self.reply.deltas_per_second)

    def ending(self) -> bytes:
        parts = [self.encoder.finish(self.reply.finish_reason)] if self.reply.finish_reason else []
        if self.reply.with_usage:
            parts.append(self.usage_event)
        if self.reply.with_done:
            parts.append(DONE)
        return b"".join(parts)

    def opened(self) -> list[Step]:
        return [Pause(self.reply.first_delta_seconds), Write(self.encoder.opening())]

    def broken_at(self, content_deltas: float) -> int:
        """How many deltas go out before a fault: any reasoning, and so many that carry content."""
        for position, delta in enumerate(self.reply.deltas):
            if delta.key == "content":
                return position + int(content_deltas)
        return len(self.reply.deltas)

    def begun(self, content_deltas: float = DELTAS_BEFORE_FAULT) -> list[Step]:
        """The opening and the deltas before a fault."""
        return [*self.opened(), self.paced(0, self.broken_at(content_deltas))]

    def rest(self, content_deltas: float = DELTAS_BEFORE_FAULT) -> list[Step]:
        """All that `begun` left out."""
        return [self.paced(self.broken_at(content_deltas)), Write(self.ending())]

    def failed(self, message: str) -> Write:
        return Write(self.encoder.error_chunk(message) + DONE)


def whole_script(stream: Stream) -> Script:
    return [*stream.opened(), stream.paced(), Write(stream.ending())]


def _upstream_failure(stream: Stream, fault: Fault) -> Script:
    body = _upstream_body(fault, stream.model)
    why = f"Unexpected error calling stream API: Error: Could not send stream API call to {UPSTREAM}: {body}"
    return [Pause(min(0.05, stream.reply.first_delta_seconds)), stream.failed(why)]


_PEER_CLOSED = (
    f"HTTP error calling stream API at {UPSTREAM}: peer closed connection without sending complete message body "
    "(incomplete chunked read)"
)


def _die_before(stream: Stream, fault: Fault) -> Script:
    why = f"HTTP error calling stream API at {UPSTREAM}: Server disconnected without sending a response."
    return [Pause(stream.reply.first_delta_seconds), stream.failed(why)]


def _die_mid(stream: Stream, fault: Fault) -> Script:
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), stream.failed(_PEER_CLOSED)]


def _cut_in_line(stream: Stream, fault: Fault) -> Script:
    line = stream.encoder.deltas(_contents(" planet"))
    torn = line[: line.index(b" planet") + 4]
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), Write(torn), stream.failed(_PEER_CLOSED)]


def _cut_in_event(stream: Stream, fault: Fault) -> Script:
    line = stream.encoder.deltas(_contents(" planet")).removesuffix(b"\n")
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), Write(line), stream.failed(_PEER_CLOSED)]


def _cut_socket(stream: Stream, fault: Fault) -> Script:
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), Cut()]


def _reset(stream: Stream, fault: Fault) -> Script:
    # The pause lets the client read what came before the reset.
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), Pause(0.05), Cut(reset=True)]


def _hang(stream: Stream, fault: Fault) -> Script:
    why = f"Timeout calling stream API at {UPSTREAM} (timeout: 5)"
    return [Pause(fault.number(HANG_SECONDS)), stream.failed(why)]


def _hang_mid(stream: Stream, fault: Fault) -> Script:
    why = f"Timeout calling stream API at {UPSTREAM} (timeout: 5)"
    return [*stream.begun(), Pause(fault.number(HANG_SECONDS)), stream.failed(why)]


def _stall(stream: Stream, fault: Fault) -> Script:
    return [*stream.begun(), Pause(fault.number(STALL_SECONDS)), *stream.rest()]


def _split_utf8(stream: Stream, fault: Fault) -> Script:
    encoder = stream.encoder
    deltas = _contents(UNICODE_TEXT, "The ", "answer ", "is 4.")
    data = encoder.opening() + encoder.deltas(deltas) + encoder.finish("stop") + DONE
    return [Drip(data)]


def _error_event_mid(stream: Stream, fault: Fault) -> Script:
    return [*stream.begun(fault.number(DELTAS_BEFORE_FAULT)), Write(stream.encoder.error_event())]


def _html200(stream: Stream, fault: Fault) -> Script:
    page = "<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n"
    return [Write(page.encode())]


def _bad_json(stream: Stream, fault: Fault) -> Script:
    count = fault.number(DELTAS_BEFORE_FAULT)
    return [*stream.begun(count), Write(b"data: {this is not json\n\n"), *stream.rest(count)]


def _comments(stream: Stream, fault: Fault) -> Script:
    return [Write(b": waiting\n\n"), *stream.begun(), Write(b": still here\n\n"), *stream.rest()]


_WIRE: dict[str, Callable[[Stream, Fault], Script]] = {
    **dict.fromkeys(_UPSTREAM_ERRORS, _upstream_failure),
    "die_before": _die_before,
    "die_mid": _die_mid,
    "cut_in_line": _cut_in_line,
    "cut_in_event": _cut_in_event,
    "cut_socket": _cut_socket,
    "reset": _reset,
    "hang": _hang,
    "hang_mid": _hang_mid,
    "stall": _stall,
    "split_utf8": _split_utf8,
    "error_event_mid": _error_event_mid,
    "html200": _html200,
    "bad_json": _bad_json,
    "comments": _comments,
}


def stream_script(stream: Stream, faults: list[Fault]) -> Script:
    """The script of the first fault that strikes on the wire, or of the whole reply."""
    for fault in faults:
        if fault.name in _WIRE:
            return _WIRE[fault.name](stream, fault)
    return whole_script(stream)


FAULT_NAMES = frozenset({*ACCESS_FAULTS, *_EARLY, *_CHANGES, *_WIRE})
