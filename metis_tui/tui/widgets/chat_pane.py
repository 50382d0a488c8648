"""One conversation on screen: transcript and prompt, and the turn that runs between them.

Owns the conversation. Knows the engine, not where replies come from nor how they are kept.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import Worker, WorkerError

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import AT_HEAD, ChatMessage, Conversation
from metis_tui.chat.errors import ChatError
from metis_tui.tui.turn_view import Phase, TurnView
from metis_tui.tui.widgets.notice_bar import NoticeBar
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.conversation import Params
    from metis_tui.chat.engine import ChatEngine
    from metis_tui.chat.turn import TurnEvent
    from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript

WELCOME = """\
 metis-tui

 Type a prompt and press Enter. Ctrl+J makes a new line.

 F2      choose a model           Ctrl+R  saved conversations
 Ctrl+N  new conversation         F7      system prompt, parameters
 F1      help                     Ctrl+P  find any action
"""
LOGGED_NOTICE = "\n The service logs prompts. Conversations are also saved on your own\n disk, at once.\n"
NOT_KEPT_NOTICE = "\n The service logs prompts. Nothing of this is kept on your own disk.\n"


class ConversationPane(Vertical):
    """A conversation on screen, and the prompt below it. Which turn runs is the chat pane's business."""

    class TurnChanged(Message):
        """The turn's phase or words changed; read `turn`."""

    class ConversationChanged(Message):
        """Another conversation is shown, or this one has a new title, model or message."""

    def __init__(self, conversation: Conversation, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.conversation = conversation
        self.turn = TurnView()
        self._transcript: ConversationTranscript | None = None

    def compose(self) -> ComposeResult:
        yield Static(WELCOME, id="welcome", markup=False)
        yield NoticeBar()
        yield PromptInput()

    def on_mount(self) -> None:
        self.prompt = self.query_one(PromptInput)
        self.notices = self.query_one(NoticeBar)

    async def add_transcript(self) -> None:
        """Loads and adds the transcript. It is a third of what is ours, so the first paint goes without it."""
        make = await in_background(_load_transcript)
        self._transcript = make()
        await self.mount(self._transcript, after="#welcome")
        self.show(self.conversation)

    @property
    def transcript(self) -> ConversationTranscript:
        """Only when the application is connected, which is a moment after the first paint."""
        if self._transcript is None:
            raise RuntimeError("not connected yet")
        return self._transcript

    @property
    def is_reading(self) -> bool:
        """Whether the transcript takes the keys."""
        return self._transcript is not None and self._transcript.has_focus

    def welcome(self, text: str) -> None:
        self.query_one("#welcome", Static).update(text)

    def show(self, conversation: Conversation) -> None:
        """Shows another conversation. No turn may be running."""
        self.conversation = conversation
        path = self._visible_path()
        self.set_class(bool(path), "-talking")
        self.transcript.show(path)
        self._path_changed(path)

    def show_branch(self, message_id: str, instead_of: str | None = None) -> None:
        """Shows the conversation's branch anew, a message of it where it, or the other one, stands on screen."""
        path = self._visible_path()
        self.set_class(bool(path), "-talking")
        self.transcript.show_in_place(path, message_id, instead_of)
        self._path_changed(path)

    def _path_changed(self, path: list[ChatMessage]) -> None:
        self.mark_headings()
        self.prompt.earlier_prompts.fill([message.text for message in path if message.role == "user"])
        self.turn.outcome = ""
        self.post_message(self.ConversationChanged())
        self.post_message(self.TurnChanged())

    def _visible_path(self) -> list[ChatMessage]:
        return [message for message in self.conversation.path() if message.role != "system"]

    def mark_headings(self) -> None:
        """What is to be said beside the names in the headings has changed."""
        from metis_tui.tui.heading_marks import heading_marks
        from metis_tui.tui.remarks import remarks_of

        self.transcript.mark(heading_marks(self.conversation))
        self.transcript.remark(remarks_of(self.conversation))


class ChatPane(ConversationPane):
    """Runs the turns of its conversation."""

    DEFAULT_CSS = """
    ChatPane { height: 1fr; }
    ChatPane Transcript { height: 1fr; display: none; }
    ChatPane #welcome { height: 1fr; color: $text-muted; padding: 1 1; }
    ChatPane.-talking Transcript { display: block; }
    ChatPane.-talking #welcome { display: none; }
    """

    @dataclass
    class TurnRefused(Message):
        """The turn could not start; the text is back in the prompt."""

        error: ChatError

    @dataclass
    class ReplyKept(Message):
        """A turn is over. `error` None: the reply is complete, or was stopped."""

        reply: ChatMessage
        error: ChatError | None
        is_saved: bool

    def __init__(
        self, conversation: Conversation, *, engine: ChatEngine | None = None, id: str | None = None
    ) -> None:
        super().__init__(conversation, id=id)
        self.engine = engine
        """None until the application is connected; needed to send."""
        self._worker: Worker[None] | None = None
        self._ticker: Timer | None = None
        self._reply_id: str | None = None
        self._model_key = ""

    @property
    def is_running(self) -> bool:
        return self._worker is not None and not self._worker.is_finished

    def send(self, text: str, model: ServedModel, *, parent: str | None = AT_HEAD) -> None:
        """Starts a turn; its events arrive as messages. No other turn may be running. `parent`: as for the engine."""
        self.prompt.earlier_prompts.add(text)
        self._model_key = model.key
        self._start(self._running_engine().send(self.conversation, text, model, parent=parent), text)

    def retry(self, model: ServedModel) -> bool:
        """Asks for another reply to the last prompt; False when there is none."""
        prompts = [message for message in self.conversation.path() if message.role == "user"]
        if not prompts:
            return False
        self.regenerate(prompts[-1].id, model)
        return True

    def regenerate(self, prompt_id: str, model: ServedModel, params: Params | None = None) -> None:
        """Asks for another reply to a prompt, with the conversation's parameters or others for this reply alone."""
        self._model_key = model.key
        self._start(self._running_engine().regenerate(self.conversation, prompt_id, model, params=params), None)

    def go_on(self, model: ServedModel) -> bool:
        """Asks the model to go on from the last reply; False when that has no text or is whole."""
        replies = [message for message in self.conversation.path() if message.role == "assistant" and message.text]
        if not replies or not replies[-1].is_incomplete:
            return False
        self._model_key = model.key
        self._start(self._running_engine().go_on(self.conversation, replies[-1].id, model), None)
        return True

    def _running_engine(self) -> ChatEngine:
        if self.engine is None:
            raise RuntimeError("not connected yet")
        return self.engine

    def _start(self, turn: AsyncGenerator[TurnEvent, None], text: str | None) -> None:
        self._worker = self.run_worker(self._run_turn(turn, text), group="turn", exit_on_error=False)

    def stop(self) -> bool:
        """Stops the running turn and keeps what has arrived; False when none runs."""
        if not self.is_running or self._worker is None:
            return False
        self._worker.cancel()
        return True

    async def settle(self) -> None:
        """Stops the running turn and waits until what arrived is kept."""
        if self.stop() and self._worker is not None:
            with suppress(WorkerError):
                await self._worker.wait()

    async def _run_turn(self, turn: AsyncGenerator[TurnEvent, None], text: str | None) -> None:
        self._reply_id = None
        self.turn.start(time.monotonic(), self._model_key)
        self._ticker = self.set_interval(1.0, self._tick)
        self.post_message(self.TurnChanged())
        try:
            async with aclosing(turn) as events:
                async for event in events:
                    if (reply := getattr(event, "reply", None)) is not None:
                        await self.transcript.prepare(reply)
                    self._present(event, is_new=text is not None)
        except ChatError as refusal:
            self.turn.phase = Phase.IDLE
            if text is not None:
                self.prompt.give_back(text)
            self.post_message(self.TurnRefused(refusal))
        finally:
            self._ticker.stop()
            reply = self.conversation.messages.get(self._reply_id or "")
            if self.turn.is_running:  # cancelled: the engine has kept what arrived
                if reply is not None:
                    self._end(reply, None, "stopped", True)
                else:
                    self.turn.phase = Phase.IDLE
            self.post_message(self.TurnChanged())

    def _present(self, event: TurnEvent, *, is_new: bool) -> None:
        from metis_tui.chat import turn as events  # the engine has them; the first paint need not load them

        now = time.monotonic()
        match event:
            case events.TextDelta(text):
                is_first = self.turn.phase is not Phase.STREAMING
                self.turn.delta(Phase.STREAMING, len(text), now)
                self.transcript.add_text(text)
                if is_first:
                    self._tick()
            case events.ReasoningDelta(text):
                is_first = self.turn.phase is not Phase.REASONING
                self.turn.delta(Phase.REASONING, len(text), now)
                self.transcript.add_reasoning(text)
                if is_first:
                    self._tick()
            case events.TurnStarted(prompt, reply_id, _):
                self._begin(prompt, reply_id, now, is_new)
            case events.TurnEnded(reply, is_saved):
                self._end(reply, None, "length limit" if reply.stop == "length" else "", is_saved)
            case events.TurnFailed(error, reply, is_saved):
                self._end(reply, error, "failed", is_saved)
            case events.SignInAwaited():
                self.turn.wait_for_sign_in()
                self._tick()
            case events.ModelAwaited():
                self.turn.wait_for_model()
                self._tick()
            case events.ResendAwaited(error, seconds, attempt, most):
                self.turn.wait_to_resend(error, now + seconds, attempt, most)
                self._tick()
            case events.RequestResent(model):
                self._model_key = self.turn.model = model.key
                self.turn.sent(now)
                self._tick()
            case events.ReplyAccepted() | events.UsageReported():
                return

    def _begin(self, prompt: ChatMessage, reply_id: str, now: float, is_new: bool) -> None:
        self.turn.sent(now)
        self._reply_id = reply_id
        self.add_class("-talking")
        path = self._visible_path()
        if is_new and self.transcript.last_id == (path[-2].id if len(path) > 1 else None):
            self.transcript.add(prompt)
        else:
            self.transcript.show(path)
        model, _, cluster = self._model_key.rpartition("@")
        self.transcript.begin_reply(
            ChatMessage(
                reply_id,
                prompt.id,
                "assistant",
                "",
                prompt.created_ms,
                model=model,
                cluster=cluster,
                is_continuation=prompt.role == "assistant",
            )
        )
        from metis_tui.tui.heading_marks import with_streaming_reply

        self.transcript.mark(with_streaming_reply(self.conversation, prompt.id, reply_id))
        self._tick()
        self.post_message(self.ConversationChanged())

    def _end(self, reply: ChatMessage, error: ChatError | None, outcome: str, is_saved: bool) -> None:
        self.turn.end(reply, outcome)
        self.transcript.end_reply(reply)
        self.mark_headings()
        self.post_message(self.ReplyKept(reply, error, is_saved))
        self.post_message(self.ConversationChanged())

    def _tick(self) -> None:
        self.transcript.set_activity(self.turn.words(time.monotonic()))
        self.post_message(self.TurnChanged())


def _load_transcript() -> type[ConversationTranscript]:
    from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript

    return ConversationTranscript
