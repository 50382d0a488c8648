"""One lane of a comparison on screen: its transcript in a frame that tells the lane's state and numbers.

Follows the turns that are given to it; knows neither the other lanes nor where replies come from.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from metis_tui.chat.comparison import RequestSent
from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.chat.turn import (
    ModelAwaited,
    ReasoningDelta,
    RequestResent,
    ResendAwaited,
    SignInAwaited,
    TextDelta,
    TurnEnded,
    TurnFailed,
    TurnStarted,
)
from metis_tui.tui import format as fmt
from metis_tui.tui.rendering.wrapping import cells, crop
from metis_tui.tui.turn_view import Phase, TurnView
from metis_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Lane, LaneEvent

LETTERS = "ABCDEFGHI"
_SIGNS = {"stop": "■", "length": "…", "error": "✕", "interrupted": "✕", "cancelled": "□", None: "○"}


class LanePane(Vertical):
    """A lane. `number` counts from 1; what it holds after the message `shown_after` is shown."""

    class Changed(Message):
        """The lane's state or numbers changed."""

    class Ended(Message):
        """A turn of the lane is over, however it ended."""

        def __init__(self, pane: LanePane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, lane: Lane, number: int, shown_after: str) -> None:
        super().__init__(classes="lane")
        self.lane = lane
        self.number = number
        self.turn = TurnView(model=lane.model.key)
        self.failure: ChatError | None = None
        self.hold: Callable[[int, str], None] | None = None
        """Takes the text instead of the transcript, for lanes that are shown in lock-step."""
        self.is_blind = False
        self._shown_after = shown_after
        self._sent_at = 0.0
        self._first: float | None = None
        self._is_awaited = False
        """Its request waits for a connection, or for the limit on requests."""
        self._kept: ChatMessage | None = None
        """The reply that is shown as it ended."""
        self.transcript = Transcript()

    def compose(self) -> ComposeResult:
        yield self.transcript

    def on_mount(self) -> None:
        self.show_thread()

    def on_resize(self) -> None:
        self.tell()  # other facts fit

    # --- what is shown ----------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        return self.turn.is_running

    @property
    def name_shown(self) -> str:
        """Its letter while names are hidden, else `model@cluster`."""
        return LETTERS[self.number - 1] if self.is_blind else printable_line(self.lane.model.key, 120)

    def show_thread(self) -> None:
        """Shows the lane as it is kept."""
        self.transcript.show([self._as_shown(message) for message in self.lane.messages(self._shown_after)])
        self._kept = self.lane.reply
        self.tell()

    def _as_shown(self, message: ChatMessage) -> ChatMessage:
        if message.role != "assistant":
            return message
        if self.is_blind:
            return replace(message, model=None, cluster=None, usage=None, timing=None, reasoning="")
        return replace(message, model=None, cluster=None)

    def tell(self) -> None:
        """Brings the frame up to date."""
        self.border_title = f"{self.number} {self.sign} {self.name_shown}"
        self.border_subtitle = self.facts()
        self.post_message(self.Changed())

    @property
    def sign(self) -> str:
        """The lane's state in a character, without colour."""
        if self.is_busy:
            return "◐" if self.turn.phase in (Phase.STREAMING, Phase.REASONING) else "◌"
        reply = self.lane.reply
        return _SIGNS[reply.stop] if reply is not None else "○"

    def facts(self) -> str:
        """State, first-delta latency, tokens a second, tokens, stop reason; in blind mode only whether it is done."""
        if self.is_busy:
            words = self.turn.words(time.monotonic())
            if self.is_blind:
                return "writing" if self.turn.phase is not Phase.IDLE else ""
            first = f"first {fmt.latency(self._first)} · " if self._first is not None else ""
            return f"{first}{words}"
        if self._is_awaited:
            return "getting ready"
        reply = self.lane.reply
        if reply is None:
            return "not asked"
        if self.is_blind:
            return "done" if reply.stop in ("stop", "length") else "failed" if reply.failure else "stopped"
        return fitting(reply_facts(reply), max(12, self.size.width - 6))

    def strip(self, room: int) -> str:
        """The lane in so many cells, for the line that shows all lanes: state and rate before the name."""
        facts = self._brief_facts(room)
        start = f"{self.number} {self.sign} "
        name = self.name_shown if self.is_blind else self.name_shown.partition("@")[0].rpartition("/")[2]
        name = crop(name, max(4, room - len(start) - cells(facts) - 1))
        return crop(f"{start}{name} {facts}".rstrip(), room)

    def _brief_facts(self, room: int) -> str:
        reply = self.lane.reply
        if self.is_blind or self.is_busy or reply is None:
            words = (
                self.facts()
                .removeprefix("first ")
                .replace("streaming ~", "~")
                .replace("waiting for the model", "waits")
            )
            parts = [part for part in words.split(" · ") if part]
        else:
            parts = [fact.removeprefix("first ").removesuffix(" tokens") for fact in reply_facts(reply)]
            parts = ["failed"] if reply.failure is not None and room < 40 else parts
        while len(parts) > 1 and cells(" · ".join(parts)) > room - 12:
            del parts[-1 if len(parts) > 2 else 0]  # the rate stays longest
        return " · ".join(parts)

    # --- a turn -----------------------------------------------------------------------------------

    def get_ready(self) -> None:
        """Its request leaves as soon as all that it needs is there."""
        self._is_awaited = True
        self.tell()

    async def follow(self, events: AsyncGenerator[LaneEvent, None]) -> None:
        """Shows a turn until its end. Cancel it to stop the turn; what arrived is kept."""
        self.failure, self._first, self._is_awaited = None, None, False
        self.turn.start(time.monotonic(), self.lane.model.key)
        self.tell()
        ticker = self.set_interval(1.0, self._tick)
        try:
            async with aclosing(events):
                async for event in events:
                    self._present(event)
        except ChatError as refusal:
            self.failure = refusal
        finally:
            ticker.stop()
            if self.turn.is_running:  # stopped, or refused before it began
                reply = self.lane.reply
                if reply is not None:
                    self._end(reply, "stopped")
                else:
                    self.turn.phase = Phase.IDLE
            self.tell()
            self.post_message(self.Ended(self))

    def _present(self, event: LaneEvent) -> None:
        now = time.monotonic()
        match event:
            case TextDelta(text):
                self._delta(Phase.STREAMING, len(text), now)
                self.hold(self.number - 1, text) if self.hold is not None else self.transcript.add_text(text)
            case ReasoningDelta(text):
                self._delta(Phase.REASONING, len(text), now)
                if self.hold is None:
                    self.transcript.add_reasoning(text)
            case TurnStarted(prompt, reply_id, _):
                self._begin(prompt, reply_id)
            case TurnEnded(reply, _):
                self._end(reply, "")
            case TurnFailed(error, reply, _):
                self.failure = error
                self._end(reply, "failed")
            case SignInAwaited():
                self.turn.wait_for_sign_in()
            case ModelAwaited():
                self.turn.wait_for_model()
            case ResendAwaited(error, seconds, attempt, most):
                self.turn.wait_to_resend(error, now + seconds, attempt, most)
            case RequestSent() | RequestResent():
                self._sent_at = now
                self.turn.sent(now)
            case _:
                return
        if not isinstance(event, (TextDelta, ReasoningDelta)):
            self.tell()

    def _begin(self, prompt: ChatMessage, reply_id: str) -> None:
        self._sent_at = time.monotonic()
        self.turn.sent(self._sent_at)
        messages = self.lane.messages(self._shown_after)
        self.transcript.show([self._as_shown(message) for message in messages])
        self.transcript.begin_reply(ChatMessage(reply_id, prompt.id, "assistant", "", prompt.created_ms))

    def _delta(self, phase: Phase, length: int, now: float) -> None:
        is_first = self.turn.phase is not phase
        if self._first is None:
            self._first = now - self._sent_at
        self.turn.delta(phase, length, now)
        if is_first:
            self.tell()

    def _end(self, reply: ChatMessage, outcome: str) -> None:
        self.turn.end(reply, outcome)
        self._kept = reply
        if self.hold is None:
            self.transcript.end_reply(self._as_shown(reply))

    def _tick(self) -> None:
        if not self.is_blind:
            self.transcript.set_activity("")
        self.tell()

    def finish_hold(self) -> None:
        """Everything held back was shown: the reply as it ended."""
        self.hold = None
        if self._kept is not None and not self.is_busy:
            self.transcript.end_reply(self._as_shown(self._kept))


