"""What has arrived of one reply, and the message that it becomes. Pure; knows no gateway and no store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from metis_tui.chat.conversation import ChatMessage, FailureNote, Stop, Timing, Usage
from metis_tui.chat.errors import ChatError, ReplyEmpty, ReplyIncomplete
from metis_tui.chat.printable import storable
from metis_tui.chat.turn import (
    GatewayEvent,
    ReasoningDelta,
    ReplyAccepted,
    ReplyFinished,
    RequestResent,
    TextDelta,
    UsageReported,
    WaitEvent,
)

_STOP_BY_FINISH: dict[str, Stop] = {"stop": "stop", "length": "length", "eos": "stop"}


@dataclass(slots=True)
class ReplyBuffer:
    """The truth of a streaming reply, never a widget's. Times are seconds on the monotonic clock."""

    message: ChatMessage
    """The facts known from the start; its text is empty."""
    started: float
    """When the request was sent, for the last time."""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    first_text: float | None = None
    first_reasoning: float | None = None
    last_delta: float | None = None
    usage: Usage | None = None
    finish_reason: str | None = None
    request_id: str | None = None

    @property
    def has_begun(self) -> bool:
        """Something of the reply has arrived: sending the request again would say it twice."""
        return bool(self.text or self.reasoning)

    def take(self, event: GatewayEvent | WaitEvent, now: float) -> None:
        """Keeps what the event says of the reply. A request that is sent again starts the clock again."""
        match event:
            case TextDelta(text):
                self.text.append(text)
                self.first_text = now if self.first_text is None else self.first_text
                self.last_delta = now
            case ReasoningDelta(text):
                self.reasoning.append(text)
                self.first_reasoning = now if self.first_reasoning is None else self.first_reasoning
                self.last_delta = now
            case UsageReported(usage):
                self.usage = usage
            case ReplyFinished(reason, request_id):
                self.finish_reason = reason
                self.request_id = request_id or self.request_id
            case ReplyAccepted(request_id):
                self.request_id = request_id or self.request_id
            case RequestResent(model):
                self.started = now
                self.message = replace(
                    self.message,
                    model=model.name,
                    cluster=model.cluster,
                    framework=model.framework,
                    model_version=model.version or None,
                )

    def verdict(self) -> tuple[Stop, ChatError | None]:
        """How a stream that ended by itself counts: without its finish_reason it is a failure, never a reply."""
        if self.finish_reason is None:
            if self.has_begun:
                return "error", ReplyIncomplete("The stream ended before the model said that it was done.")
            return "error", ReplyEmpty("The stream ended without a single word.")
        stop = _STOP_BY_FINISH.get(self.finish_reason)
        if stop is None:
            return "error", ReplyIncomplete(f"The model ended it with the reason {self.finish_reason!r:.60}.")
        if stop == "stop" and not "".join(self.text).strip():
            return "error", ReplyEmpty("The model ended its reply without any text.")
        return stop, None

    def ended(self, stop: Stop, error: ChatError | None, created_ms: int, now: float) -> ChatMessage:
        """The reply as it is kept. Its clock stops at the last delta: a silence before a failure does not count."""
        end = self.last_delta if self.last_delta is not None else now

        def since(moment: float | None) -> float | None:
            return None if moment is None else round(moment - self.started, 4)

        return replace(
            self.message,
            text=storable("".join(self.text)),
            reasoning=storable("".join(self.reasoning)),
            created_ms=created_ms,
            usage=self.usage,
            timing=Timing(round(end - self.started, 4), since(self.first_reasoning), since(self.first_text)),
            stop=stop,
            failure=FailureNote(error.title, error.reason, error.kind, error.error_id) if error else None,
            request_id=self.request_id,
        )
