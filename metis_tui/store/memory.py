"""Keeps conversations in memory only: for runs that must leave nothing on disk. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.ports import Addition, Emptied, SaveStatus
from metis_tui.store import drafting

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote


class MemoryStore:
    """A `ConversationStore` that ends with the process.

    Args:
        trouble: why nothing reaches the disk, in plain words; empty when the user wants it so. With a trouble
            every save counts as not durable.
    """

    def __init__(self, trouble: str = "") -> None:
        self._trouble = trouble
        self._kept: dict[str, Conversation] = {}

    @classmethod
    def holding(cls, conversations: Iterable[Conversation]) -> MemoryStore:
        """One that holds conversations from the start."""
        store = cls()
        store._kept = {conversation.id: _copy(conversation) for conversation in conversations}
        return store

    async def list(self, *, limit: int | None = None, include_trashed: bool = False) -> Sequence[ConversationSummary]:
        shown = [c.summary() for c in self._kept.values() if include_trashed or not c.is_trashed]
        return sorted(shown, key=lambda summary: (summary.updated_ms, summary.id), reverse=True)[:limit]

    async def open(self, conversation_id: str) -> Conversation:
        """Raises KeyError when there is no such conversation."""
        return _copy(self._kept[conversation_id])

    async def find(self, part_of_id: str) -> str | None:
        part = part_of_id.strip().lower()
        starts = [i for i in self._kept if i == part or i.startswith(part)]
        found = starts or [i for i in self._kept if i.endswith(part)]
        return found[0] if part and len(found) == 1 else None

    async def last_id(self) -> str | None:
        found = await self.list(limit=1)
        return found[0].id if found else None

    async def refresh(self, conversation: Conversation, *, is_thorough: bool = True) -> bool:
        return False

    async def append(self, conversation: Conversation, message: ChatMessage) -> bool:
        """A read-only conversation stays as it is: False."""
        return self._keep(conversation)

    def begin_reply(self, conversation: Conversation, reply: ChatMessage) -> None:
        """Nothing to do: a process that dies takes the reply with it."""

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        """Nothing to do."""

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool:
        drafting.apply(conversation, key, value)
        return conversation.is_empty or self._keep(conversation)

    async def tag(self, conversation: Conversation, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        removed = set(remove)
        kept = [tag for tag in conversation.tags if tag not in removed]
        conversation.tags = tuple(dict.fromkeys([*kept, *add]))
        return conversation.is_empty or self._keep(conversation)

    async def note(self, conversation: Conversation, message_id: str, text: str) -> bool:
        drafting.put(conversation.notes, message_id, text.strip() or None)
        return conversation.is_empty or self._keep(conversation)

    async def bookmark(self, conversation: Conversation, message_id: str, *, is_set: bool) -> bool:
        others = [marked for marked in conversation.bookmarks if marked != message_id]
        conversation.bookmarks = (*others, message_id) if is_set else tuple(others)
        return conversation.is_empty or self._keep(conversation)

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool:
        drafting.put(conversation.votes, message_id, value)
        return conversation.is_empty or self._keep(conversation)

    async def votes(self) -> Sequence[Vote]:
        from metis_tui.chat.votes import votes_of

        return [vote for kept in self._kept.values() if not kept.is_trashed for vote in votes_of(kept)]

    async def voter(self) -> str:
        return ""

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool:
        conversation.extras = (*conversation.extras, dict(content))
        return conversation.is_empty or self._keep(conversation)

    async def add(self, conversation: Conversation) -> Addition:
        known = self._kept.get(conversation.id)
        missing = [i for i in conversation.messages if known is None or i not in known.messages]
        is_kept = self._keep(conversation if known is None else drafting.joined(known, conversation))
        return Addition(known is None, len(missing), is_kept)

    async def attachment(self, sha256: str) -> bytes | None:
        """One of those that the conversations themselves hold."""
        attachments = (a for c in self._kept.values() for m in c.messages.values() for a in m.attachments)
        return next((a.data for a in attachments if a.sha256 == sha256 and a.data is not None), None)

    async def trash(self, conversation_id: str) -> bool:
        """Raises KeyError when there is no such conversation."""
        return self._set_trashed(conversation_id, True)

    async def restore(self, conversation_id: str) -> bool:
        """Raises KeyError when there is no such conversation."""
        return self._set_trashed(conversation_id, False)

    async def empty_trash(self, *, days: float = 0) -> Emptied:
        gone = [c.id for c in self._kept.values() if c.is_trashed] if days <= 0 else []
        for conversation_id in gone:
            del self._kept[conversation_id]
        return Emptied(tuple(gone))

    async def emptied(self) -> Sequence[ConversationSummary]:
        """Nothing: what is taken away from memory is gone."""
        return ()

    async def recover(self) -> int:
        return 0

    @property
    def status(self) -> SaveStatus:
        return SaveStatus(is_saved=not self._trouble, trouble=self._trouble)

    def watch_status(self, listener: Callable[[SaveStatus], None]) -> None:
        """Never called: the status never changes."""

    async def close(self, budget_seconds: float = 2.0) -> SaveStatus:
        return self.status

    def _set_trashed(self, conversation_id: str, is_trashed: bool) -> bool:
        conversation = self._kept[conversation_id]
        if conversation.is_read_only:
            return False
        conversation.is_trashed = is_trashed
        return not self._trouble

    def _keep(self, conversation: Conversation) -> bool:
        if conversation.is_read_only and conversation.id in self._kept:
            return False
        self._kept[conversation.id] = _copy(conversation)
        return not self._trouble


class PassingStore(MemoryStore):
    """Keeps nothing at all: for turns whose replies their caller keeps."""

    def _keep(self, conversation: Conversation) -> bool:
        return True


def _copy(conversation: Conversation) -> Conversation:
    return replace(
        conversation,
        params=dict(conversation.params),
        messages=dict(conversation.messages),
        notes=dict(conversation.notes),
        votes=dict(conversation.votes),
    )
