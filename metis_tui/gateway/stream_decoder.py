"""Splits a server-sent event stream into its JSON events. Pure: bytes in, events out; knows nothing of replies.

Lines end at LF, CR LF or CR only: JSON strings may carry U+2028 and its like. Every data line that is JSON by
itself is an event at once, because a server that dies between two events fuses their lines, and because blank
lines may be missing. A line that is not JSON waits for the blank line, in case the JSON goes over several lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_LINE_BYTES = 32 * 1024 * 1024
"""A longer line is taken for garbage; it keeps a broken server from filling the memory."""

_GLUED_ERROR = re.compile(r'\{\s*"id"\s*:\s*"chatcmpl-api-error"')
_decode_json = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class JsonEvent:
    """A JSON object; `name` is the event's name, mostly empty."""

    content: dict[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class EndMark:
    """The [DONE] that ends a stream."""


@dataclass(frozen=True, slots=True)
class BrokenEvent:
    """Data that should have been JSON; `rescued` is the gateway's error object when one is glued into it."""

    raw: str
    rescued: dict[str, Any] | None = None


StreamEvent = JsonEvent | EndMark | BrokenEvent


class StreamDecoder:
    """Feed it bytes cut anywhere; it gives events in order. `close` tells what an abrupt end left behind."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._last_was_cr = False
        self._held: list[str] = []
        self._name = ""
        self.stray = ""
        """The first text that is no event stream, such as a web page; at most 2,000 characters."""

    def feed(self, piece: bytes) -> list[StreamEvent]:
        """The events that are complete now."""
        events: list[StreamEvent] = []
        for line in self._lines(piece):
            events.extend(self._take_line(line))
        return events

    def close(self) -> list[StreamEvent]:
        """What the end of the stream left: an event without its blank line, or the start of a line."""
        line = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        events = list(self._take_line(line)) if line else []
        events.extend(self._flush())
        return events

    def _lines(self, piece: bytes) -> Iterator[bytes]:
        if self._last_was_cr and piece[:1] == b"\n":
            piece = piece[1:]
            self._last_was_cr = False
        if not piece:
            return
        self._last_was_cr = piece.endswith(b"\r")
        lines = piece.splitlines()  # of bytes: at LF, CR LF and CR, never elsewhere
        rest = b"" if piece.endswith((b"\n", b"\r")) else lines.pop()
        for line in lines:
            if self._pieces:
                line = b"".join((*self._pieces, line))
                self._pieces, self._size = [], 0
            yield line
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > MAX_LINE_BYTES:
                self._pieces, self._size = [], 0
                yield b"data: {line too long"
                yield b""

    def _take_line(self, line: bytes) -> Iterator[StreamEvent]:
        if not line:
            yield from self._flush()
            return
        text = line.decode("utf-8", "replace")
        if not text.startswith("data:"):
            self._take_field(text)
            return
        data = text[5:].lstrip(" ")
        if not self._held and not data.startswith("{"):
            if data.strip() == "[DONE]":
                yield EndMark()
            elif "chatcmpl-api-error" in data:
                self._held.append(data)
            return  # anything else that is no object carries no part of a reply
        content = None if self._held else _as_object(data)
        if content is None:
            self._held.append(data)
            return
        yield JsonEvent(content, self._name)

    def _take_field(self, text: str) -> None:
        field, _, value = text.partition(":")
        if field == "event":
            self._name = value.strip()
        elif field not in ("", "id", "retry") and len(self.stray) < 2000:
            self.stray = (self.stray + text + "\n")[:2000]

    def _flush(self) -> Iterator[StreamEvent]:
        held, name = self._held, self._name
        self._held, self._name = [], ""
        if not held:
            return
        whole = "\n".join(held)
        content = _as_object(whole)
        if content is not None:
            yield JsonEvent(content, name)
            return
        rescued = _glued_error(whole)
        if rescued is not None:
            yield BrokenEvent(whole[:2000], rescued)
            return
        for line in held:
            content = _as_object(line)
            yield BrokenEvent(line[:2000]) if content is None else JsonEvent(content, name)


def _as_object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _glued_error(text: str) -> dict[str, Any] | None:
    """The gateway's error object inside a line that was cut off when the model's server died."""
    for match in _GLUED_ERROR.finditer(text):
        try:
            content, _ = _decode_json(text, match.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            return content
    return None
