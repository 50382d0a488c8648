"""Prints one turn as text, as one JSON object or as one JSON object per event. Knows nothing of how turns run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Protocol

from metis_tui.chat.conversation import ChatMessage, Conversation, Timing, Usage
from metis_tui.chat.errors import ChatError
from metis_tui.chat.turn import (
    ReasoningDelta,
    ReplyAccepted,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
    UsageReported,
)
from metis_tui.cli import diagnostics
from metis_tui.cli.output import Output


class ReplyPrinter(Protocol):
    def show(self, event: TurnEvent, conversation: Conversation) -> None:
        """One event of the turn."""

    def refused(self, error: ChatError) -> None:
        """The turn could not begin."""

    def interrupted(self, conversation: Conversation) -> None:
        """The user stopped it; the conversation's last message is what arrived."""


def make_printer(shape: str, output: Output, *, is_saving: bool) -> ReplyPrinter:
    """The printer for text, json or jsonl."""
    if shape == "json":
        return JsonReply(output, is_saving)
    if shape == "jsonl":
        return JsonEvents(output, is_saving)
    return TextReply(output, is_saving)


class TextReply:
    """The reply's text as it comes, and nothing else."""

    def __init__(self, output: Output, is_saving: bool) -> None:
        self._output = output
        self._is_saving = is_saving

    def show(self, event: TurnEvent, conversation: Conversation) -> None:
        match event:
            case TextDelta(text):
                self._output.text(text)
            case TurnEnded(_, is_saved) | TurnFailed(_, _, is_saved):
                self._output.end_line()
                _warn_unsaved(is_saved)
            case _:
                pass

    def refused(self, error: ChatError) -> None:
        pass

    def interrupted(self, conversation: Conversation) -> None:
        self._output.end_line()


class JsonReply:
    """One object at the end, whatever the end is."""

    def __init__(self, output: Output, is_saving: bool) -> None:
        self._output = output
        self._is_saving = is_saving

    def show(self, event: TurnEvent, conversation: Conversation) -> None:
        match event:
            case TurnEnded(reply, is_saved):
                self._print(reply, conversation, None, is_saved)
            case TurnFailed(error, reply, is_saved):
                self._print(reply, conversation, error, is_saved)
            case _:
                pass

    def refused(self, error: ChatError) -> None:
        self._output.json(reply_as_json(None, None, error, is_saved=False))

    def interrupted(self, conversation: Conversation) -> None:
        self._print(last_reply(conversation), conversation, None, True)

    def _print(
        self, reply: ChatMessage | None, conversation: Conversation, error: ChatError | None, is_saved: bool
    ) -> None:
        self._output.json(reply_as_json(reply, conversation, error, is_saved=is_saved and self._is_saving))
        _warn_unsaved(is_saved)


class JsonEvents:
    """One line for each event, as it comes."""

    def __init__(self, output: Output, is_saving: bool) -> None:
        self._output = output
        self._is_saving = is_saving

    def show(self, event: TurnEvent, conversation: Conversation) -> None:
        match event:
            case TurnStarted(prompt, reply_id, is_saved):
                is_saved = is_saved and self._is_saving
                names = {"conversation": conversation.id, "prompt": prompt.id, "message": reply_id}
                self._print("started", **names, served_model=conversation.model, is_saved=is_saved)
            case ReplyAccepted(request_id):
                self._print("accepted", request_id=request_id)
            case ReasoningDelta(text):
                self._print("reasoning", text=text)
            case TextDelta(text):
                self._print("text", text=text)
            case UsageReported(usage):
                self._print("usage", usage=_usage(usage))
            case TurnEnded(reply, is_saved):
                self._end("ended", reply, conversation, None, is_saved)
            case TurnFailed(error, reply, is_saved):
                self._end("failed", reply, conversation, error, is_saved)

    def refused(self, error: ChatError) -> None:
        self._end("failed", None, None, error, False)

    def interrupted(self, conversation: Conversation) -> None:
        self._end("interrupted", last_reply(conversation), conversation, None, True)

    def _end(
        self,
        name: str,
        reply: ChatMessage | None,
        conversation: Conversation | None,
        error: ChatError | None,
        is_saved: bool,
    ) -> None:
        self._print(name, **reply_as_json(reply, conversation, error, is_saved=is_saved and self._is_saving))
        if reply is not None:
            _warn_unsaved(is_saved)

    def _print(self, name: str, **facts: object) -> None:
        self._output.json({"event": name, **facts}, is_compact=True)


def reply_as_json(
    reply: ChatMessage | None, conversation: Conversation | None, error: ChatError | None, *, is_saved: bool
) -> dict[str, object]:
    """The object that `ask --json` prints; the same keys however the turn ended."""
    timing = reply.timing if reply else None
    return {
        "text": reply.text if reply else "",
        "reasoning": reply.reasoning if reply else "",
        "usage": _usage(reply.usage) if reply else None,
        "timing": _timing(timing, reply.usage) if reply and timing else None,
        "model": reply.model if reply else None,
        "cluster": reply.cluster if reply else None,
        "framework": reply.framework if reply else None,
        "stop": reply.stop if reply else None,
        "conversation": conversation.id if conversation else None,
        "message": reply.id if reply else None,
        "request_id": reply.request_id if reply else None,
        "is_saved": is_saved,
        "error": diagnostics.as_json(error) if error else None,
    }


def last_reply(conversation: Conversation) -> ChatMessage | None:
    message = conversation.messages.get(conversation.head or "")
    return message if message is not None and message.role == "assistant" else None


def _usage(usage: Usage | None) -> dict[str, object] | None:
    return asdict(usage) if usage else None


def _timing(timing: Timing, usage: Usage | None) -> dict[str, object]:
    rate = timing.tokens_per_second(usage.completion_tokens) if usage else None
    return {
        "first_reasoning_seconds": timing.first_reasoning_seconds,
        "first_text_seconds": timing.first_text_seconds,
        "first_delta_seconds": timing.first_delta_seconds,
        "total_seconds": timing.total_seconds,
        "tokens_per_second": None if rate is None else round(rate, 2),
    }


def _warn_unsaved(is_saved: bool) -> None:
    if not is_saved:
        diagnostics.warn("the conversation is not saved: the disk does not take it")
