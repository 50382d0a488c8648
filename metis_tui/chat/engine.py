"""The turn engine: saves the prompt, streams the reply, keeps every piece of it. Headless.

Knows the ports only: nothing of HTTP, files or widgets. Both front ends iterate `ChatEngine.send`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from metis_tui import __version__
from metis_tui.chat import parameters
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import (
    AT_HEAD,
    UNTITLED,
    ChatMessage,
    Conversation,
    Params,
    Stop,
    context_messages,
    title_from_prompt,
)
from metis_tui.chat.delivery import Delivery, Recourse
from metis_tui.chat.errors import ChatError, GatewayFailure, InvalidRequest
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.ports import ConversationStore, ModelGateway
from metis_tui.chat.printable import storable
from metis_tui.chat.reply_buffer import ReplyBuffer
from metis_tui.chat.turn import (
    ChatRequest,
    ReasoningDelta,
    ReplyFinished,
    RequestResent,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

CONTINUE = "Go on exactly where you stopped. Do not repeat anything and do not comment on the interruption."
"""Sent after a partial reply, never stored as a prompt."""
CLIENT = f"metis-tui {__version__}"


class ChatEngine:
    """Runs turns. One engine serves any number of conversations and lanes at once.

    Args:
        gateway: where replies come from.
        store: where every word goes before it is shown as saved.
        monotonic: seconds for durations; `now`: Unix seconds for time stamps. Injected by tests.
        recourse: what can help requests that fail before their first word; front ends add to it.
    """

    def __init__(
        self,
        gateway: ModelGateway,
        store: ConversationStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        recourse: Recourse | None = None,
    ) -> None:
        self.recourse = recourse or Recourse()
        self._gateway = gateway
        self._store = store
        self._monotonic = monotonic
        self._now = now
        self._is_closing = False
        self._others: list[ChatEngine] = []

    def interrupt(self) -> None:
        """From now on a cancelled turn counts as interrupted by the program's end, not as stopped by the user."""
        self._is_closing = True
        for other in self._others:
            other.interrupt()

    def with_recourse(self, recourse: Recourse) -> ChatEngine:
        """An engine on the same gateway and store that gets its requests through by other means."""
        other = ChatEngine(self._gateway, self._store, monotonic=self._monotonic, now=self._now, recourse=recourse)
        self._others.append(other)
        return other

    async def put_prompt(self, conversation: Conversation, text: str, model: ServedModel) -> ChatMessage:
        """Saves a prompt at the head and asks nobody yet; `regenerate` does.

        Raises:
            InvalidRequest: empty prompt, a parameter out of range or a read-only conversation; nothing is changed.
        """
        self._check(conversation)
        if not text.strip():
            raise InvalidRequest("There is no text to send.", title="The prompt is empty")
        prompt = self._add_prompt(conversation, storable(text), model, conversation.head)
        await self._store.append(conversation, prompt)
        return prompt

    async def send(
        self, conversation: Conversation, text: str, model: ServedModel, *, parent: str | None = AT_HEAD
    ) -> AsyncGenerator[TurnEvent, None]:
        """One turn: the prompt is saved before anything leaves the machine, the reply however it ends.

        Yields TurnStarted first and TurnEnded or TurnFailed last; failures are events, never exceptions.
        Iterate inside `contextlib.aclosing`: leaving early (cancel, stop) keeps what arrived, marked as cancelled.
        The conversation must not be read-only and must not have another turn running.

        Args:
            parent: the message to branch from; None begins the conversation anew, beside its first prompt.

        Raises:
            InvalidRequest: empty prompt, a parameter out of range or a read-only conversation; nothing is changed.
        """
        self._check(conversation)
        if not text.strip():
            raise InvalidRequest("There is no text to send.", title="The prompt is empty")
        is_other_model = conversation.model != model.key and not conversation.is_empty
        parent = conversation.head if parent == AT_HEAD else parent
        prompt = self._add_prompt(conversation, storable(text), model, parent)
        is_saved = await self._store.append(conversation, prompt)
        if is_other_model:
            await self._store.set_value(conversation, "model", model.key)
        async with aclosing(self._reply(conversation, prompt, model, is_saved)) as events:
            async for event in events:
                yield event

    async def regenerate(
        self, conversation: Conversation, prompt_id: str, model: ServedModel, *, params: Params | None = None
    ) -> AsyncGenerator[TurnEvent, None]:
        """Asks for another reply to a prompt that is there: a sibling of the replies it has. Else like `send`.

        The conversation keeps its model.

        Args:
            params: of this reply alone, in place of the conversation's.

        Raises:
            InvalidRequest: a parameter out of range or a read-only conversation; nothing is changed.
            KeyError: there is no such prompt.
        """
        self._check(conversation, params)
        prompt = conversation.messages[prompt_id]
        conversation.head = prompt_id
        async with aclosing(self._reply(conversation, prompt, model, True, params)) as events:
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
    def _check(conversation: Conversation, params: Params | None = None) -> None:
        if conversation.is_read_only:
            raise InvalidRequest(
                conversation.read_only_reason,
                title="This conversation is read-only",
                hint="Esc, then f, goes on in a copy of your own. Or keep it with: metis-tui history import FILE"
                if conversation.source_file
                else "Start a new one (Ctrl+N) or update metis-tui.",
            )
        parameters.check(conversation.params if params is None else params)

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
        self,
        conversation: Conversation,
        prompt: ChatMessage,
        model: ServedModel,
        is_saved: bool,
        params: Params | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        is_continuation = prompt.role == "assistant"
        messages = context_messages(conversation)
        if is_continuation:
            messages.append(("user", CONTINUE))
        request = ChatRequest(model, tuple(messages), dict(conversation.params if params is None else params))
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
            model_version=model.version or None,
            request_sha256=request.sha256,
            client=CLIENT,
        )
        self._store.begin_reply(conversation, draft)
        reply = ReplyBuffer(draft, self._monotonic())
        error: ChatError | None = None
        stop: Stop = "cancelled"
        kept: ChatMessage | None = None
        try:
            yield TurnStarted(prompt, draft.id, is_saved)
            try:
                async with aclosing(self._stream(conversation, request, reply)) as events:
                    async for event in events:
                        yield event
                stop, error = reply.verdict()
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

    async def _stream(
        self, conversation: Conversation, request: ChatRequest, reply: ReplyBuffer
    ) -> AsyncGenerator[TurnEvent, None]:
        """Takes everything that comes into the buffer, and every delta to the store before it is shown."""
        reply.started = self._monotonic()
        async with aclosing(Delivery(self._gateway, request, self.recourse).events()) as events:
            async for event in events:
                served_by = reply.message.served_by
                reply.take(event, self._monotonic())
                match event:
                    case TextDelta(text):
                        self._store.checkpoint(reply.message.id, text, "")
                    case ReasoningDelta(text):
                        self._store.checkpoint(reply.message.id, "", text)
                    case RequestResent(model) if reply.message.served_by != served_by:
                        digest = replace(request, model=model).sha256
                        reply.message = replace(reply.message, request_sha256=digest)
                        self._store.begin_reply(conversation, reply.message)  # a crash must not name the other model
                if not isinstance(event, ReplyFinished):
                    yield event

    async def _keep(
        self, conversation: Conversation, reply: ReplyBuffer, stop: Stop, error: ChatError | None
    ) -> tuple[ChatMessage, bool]:
        """Adds the reply to the conversation at once and saves it; a cancellation does not stop the saving."""
        message = reply.ended(stop, error, self._stamp(), self._monotonic())
        conversation.add(message)
        saving = asyncio.ensure_future(self._store.append(conversation, message))
        return message, await asyncio.shield(saving)

    def _stamp(self) -> int:
        return int(self._now() * 1000)