def fitting(facts: list[str], room: int) -> str:
    """The facts joined; without room the first text and token counts go first, and last of all why it stopped."""
    kept = list(facts)
    while len(kept) > 1 and len(" · ".join(kept)) > room:
        spared = (n for n, fact in enumerate(kept) if fact.startswith("text ") or fact.endswith(" tokens"))
        del kept[next(spared, 0)]
    return " · ".join(kept)


def reply_facts(reply: ChatMessage) -> list[str]:
    """What is known of a reply, the most telling first; a token count that is an estimate is marked "~"."""
    facts: list[str] = []
    tokens = reply.usage.completion_tokens if reply.usage else None
    is_counted = tokens is not None
    if tokens is None:
        tokens = round((len(reply.text) + len(reply.reasoning)) / 4)
    mark = "" if is_counted else "~"
    timing = reply.timing
    if timing is not None:
        facts.append(f"first {fmt.latency(timing.first_delta_seconds)}")
        if timing.first_reasoning_seconds is not None and timing.first_text_seconds is not None:
            facts.append(f"text {fmt.latency(timing.first_text_seconds)}")
        rate = timing.tokens_per_second(tokens)
        if rate is not None:
            facts.append(f"{mark}{fmt.rate(rate)}")
    if tokens:
        facts.append(f"{mark}{tokens:,} tokens")
    facts.append(
        printable_line(reply.failure.title, 60)
        if reply.failure is not None
        else {"cancelled": "stopped", None: "incomplete"}.get(reply.stop, reply.stop or "")
    )
    return [fact for fact in facts if fact]
