"""What happens in a turn, as data. Front ends match on these; the engine yields them."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class UsageReported:
    usage: Usage


@dataclass(frozen=True, slots=True)
class ReplyAccepted:
    """The gateway answered 200. It says nothing about the model: the reply may still fail."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The model ended its reply. `finish_reason` is the server's word: stop, length, ..."""

    finish_reason: str
    request_id: str | None = None


GatewayEvent = TextDelta | ReasoningDelta | UsageReported | ReplyAccepted | ReplyFinished


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The prompt is part of the conversation and on its way; `is_saved` False: the disk did not take it yet."""

    prompt: ChatMessage
    reply_id: str
    is_saved: bool


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The reply is complete, or ended at its length limit, and part of the conversation."""

    reply: ChatMessage
    is_saved: bool


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn failed. `reply` holds what arrived, marked as incomplete; its text may be empty."""

    error: ChatError
    reply: ChatMessage
    is_saved: bool


TurnEvent = TurnStarted | ReplyAccepted | ReasoningDelta | TextDelta | UsageReported | TurnEnded | TurnFailed
