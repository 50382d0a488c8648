"""Asks prompts of several conversations again, of another model, one conversation after the other.

Either the last prompt, with the history that it has, or all prompts with fresh replies. What comes is a branch beside
the one that is there, and both are kept as a comparison. Knows the engine and the store by their ports; no widget.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.comparison import record_of
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import ChatError
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.turn import TurnEvent, TurnFailed

_UNDER_WAY_SECONDS = 600
"""A prompt without any reply that is younger: another pane is waiting for it."""


@dataclass
class RerunSummary:
    """What became of it."""

    done: int = 0
    failed: list[str] = field(default_factory=list)
    """Title and reason of each."""
    skipped: list[str] = field(default_factory=list)
    is_stopped: bool = False

    def in_words(self, total: int) -> str:
        words = [f"{self.done} of {total} were asked again"]
        words += [f"{len(self.failed)} failed ({self.failed[0]})"] if self.failed else []
        words += [f"{len(self.skipped)} left out ({self.skipped[0]})"] if self.skipped else []
        words += ["stopped"] if self.is_stopped else []
        return "; ".join(words) + "."


class Rerun:
    """One run over several conversations.

    Args:
        current: gives the conversation in the chat and whether a turn runs in it.
        keeps_branch: the branch shown stays what it was; else the new reply is shown.
        is_fresh: all prompts of the branch are asked again, each after the model's own replies to those before it.
        told: called when `words` changed.
    """

    def __init__(
        self,
        ids: Sequence[str],
        model: ServedModel,
        *,
        engine: ChatEngine,
        store: ConversationStore,
        current: Callable[[], tuple[Conversation, bool]],
        keeps_branch: bool = True,
        is_fresh: bool = False,
        told: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.model = model
        self.total = len(ids)
        self.summary = RerunSummary()
        self.told = told
        self._ids = ids
        self._engine, self._store, self._current = engine, store, current
        self._keeps_branch = keeps_branch
        self._is_fresh = is_fresh
        self._now = now
        self._place = 0
        self.task: asyncio.Task[RerunSummary] | None = None
        """While it runs."""

    def stop(self) -> None:
        """Ends it; what has arrived of the reply under way is kept."""
        if self.task is not None:
            self.task.cancel()

    @property
    def words(self) -> str:
        """How far it is."""
        return f"Asking {self.model.key} again: {self._place} of {self.total}"

    async def run(self) -> RerunSummary:
        """The summary says how far it was, also when it was stopped."""
        self.task = asyncio.ensure_future(self._all())
        try:
            return await self.task
        except asyncio.CancelledError:
            self.summary.is_stopped = True
            if not self.task.cancelled():  # the caller was cancelled: the end of the program
                self.task.cancel()
                raise
        return self.summary

    async def _all(self) -> RerunSummary:
        for conversation_id in self._ids:
            self._place += 1
            self.told()
            await self._one(conversation_id)
        return self.summary

    async def _one(self, conversation_id: str) -> None:
        current, is_running = self._current()
        if current.id == conversation_id:
            self._skip(current, "a reply streams in it" if is_running else "it is open in the chat: R does it there")
            return
        try:
            conversation = await self._store.open(conversation_id)
        except KeyError:
            self.summary.skipped.append("one is gone")
            return
        reason, prompts = self._prompts(conversation)
        if not prompts:
            self._skip(conversation, reason)
            return
        head = conversation.head
        path = conversation.path()
        try:
            if await self._ask_all(conversation, prompts):
                self.summary.done += 1
                await self._keep_comparison(conversation, prompts[0], path)
        except ChatError as refusal:
            self.summary.failed.append(f"{conversation.title}: {refusal.title}")
        finally:
            if self._keeps_branch and head is not None:
                await self._store.set_value(conversation, "head", head)

    def _prompts(self, conversation: Conversation) -> tuple[str, list[ChatMessage]]:
        """Why it is left out, or the prompts to ask again."""
        if conversation.is_read_only:
            return "it is read-only", []
        prompts = [message for message in conversation.path() if message.role == "user"]
        if not prompts:
            return "it has no prompt", []
        last = prompts[-1]
        has_reply = any(message.parent == last.id for message in conversation.messages.values())
        if not has_reply and self._now() - last.created_ms / 1000 < _UNDER_WAY_SECONDS:
            return "it waits for a reply in another window", []
        return "", prompts if self._is_fresh else [last]

    def _skip(self, conversation: Conversation, reason: str) -> None:
        self.summary.skipped.append(f"{conversation.title}: {reason}")

    async def _ask_all(self, conversation: Conversation, prompts: Sequence[ChatMessage]) -> bool:
        """The first prompt gets a reply beside those it has; the others are sent after it. False: one failed."""
        model = conversation.model
        try:
            for number, prompt in enumerate(prompts):
                if number == 0:
                    turn = self._engine.regenerate(conversation, prompt.id, self.model)
                else:
                    conversation.model = self.model.key  # else the store would be told that the user chose it
                    turn = self._engine.send(conversation, prompt.text, self.model)
                if not await self._ask(conversation, turn):
                    return False
        finally:
            conversation.model = model
        return True

    async def _ask(self, conversation: Conversation, turn: AsyncGenerator[TurnEvent, None]) -> bool:
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, TurnFailed):
                    self.summary.failed.append(f"{conversation.title}: {event.error.title}")
                    return False
        return True

    async def _keep_comparison(
        self, conversation: Conversation, prompt: ChatMessage, before: Sequence[ChatMessage]
    ) -> None:
        """The branch that was there and the new one are lanes, to be looked at and voted on."""
        replies = [message for message in before if message.role == "assistant"]
        if not replies or replies[-1].id != before[-1].id or conversation.head is None:
            return  # there was no reply to compare with
        lanes = [(replies[-1].served_by or "", before[-1].id), (self.model.key, conversation.head)]
        content = record_of(prompt.id, lanes, [], 0, id=new_ulid())
        await self._store.keep_record(conversation, content)
