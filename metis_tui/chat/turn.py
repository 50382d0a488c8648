"""What happens in a turn, as data. Front ends match on these; the engine yields them.

Events are named tuples: a dataclass costs seven times as much to define, at every start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import ChatMessage, Params, Role, Usage
from metis_tui.chat.errors import ChatError


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Everything the gateway needs for one reply."""

    model: ServedModel
    messages: tuple[tuple[Role, str], ...]
    params: Params
    """Checked against the gateway's contract before sending."""

    @property
    def sha256(self) -> str:
        """Of the request in canonical JSON: model, messages and parameters, keys sorted, no spaces, UTF-8.

        It tells whether two replies answer the very same words with the same settings; the way the request was
        sent (streaming, headers, cluster) does not count.
        """
        import hashlib
        import json

        messages = [{"role": role, "content": text} for role, text in self.messages]
        content = {**self.params, "model": self.model.name, "messages": messages}
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class TextDelta(NamedTuple):
    text: str


class ReasoningDelta(NamedTuple):
    text: str


class UsageReported(NamedTuple):
    usage: Usage


class ReplyAccepted(NamedTuple):
    """The gateway answered 200. It says nothing about the model: the reply may still fail."""

    request_id: str | None = None


class ReplyFinished(NamedTuple):
    """The model ended its reply. `finish_reason` is the server's word: stop, length, ..."""

    finish_reason: str
    request_id: str | None = None


GatewayEvent = TextDelta | ReasoningDelta | UsageReported | ReplyAccepted | ReplyFinished


class TurnStarted(NamedTuple):
    """The prompt is part of the conversation and on its way; `is_saved` False: the disk did not take it yet."""

    prompt: ChatMessage
    """What the reply follows; for a continuation the partial reply that it goes on from."""
    reply_id: str
    is_saved: bool


class SignInAwaited(NamedTuple):
    """The gateway wants a fresh sign-in; the turn waits for it and then sends the very same request again."""

    error: ChatError


class ModelAwaited(NamedTuple):
    """The model is not live, or its cluster is under maintenance; the turn waits until it is known what to do."""

    error: ChatError


class ResendAwaited(NamedTuple):
    """Nothing has arrived; the same request goes out again after some seconds unless the turn is stopped."""

    error: ChatError
    seconds: float
    attempt: int
    """Counts from 1."""
    most: int


class RequestResent(NamedTuple):
    """The request is on its way again, to this model."""

    model: ServedModel


class TurnEnded(NamedTuple):
    """The reply is complete, or ended at its length limit, and part of the conversation."""

    reply: ChatMessage
    is_saved: bool


class TurnFailed(NamedTuple):
    """The turn failed. `reply` holds what arrived, marked as incomplete; its text may be empty."""

    error: ChatError
    reply: ChatMessage
    is_saved: bool


WaitEvent = SignInAwaited | ModelAwaited | ResendAwaited | RequestResent
TurnEvent = (
    TurnStarted | ReplyAccepted | ReasoningDelta | TextDelta | UsageReported | WaitEvent | TurnEnded | TurnFailed
)
