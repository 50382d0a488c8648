"""Shows the conversations of a file beside the saved ones: for looking at what somebody else has sent.

Those of the file are in memory and read-only. What is begun or forked meanwhile is saved as ever; the lists hold
both, and none of the other saved conversations. Reading alone writes nothing to the data folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.ports import Addition, ConversationStore, Emptied, SaveStatus
from metis_tui.store.memory import MemoryStore

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote


class GuestStore:
    """A `ConversationStore` of guests and of what is begun while they are there.

    Args:
        guests: the conversations of the file.
        name: how the file is called on screen.
        home: where all others are kept.
    """

    def __init__(self, guests: Iterable[Conversation], name: str, home: ConversationStore) -> None:
        shown = [replace(c, is_read_only=True, is_trashed=False, source_file=name) for c in guests]
        self._guests = MemoryStore.holding(shown)
        self._ids = {conversation.id for conversation in shown}
        self._home = home
        self._begun: dict[str, None] = {}
        """Ids of what was saved since the start."""

    def _of(self, conversation_id: str) -> ConversationStore:
        if conversation_id in self._ids:
            return self._guests
        self._begun[conversation_id] = None
        return self._home

    async def list(self, *, limit: int | None = None, include_trashed: bool = False) -> Sequence[ConversationSummary]:
        shown = [*await self._guests.list()]
        for conversation_id in self._begun:
            try:
                summary = (await self._home.open(conversation_id)).summary()
            except KeyError:
                continue
            if include_trashed or not summary.is_trashed:
                shown.append(summary)
        return sorted(shown, key=lambda summary: (summary.updated_ms, summary.id), reverse=True)[:limit]

    async def open(self, conversation_id: str) -> Conversation:
        return await (self._guests if conversation_id in self._ids else self._home).open(conversation_id)

    async def find(self, part_of_id: str) -> str | None:
        return await self._guests.find(part_of_id)

    async def last_id(self) -> str | None:
        found = await self.list(limit=1)
        return found[0].id if found else None

    async def refresh(self, conversation: Conversation, *, is_thorough: bool = True) -> bool:
        return await self._of(conversation.id).refresh(conversation, is_thorough=is_thorough)

    async def append(self, conversation: Conversation, message: ChatMessage) -> bool:
        return await self._of(conversation.id).append(conversation, message)

    def begin_reply(self, conversation: Conversation, reply: ChatMessage) -> None:
        self._of(conversation.id).begin_reply(conversation, reply)

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        self._home.checkpoint(reply_id, text, reasoning)

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool:
        return await self._of(conversation.id).set_value(conversation, key, value)

    async def tag(self, conversation: Conversation, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        return await self._of(conversation.id).tag(conversation, add=add, remove=remove)

    async def note(self, conversation: Conversation, message_id: str, text: str) -> bool:
        return await self._of(conversation.id).note(conversation, message_id, text)

    async def votes(self) -> Sequence[Vote]:
        """The user's own; those in the file are somebody else's."""
        return await self._home.votes()

    async def voter(self) -> str:
        return await self._home.voter()

    async def bookmark(self, conversation: Conversation, message_id: str, *, is_set: bool) -> bool:
        return await self._of(conversation.id).bookmark(conversation, message_id, is_set=is_set)

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool:
        return await self._of(conversation.id).vote(conversation, message_id, value)

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool:
        return await self._of(conversation.id).keep_record(conversation, content)

    async def add(self, conversation: Conversation) -> Addition:
        return await self._of(conversation.id).add(conversation)

    async def attachment(self, sha256: str) -> bytes | None:
        return await self._guests.attachment(sha256) or await self._home.attachment(sha256)

    async def trash(self, conversation_id: str) -> bool:
        return await self._of(conversation_id).trash(conversation_id)

    async def restore(self, conversation_id: str) -> bool:
        return await self._of(conversation_id).restore(conversation_id)

    async def empty_trash(self, *, days: float = 0) -> Emptied:
        """Leaves everything as it is."""
        return Emptied()

    async def emptied(self) -> Sequence[ConversationSummary]:
        return ()

    async def recover(self) -> int:
        """Leaves it to an ordinary start."""
        return 0

    @property
    def status(self) -> SaveStatus:
        return self._home.status

    def watch_status(self, listener: Callable[[SaveStatus], None]) -> None:
        self._home.watch_status(listener)

    async def close(self, budget_seconds: float = 2.0) -> SaveStatus:
        return await self._home.close(budget_seconds)
