"""Answers one chat request that passed every check: a reply, with its faults. Knows nothing of sockets."""

from __future__ import annotations

import asyncio
import random
import string
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .catalogue import DemoModel
from .errors import Answer, json_answer
from .events import Delta, EventEncoder, Usage, whole_reply
from .faults import (
    Fault,
    Reply,
    Stream,
    befalling,
    changed,
    early_answer,
    plain_answer,
    split_faults,
    stream_script,
    wait_seconds,
)
from .replies import compose, content_text
from .script import Script
from .tokens import count_tokens


@dataclass(frozen=True)
class StreamedReply:
    """A reply that goes out as events."""

    script: Script
    tokens: int


@dataclass(frozen=True)
class TornReply:
    """A whole reply whose connection ends half-way through its body; with an empty one before the first byte."""

    answer: Answer
    reset: bool


ChatAnswer = Answer | StreamedReply | TornReply


def last_prompt(messages: list[dict[str, Any]]) -> str:
    """Text of the last user message."""
    for message in reversed(messages):
        if message["role"] == "user":
            return content_text(message["content"])
    return ""


def _has_images(messages: list[dict[str, Any]]) -> bool:
    contents = [message.get("content") for message in messages]
    return any(
        isinstance(part, dict) and part.get("type") == "image_url"
        for content in contents
        if isinstance(content, list)
        for part in content
    )


class ChatDesk:
    """Makes the answers of all models."""

    def __init__(self, speed: float, seed: int | None, now: Callable[[], float] = time.time) -> None:
        self.speed = speed
        self._random = random.Random(seed)
        self._now = now

    def _new_id(self) -> str:
        return "chatcmpl-" + "".join(self._random.choices(string.ascii_letters + string.digits, k=32))

    async def answer(self, payload: dict[str, Any], model: DemoModel) -> tuple[ChatAnswer, int]:
        """The answer, and the tokens it used if that is known already."""
        payload = {key: value for key, value in payload.items() if value is not None}
        _, asked_for = split_faults(last_prompt(payload["messages"]))
        faults = befalling(asked_for, f"{payload['model']}@{model.cluster}")
        for fault in faults:
            early = early_answer(fault, payload["model"], model.cluster)
            if early is not None:
                return early, 0
        if _has_images(payload["messages"]) and not model.sees_images:
            faults.insert(0, Fault("image"))
        asked = self._prompt_tokens(payload)
        if asked > model.context_window_tokens:
            faults.insert(0, Fault("http413ctx", f"{model.context_window_tokens}/{asked}"))
        streamed = payload.get("stream") in (True, 1, "true")
        reply = changed(self._reply(payload, model, streamed), faults)
        usage = Usage(asked, len(reply.deltas))
        created = int(self._now())
        if not streamed:
            answer = await self._plain(payload, reply, faults, usage, created)
            has_answered = not isinstance(answer, Answer) or answer.status == 200
            return answer, usage.prompt_tokens + usage.completion_tokens if has_answered else 0
        encoder = EventEncoder(self._new_id(), payload["model"], created, model.framework)
        stream = Stream(reply, encoder, encoder.usage(usage), payload["model"])
        script = stream_script(stream, faults)
        return StreamedReply(script, usage.prompt_tokens + usage.completion_tokens), 0

    def _reply(self, payload: dict[str, Any], model: DemoModel, streamed: bool) -> Reply:
        composed = compose(payload, model)
        options = payload.get("stream_options") or {}
        rate = composed.tokens_per_second or model.tokens_per_second * self.speed
        return Reply(
            tuple(composed.deltas),
            composed.finish_reason,
            model.first_delta_seconds / self.speed,
            None if composed.at_full_speed else rate,
            bool(options.get("include_usage")) or not streamed,
        )

    @staticmethod
    def _prompt_tokens(payload: dict[str, Any]) -> int:
        return sum(count_tokens(content_text(message.get("content"))) + 4 for message in payload["messages"])

    async def _plain(
        self, payload: dict[str, Any], reply: Reply, faults: list[Fault], usage: Usage, created: int
    ) -> Answer | TornReply:
        for fault in faults:
            await asyncio.sleep(wait_seconds(fault))
            failed = plain_answer(fault, payload["model"])
            if failed is not None:
                return failed
        rate = reply.deltas_per_second
        await asyncio.sleep(reply.first_delta_seconds + (len(reply.deltas) / rate if rate else 0.0))
        body = whole_reply(
            self._new_id(),
            payload["model"],
            created,
            reply.deltas or (Delta("content", ""),),
            reply.finish_reason or "stop",
            usage if reply.with_usage else None,
            int(payload.get("n", 1)),
        )
        answer = json_answer(200, body)
        torn = next((fault for fault in faults if fault.name in ("cut_socket", "reset")), None)
        return TornReply(answer, torn.name == "reset") if torn else answer
