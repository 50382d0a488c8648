"""What a running turn looks like: its phase, how long, how fast. Pure; knows nothing of widgets.

Waiting and stalls are told honestly: a 200 from the gateway means nothing until the first delta.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from metis_tui.chat.conversation import ChatMessage, Usage
from metis_tui.chat.errors import ChatError, RateLimited
from metis_tui.tui import format as fmt

STALL_SECONDS = 8
"""A stream that is silent for longer is called stalled."""
_RATE_WINDOW_SECONDS = 3.0

_USUAL_CHARACTERS_PER_TOKEN = 4.0


class Phase(str, Enum):
    IDLE = "idle"
    SAVING = "saving"
    WAITING = "waiting"
    SIGNING_IN = "waiting for you to sign in"
    MODEL_AWAITED = "waiting for the model"
    RESENDING = "sending again"
    REASONING = "reasoning"
    STREAMING = "streaming"


@dataclass(slots=True)
class TurnView:
    """Follows one turn. Times are seconds on a monotonic clock."""

    model: str = ""
    """`model@cluster` of the turn."""
    _learned: dict[str, float] = field(default_factory=dict)
    phase: Phase = Phase.IDLE
    outcome: str = ""
    """How the last turn ended, in a word: stopped, failed, or empty."""
    _since: float = 0.0
    _last_delta: float = 0.0
    _characters: int = 0
    _window: list[tuple[float, int]] = field(default_factory=list)
    failure: ChatError | None = None
    """Why the request is to be sent again, while that is awaited."""
    _resend: tuple[float, int, int] = (0.0, 0, 0)
    """When, the attempt's number, and how many there are at most."""

    @property
    def is_running(self) -> bool:
        return self.phase is not Phase.IDLE

    def start(self, now: float, model: str = "") -> None:
        self.model = model
        self.phase, self.outcome, self._since, self._last_delta = Phase.SAVING, "", now, now
        self._characters = 0
        self._window.clear()

    def sent(self, now: float) -> None:
        self.failure = None
        self.phase, self._since, self._last_delta = Phase.WAITING, now, now

    def wait_for_sign_in(self) -> None:
        """The user has all the time: that is no waiting for the gateway, and no stall."""
        self.phase = Phase.SIGNING_IN

    def wait_for_model(self) -> None:
        self.phase = Phase.MODEL_AWAITED

    def wait_to_resend(self, failure: ChatError, at: float, attempt: int, most: int) -> None:
        """The request has failed before its first word and goes out again at that time."""
        self.phase, self.failure, self._resend = Phase.RESENDING, failure, (at, attempt, most)

    def delta(self, phase: Phase, length: int, now: float) -> None:
        window = self._window
        if phase is not self.phase:
            window.clear()  # the pause between reasoning and text is no part of either's rate
        self.phase, self._last_delta = phase, now
        self._characters += length
        if window and now - window[-1][0] < 0.1:
            window[-1] = (window[-1][0], window[-1][1] + length)
        else:
            window.append((now, length))
        while window and now - window[0][0] > _RATE_WINDOW_SECONDS:
            window.pop(0)

    def end(self, reply: ChatMessage, outcome: str) -> None:
        self.phase, self.outcome, self.failure = Phase.IDLE, outcome, None
        if reply.usage is not None:
            self.learn(reply.usage, len(reply.text) + len(reply.reasoning))

    @property
    def characters_per_token(self) -> float:
        """Learned for each model from its usage reports; turns characters into an estimate of tokens."""
        return self._learned.get(self.model, _USUAL_CHARACTERS_PER_TOKEN)

    def learn(self, usage: Usage, characters: int) -> None:
        """A short reply tells little: half of what is known changes with a reply of 200 tokens."""
        if not characters or not usage.completion_tokens:
            return
        weight = usage.completion_tokens / (usage.completion_tokens + 200)
        found = min(8.0, max(1.0, characters / usage.completion_tokens))
        self._learned[self.model] = (1 - weight) * self.characters_per_token + weight * found

    @property
    def estimated_tokens(self) -> int:
        return round(self._characters / self.characters_per_token)

    def rate(self, now: float) -> float | None:
        """Tokens a second over the last three seconds, estimated from characters."""
        if len(self._window) < 3:
            return None
        span = max(now - self._window[0][0], 0.2)
        return sum(length for _, length in self._window[1:]) / self.characters_per_token / span

    def words(self, now: float) -> str:
        """The turn state for the status bar and the reply's heading."""
        silent = now - self._last_delta
        match self.phase:
            case Phase.IDLE:
                return self.outcome
            case Phase.SAVING:
                return "saving" if silent < 2 else f"storage slow {fmt.short_duration(silent)}"
            case Phase.SIGNING_IN | Phase.MODEL_AWAITED:
                return str(self.phase.value)
            case Phase.RESENDING:
                return self._resend_words(now)
            case Phase.WAITING:
                return f"waiting {fmt.short_duration(now - self._since)}"
            case phase if silent >= STALL_SECONDS:
                return f"stalled {fmt.short_duration(silent)}"
            case phase:
                speed = self.rate(now)
                return phase.value if speed is None else f"{phase.value} ~{fmt.rate(speed)}"

    def _resend_words(self, now: float) -> str:
        at, attempt, most = self._resend
        left = max(0, math.ceil(at - now))
        why = "" if self.failure is None else f"{_in_short(self.failure)} · "
        return f"{why}again in {left // 60}:{left % 60:02d} ({attempt} of {most})"

    def is_stalled(self, now: float) -> bool:
        return self.phase in (Phase.REASONING, Phase.STREAMING) and now - self._last_delta >= STALL_SECONDS


def _in_short(failure: ChatError) -> str:
    """The failure in two words; a rate limit says whose it is."""
    if isinstance(failure, RateLimited):
        if failure.is_shared is None:
            return "rate limit"
        return "rate limit (everybody's)" if failure.is_shared else "rate limit (yours)"
    return {"unreachable": "no connection", "sign_in_service": "sign-in check failed"}.get(failure.kind, "failed")
