"""Saved conversations on disk, as the core wants them. Joins the writing thread, the reading thread and the loop.

Knows nothing of how a record looks in a file or how a file is written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.ports import Addition, Emptied, SaveStatus
from metis_tui.store import drafting
from metis_tui.store.activity import encode_hint
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout
from metis_tui.store.library import Library, Opened
from metis_tui.store.machine import Owner, this_process
from metis_tui.store.pace import Pace
from metis_tui.store.recovery import Adoption
from metis_tui.store.saver import Remarks, Saver
from metis_tui.store.worker import Outcome, Worker
from metis_tui.store.writer import Writer

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote
    from metis_tui.store.emptying import Emptying

_SWEEP_STEP = 16


class ConversationFiles(Remarks):
    """The `ConversationStore` that keeps conversations as files. Making it touches no disk and never raises.

    A folder that cannot be used costs nothing but durability: everything is kept in memory, tried again, and the
    status tells why. Call its methods from one event loop.

    Args:
        data: the data folder, made when the first message is saved.
        clock: Unix time in seconds. `disk`, `owner` and `pace`: replaced by tests.
    """

    def __init__(
        self,
        data: Path,
        *,
        app_version: str = "",
        clock: Callable[[], float] = time.time,
        pace: Pace | None = None,
        disk: Disk | None = None,
        owner: Owner | None = None,
    ) -> None:
        self._pace = pace or Pace()
        self._owner = owner or this_process()
        self._layout = Layout(data, self._owner.boot)
        self._disk = disk or Disk()
        self._writer = Writer(self._layout, self._disk, self._owner, self._pace)
        self._library = Library(self._layout, self._pace)
        self._reader = Worker("store-reader")
        self._saver = Saver(self._writer, self._owner, self._pace, clock, app_version)
        self._sizes: dict[str, int] = {}
        """Bytes of opened conversations when they were last read."""
        self._adoption = Adoption(
            self._layout, self._disk, self._writer, self._reader, self._saver, self._owner, self._pace, self._opened
        )
        self._is_swept = False
        self._is_closed = False

    async def list(self, *, limit: int | None = None, include_trashed: bool = False) -> Sequence[ConversationSummary]:
        """Newest first by last change."""
        more = list(self._saver.hints.values())
        found = await self._reader.run(lambda: self._library.list(limit, include_trashed=include_trashed, more=more))
        if not self._is_swept and limit != 1:  # who only continues the last one waits for no sweep
            self._is_swept = True
            self._reader.later(self._sweep)
        return found

    async def open(self, conversation_id: str) -> Conversation:
        """Raises KeyError when there is no such conversation."""
        opened = await self._read(conversation_id)
        self._sizes[conversation_id] = opened.size
        return opened.conversation

    async def find(self, part_of_id: str) -> str | None:
        """The id that is, starts with or ends with the given text; None when there is none or more than one."""
        more = list(self._saver.hints)
        return await self._reader.run(lambda: self._library.find(part_of_id, more))

    async def last_id(self) -> str | None:
        """The conversation changed last, trashed ones left out."""
        found = await self.list(limit=1)
        return found[0].id if found else None

    async def refresh(self, conversation: Conversation, *, is_thorough: bool = True) -> bool:
        """Takes over what other processes added since it was opened; True when something changed.

        Opens and measures the files that are known; lists their folder for new ones when it shall be thorough.
        The head follows when it has new descendants; else the branch shown stays.
        """
        conversation_id = conversation.id
        size = await self._reader.run(lambda: self._library.size(conversation_id, is_thorough=is_thorough))
        if size == self._sizes.get(conversation_id, 0):
            return False
        try:
            opened = await self._read(conversation_id)
        except KeyError:
            return False
        self._sizes[conversation_id] = opened.size
        return drafting.take_over(conversation, opened.conversation)

    async def append(self, conversation: Conversation, message: ChatMessage) -> bool:
        """Saves a message; True once it is durable, False while it is in memory only (it is tried again).

        Waits at most `Pace.patience_seconds` for a disk that does not answer. A read-only conversation is not
        written: False.
        """
        if conversation.is_read_only:
            return False
        return await self._saver.save_message(conversation, message)

    def begin_reply(self, conversation: Conversation, reply: ChatMessage) -> None:
        """Announces a streaming reply: its checkpoints carry this message's facts for recovery."""
        self._saver.begin_reply(conversation, reply)

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        """Adds newly streamed text; it reaches the partial file within a second, or sooner if there is much."""
        self._writer.checkpoint(reply_id, text, reasoning)

    async def votes(self) -> Sequence[Vote]:
        """All votes of all conversations that are not in the trash; opens none of them."""
        from metis_tui.store.vote_scan import scan_votes

        ledger = self._writer.ledger
        return await self._reader.run(lambda: scan_votes(self._layout, ledger.records_of, ledger.conversation_ids()))

    async def voter(self) -> str:
        """What the user of this data folder is called in votes for others: made up, and always the same."""
        return await self._reader.run(self._library.made_up_name)

    async def add(self, conversation: Conversation) -> Addition:
        """Saves a whole conversation that was made elsewhere: imported or forked. See ConversationStore."""
        try:
            known: Conversation | None = await self._opened(conversation.id)
        except KeyError:
            known = None
        if known is not None and known.is_read_only:
            return Addition(False, 0, False)
        missing = [i for i in conversation.messages if known is None or i not in known.messages]
        whole = conversation if known is None else drafting.joined(known, conversation)
        is_saved = await self._saver.save_whole(whole, known)
        return Addition(known is None, len(missing), is_saved)

    async def attachment(self, sha256: str) -> bytes | None:
        """The content of an attachment, checked against its SHA-256; None when it is not here."""
        return await self._reader.run(lambda: self._library.attachment(sha256))

    async def trash(self, conversation_id: str) -> bool:
        """Hides a conversation from lists until it is restored. Raises KeyError when there is none."""
        return await self._mark(conversation_id, "trash")

    async def restore(self, conversation_id: str) -> bool:
        """Also when its files were taken away some days ago. Raises KeyError when there is no such conversation."""
        await self._emptying().bring_back(conversation_id)
        return await self._mark(conversation_id, "restore")

    async def empty_trash(self, *, days: float = 0) -> Emptied:
        """Takes away the files of conversations in the trash. See ConversationStore."""
        more, emptying = list(self._saver.hints.values()), self._emptying()
        before_ms = emptying.before_ms(days)
        ids = await self._reader.run(lambda: self._library.trashed(more, before_ms=before_ms))
        return await emptying.empty(ids, before_ms)

    async def emptied(self) -> Sequence[ConversationSummary]:
        """What was taken away from the trash and can still be restored; newest first by last change."""
        return await self._reader.run(self._library.emptied)

    async def recover(self) -> int:
        """Turns partial replies of dead processes into messages marked interrupted; returns how many.

        Harmless when repeated, and when the owner lives after all: its finished reply wins. Also finds out whether
        the data folder can be used at all; the status tells. Gives up on a disk that does not answer.
        """
        return await self._adoption.recover()

    @property
    def status(self) -> SaveStatus:
        return self._writer.ledger.status

    def watch_status(self, listener: Callable[[SaveStatus], None]) -> None:
        """Calls the listener when the status changes, from the writer thread or the event loop."""
        self._writer.ledger.watch(listener)

    async def close(self, budget_seconds: float = 2.0) -> SaveStatus:
        """Writes everything out, replies that still stream included; the status tells whether it worked in time."""
        self._is_closed = True
        self._reader.finish()
        if not (self._writer.is_idle and self.status.is_saved):
            outcome: Outcome[None] = Outcome()
            self._writer.close(lambda: outcome.set(None))
            await asyncio.wait([outcome.future], timeout=budget_seconds)
        return self.status

    def _emptying(self) -> Emptying:
        from metis_tui.store.emptying import Emptying  # rarely needed

        return Emptying(
            self._layout, self._disk, self._writer, self._reader, self._saver, self._pace, self._saver.clock
        )

    async def _read(self, conversation_id: str) -> Opened:
        def read() -> Opened:
            kept = self._writer.ledger.records_of(conversation_id)  # first, or a record may slip between the two
            return self._library.open(conversation_id, kept)

        opened = await self._reader.run(read)
        self._saver.saw(conversation_id, opened.hint)
        return opened

    async def _opened(self, conversation_id: str) -> Conversation:
        return (await self._read(conversation_id)).conversation

    async def _mark(self, conversation_id: str, record_type: str) -> bool:
        conversation = await self._opened(conversation_id)
        conversation.is_trashed = record_type == "trash"
        return await self._saver.save_change(conversation, record_type, {}, is_urgent=True)

    def _sweep(self) -> None:
        """Reads what no journal mentions, a few at a time so that other reads come in between."""
        hints, is_more = self._library.sweep(_SWEEP_STEP)
        for hint in hints:
            if self._is_closed:
                return
            self._writer.hint(encode_hint(hint))
        if is_more and not self._is_closed:
            self._reader.later(self._sweep)
