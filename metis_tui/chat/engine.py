"""The turn engine: saves the prompt, streams the reply, keeps every piece of it. Headless.

Knows the ports only: nothing of HTTP, files or widgets. Both front ends iterate `ChatEngine.send`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from metis_tui.chat import parameters
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import (
    UNTITLED,
    ChatMessage,
    Conversation,
    FailureNote,
    Stop,
    Timing,
    Usage,
    context_messages,
    title_from_prompt,
)
from metis_tui.chat.errors import (
    ChatError,
    GatewayFailure,
    InvalidRequest,
    Maintenance,
    ModelNotLive,
    ReplyEmpty,
    ReplyIncomplete,
)
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.patience import Patience
from metis_tui.chat.ports import ConversationStore, ModelGateway
from metis_tui.chat.printable import storable
from metis_tui.chat.turn import (
    ChatRequest,
    GatewayEvent,
    ModelAwaited,
    ReasoningDelta,
    ReplyAccepted,
    ReplyFinished,
    RequestResent,
    ResendAwaited,
    SignInAwaited,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
    UsageReported,
)

SignIn = Callable[[ChatError], Awaitable[bool]]
"""Has the user sign in, because of this failure; False when that did not come about."""

ModelDesk = Callable[[ChatError, ServedModel], Awaitable[ServedModel | None]]
"""Waits, because of this failure, until the model is live or another one is chosen; None when the turn shall end."""

CONTINUE = "Go on exactly where you stopped. Do not repeat anything and do not comment on the interruption."
"""Sent after a partial reply, never stored as a prompt."""

_MOST_SIGN_INS = 2
"""So often one turn waits for a sign-in: a gateway that is never content must not ask for ever."""


@dataclass(slots=True)
class _Reply:
    """What has arrived so far. The engine's buffer is the truth, never a widget's."""

    message: ChatMessage
    started: float
    """When the prompt was sent, on the monotonic clock."""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    first_text: float | None = None
    first_reasoning: float | None = None
    last_delta: float | None = None
    usage: Usage | None = None
    finish_reason: str | None = None
    request_id: str | None = None

    def take(self, event: GatewayEvent, now: float) -> None:
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

    def serve_by(self, model: ServedModel) -> None:
        """Another model than asked for first gives the reply."""
        self.message = replace(self.message, model=model.name, cluster=model.cluster, framework=model.framework)

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


@dataclass(slots=True)
class _Attempts:
    """What a turn has tried to get its request through."""

    sign_ins: int = 0
    resends: int = 0
    model: ServedModel | None = None
    """Where the request goes now, when the user has decided."""


_STOP_BY_FINISH: dict[str, Stop] = {"stop": "stop", "length": "length", "eos": "stop"}


class ChatEngine:
    """Runs turns. One engine serves any number of conversations and lanes at once.

    Args:
        gateway: where replies come from.
        store: where every word goes before it is shown as saved.
        monotonic: seconds for durations; `now`: Unix seconds for time stamps. Injected by tests.
    """

    def __init__(
        self,
        gateway: ModelGateway,
        store: ConversationStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        patience: Patience | None = None,
    ) -> None:
        self.patience = patience
        """When failed requests are sent again by themselves; None: never."""
        self.sign_in: SignIn | None = None
        """Set by a front end in which the user can sign in; without it such a failure ends the turn."""
        self.model_desk: ModelDesk | None = None
        """Set by a front end in which the user can wait for a model; without it such a failure ends the turn."""
        self._gateway = gateway
        self._store = store
        self._monotonic = monotonic
        self._now = now
        self._is_closing = False

    def interrupt(self) -> None:
        """From now on a cancelled turn counts as interrupted by the program's end, not as stopped by the user."""
        self._is_closing = True

    async def send(
        self, conversation: Conversation, text: str, model: ServedModel, *, parent: str | None = None
    ) -> AsyncGenerator[TurnEvent, None]:
        """One turn: the prompt is saved before anything leaves the machine, the reply however it ends.

        Yields TurnStarted first and TurnEnded or TurnFailed last; failures are events, never exceptions.
        Iterate inside `contextlib.aclosing`: leaving early (cancel, stop) keeps what arrived, marked as cancelled.
        The conversation must not be read-only and must not have another turn running.

        Args:
            parent: the message to branch from; None continues at the head.

        Raises:
            InvalidRequest: empty prompt, a parameter out of range or a read-only conversation; nothing is changed.
        """
        self._check(conversation)
        if not text.strip():
            raise InvalidRequest("There is no text to send.", title="The prompt is empty")
        is_other_model = conversation.model != model.key and not conversation.is_empty
        prompt = self._add_prompt(conversation, storable(text), model, parent or conversation.head)
        is_saved = await self._store.append(conversation, prompt)
        if is_other_model:
            await self._store.set_value(conversation, "model", model.key)
        async with aclosing(self._reply(conversation, prompt, model, is_saved)) as events:
            async for event in events:
                yield event

    async def regenerate(
        self, conversation: Conversation, prompt_id: str, model: ServedModel
    ) -> AsyncGenerator[TurnEvent, None]:
        """Asks for another reply to a prompt that is there: a sibling of the replies it has. Else like `send`.

        Raises:
            InvalidRequest: a parameter out of range or a read-only conversation; nothing is changed.
            KeyError: there is no such prompt.
        """
        self._check(conversation)
        prompt = conversation.messages[prompt_id]
        conversation.head = prompt_id
        async with aclosing(self._reply(conversation, prompt, model, True)) as events:
            async for event in events:
                yield event

    async def go_on(
        self, conversation: Conversation, reply_id: str, model: ServedModel
    ) -> AsyncGenerator[TurnEvent, None]:
        """Asks the model to go on from a partial reply. What comes is a message of its own that follows it. Else
        like `send`.

        Raises:
            InvalidRequest: the reply is whole or has no text, a parameter is out of range, or the conversation is
                read-only; nothing is changed.
            KeyError: there is no such reply.
        """
        self._check(conversation)
        partial = conversation.messages[reply_id]
        if not partial.is_incomplete or not partial.text.strip():
            raise InvalidRequest(
                "Only a reply that was cut short can be continued.", title="There is nothing to continue"
            )
        conversation.head = reply_id
        async with aclosing(self._reply(conversation, partial, model, True)) as events:
            async for event in events:
                yield event

    @staticmethod
    def _check(conversation: Conversation) -> None:
        if conversation.is_read_only:
            raise InvalidRequest(
                "It was written by a newer version of metis-tui.",
                title="This conversation is read-only",
                hint="Start a new one (Ctrl+N) or update metis-tui.",
            )
        parameters.check(conversation.params)

    def _add_prompt(
        self, conversation: Conversation, text: str, model: ServedModel, parent: str | None
    ) -> ChatMessage:
        stamp = self._stamp()
        prompt = ChatMessage(new_ulid(stamp), parent, "user", text, stamp)
        if conversation.title == UNTITLED:
            conversation.title = title_from_prompt(text)
        conversation.model = model.key
        conversation.add(prompt)
        return prompt

    async def _reply(
        self, conversation: Conversation, prompt: ChatMessage, model: ServedModel, is_saved: bool
    ) -> AsyncGenerator[TurnEvent, None]:
        is_continuation = prompt.role == "assistant"
        messages = context_messages(conversation)
        if is_continuation:
            messages.append(("user", CONTINUE))
        request = ChatRequest(model, tuple(messages), dict(conversation.params))
        stamp = self._stamp()
        draft = ChatMessage(
            id=new_ulid(stamp),
            parent=prompt.id,
            role="assistant",
            text="",
            created_ms=stamp,
            model=model.name,
            cluster=model.cluster,
            framework=model.framework,
            params=request.params,
            is_continuation=is_continuation,
        )
        self._store.begin_reply(conversation, draft)
        reply = _Reply(draft, self._monotonic())
        error: ChatError | None = None
        stop: Stop = "cancelled"
        kept: ChatMessage | None = None
        try:
            yield TurnStarted(prompt, draft.id, is_saved)
            try:
                async with aclosing(self._request(request, reply)) as events:
                    async for event in events:
                        yield event
                stop, error = self._verdict(reply)
            except ChatError as failure:
                stop, error = "error", failure
            except (asyncio.CancelledError, GeneratorExit):
                raise
            except Exception as unforeseen:  # no fault may cost what has arrived
                stop = "error"
                error = GatewayFailure(f"An unforeseen fault ({type(unforeseen).__name__}).")
                error.__cause__ = unforeseen
            kept, is_saved = await self._keep(conversation, reply, stop, error)
            if error is not None:
                yield TurnFailed(error, kept, is_saved)
            else:
                yield TurnEnded(kept, is_saved)
        finally:
            if kept is None:
                await self._keep(conversation, reply, "interrupted" if self._is_closing else "cancelled", None)

    async def _request(self, request: ChatRequest, reply: _Reply) -> AsyncGenerator[TurnEvent, None]:
        """Sends the request; again when what failed has passed or was overcome, and nothing has arrived yet."""
        attempts = _Attempts()
        while True:
            reply.started = self._monotonic()
            try:
                async with aclosing(_as_generator(self._gateway.stream(request))) as events:
                    async for event in events:
                        reply.take(event, self._monotonic())
                        if isinstance(event, TextDelta):
                            self._store.checkpoint(reply.message.id, event.text, "")
                        elif isinstance(event, ReasoningDelta):
                            self._store.checkpoint(reply.message.id, "", event.text)
                        if not isinstance(event, ReplyFinished):
                            yield event
                return
            except ChatError as failure:
                if reply.text or reply.reasoning:
                    raise
                async with aclosing(self._overcome(failure, request.model, attempts)) as events:
                    async for step in events:
                        yield step
                if attempts.model is not None:
                    request = replace(request, model=attempts.model)
                    reply.serve_by(attempts.model)
                    attempts.model = None
                yield RequestResent(request.model)

    async def _overcome(
        self, failure: ChatError, model: ServedModel, attempts: _Attempts
    ) -> AsyncGenerator[TurnEvent, None]:
        """Waits for what can help: a sign-in, a model, or time. Raises the failure when nothing does."""
        if failure.needs_sign_in:
            attempts.sign_ins += 1
            if self.sign_in is None or attempts.sign_ins > _MOST_SIGN_INS:
                raise failure
            yield SignInAwaited(failure)
            if not await self.sign_in(failure):
                raise failure
        elif isinstance(failure, (ModelNotLive, Maintenance)):
            if self.model_desk is None:
                raise failure
            yield ModelAwaited(failure)
            attempts.model = await self.model_desk(failure, model)
            if attempts.model is None:
                raise failure
        else:
            attempts.resends += 1
            pause = self.patience.pause(failure, attempts.resends) if self.patience is not None else None
            if self.patience is None or pause is None:
                raise failure
            yield ResendAwaited(failure, pause, attempts.resends, self.patience.most(failure))
            await asyncio.sleep(pause)

    @staticmethod
    def _verdict(reply: _Reply) -> tuple[Stop, ChatError | None]:
        """How a stream that ended by itself counts: without its finish_reason it is a failure, never a reply."""
        if reply.finish_reason is None:
            if reply.text or reply.reasoning:
                return "error", ReplyIncomplete("The stream ended before the model said that it was done.")
            return "error", ReplyEmpty("The stream ended without a single word.")
        stop = _STOP_BY_FINISH.get(reply.finish_reason)
        if stop is None:
            return "error", ReplyIncomplete(f"The model ended it with the reason {reply.finish_reason!r:.60}.")
        if stop == "stop" and not "".join(reply.text).strip():
            return "error", ReplyEmpty("The model ended its reply without any text.")
        return stop, None

    async def _keep(
        self, conversation: Conversation, reply: _Reply, stop: Stop, error: ChatError | None
    ) -> tuple[ChatMessage, bool]:
        """Adds the reply to the conversation at once and saves it; a cancellation does not stop the saving."""
        message = reply.ended(stop, error, self._stamp(), self._monotonic())
        conversation.add(message)
        saving = asyncio.ensure_future(self._store.append(conversation, message))
        return message, await asyncio.shield(saving)

    def _stamp(self) -> int:
        return int(self._now() * 1000)


async def _as_generator(events: AsyncIterator[GatewayEvent]) -> AsyncGenerator[GatewayEvent, None]:
    """Gives any async iterator an aclose, so that leaving early always closes the connection."""
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
