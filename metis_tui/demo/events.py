"""Encodes a reply as server-sent events or as one JSON body. Knows nothing of time or sockets.

The key order and the constant fields are those of the two kinds of upstream: SambaStack's (framework api) and vLLM's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

DONE = b"data: [DONE]\n\n"
ERROR_ID = "chatcmpl-api-error"

_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True)
class Delta:
    """One piece of a reply and the key that carries it."""

    key: str
    text: str


@dataclass(frozen=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int

    def as_json(self) -> dict[str, Any]:
        return {
            "completion_tokens": self.completion_tokens,
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": 0},
        }


class EventEncoder:
    """Turns deltas into chunk events of one reply; the constant parts are encoded once."""

    def __init__(self, reply_id: str, model: str, created: int, framework: str) -> None:
        self._vllm = framework == "vllm"
        self._head = {"id": reply_id, "object": "chat.completion.chunk", "created": created, "model": model}
        if not self._vllm:
            self._head["system_fingerprint"] = "b0-unknown"
        self.model, self.created = model, created
        blank = self._event(self._chunk({"MARK": "MARK"}, None)).decode()
        before, after = blank.split('"MARK": "MARK"')
        self._before, self._after = before.encode(), after.encode()

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        if self._vllm:
            choice["logprobs"] = None
        return {"choices": [choice], **self._head}

    @staticmethod
    def _event(value: Any) -> bytes:
        return f"data: {_encode(value)}\n\n".encode()

    def opening(self) -> bytes:
        content = "" if self._vllm else None
        return self._event(self._chunk({"role": "assistant", "content": content}, None))

    def deltas(self, deltas: Sequence[Delta]) -> bytes:
        before, after = self._before, self._after
        return b"".join(
            b'%b"%b": %b%b' % (before, delta.key.encode(), _encode(delta.text).encode(), after) for delta in deltas
        )

    def finish(self, reason: str) -> bytes:
        return self._event(self._chunk({}, reason))

    def usage(self, usage: Usage) -> bytes:
        return self._event({"choices": [], **self._head, "usage": usage.as_json()})

    def error_event(self) -> bytes:
        """An error object inside the stream, as some upstreams send it."""
        message = "The server had an error while processing your request"
        return self._event({"error": {"message": message, "type": "server_error", "code": "internal_error"}})

    def error_chunk(self, message: str) -> bytes:
        """The gateway's own words on an upstream failure: an ordinary content chunk with a telling id."""
        delta = {"role": "assistant", "content": f"\n\n[ERROR] Error: {message}"}
        choice = {"index": 0, "delta": delta, "finish_reason": "stop"}
        head = {"id": ERROR_ID, "object": "chat.completion.chunk"}
        return self._event({**head, "created": self.created, "model": self.model, "choices": [choice]})


def whole_reply(
    reply_id: str,
    model: str,
    created: int,
    deltas: Sequence[Delta],
    finish_reason: str,
    usage: Usage | None,
    choices: int = 1,
) -> dict[str, Any]:
    """The body of a reply that was not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in deltas:
        message[delta.key] = message.get(delta.key, "") + delta.text
    body: dict[str, Any] = {
        "choices": [{"finish_reason": finish_reason, "index": index, "message": message} for index in range(choices)],
        "created": created,
        "model": model,
        "system_fingerprint": "b0-unknown",
        "object": "chat.completion",
    }
    if usage is not None:
        body["usage"] = usage.as_json()
    body["id"] = reply_id
    return body
