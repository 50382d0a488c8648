"""Hands changes of conversations to the writer thread and waits for the outcome, but never for long.

Belongs to the event loop. Knows nothing of reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.store import drafting
from metis_tui.store.activity import Hint, encode_hint, note
from metis_tui.store.machine import Owner
from metis_tui.store.pace import Pace
from metis_tui.store.partials import new_partial
from metis_tui.store.segments import Save
from metis_tui.store.worker import Outcome
from metis_tui.store.writer import Writer


class Saver:
    """Makes records of changes and sends them off."""

    def __init__(
        self, writer: Writer, owner: Owner, pace: Pace, clock: Callable[[], float], app_version: str
    ) -> None:
        self._writer = writer
        self._owner = owner
        self._pace = pace
        self.clock = clock
        self._stamps = drafting.HybridClock(clock)
        self._app_version = app_version
        self._begun: set[str] = set()
        """Conversations whose settings are on disk or on their way."""
        self.hints: dict[str, Hint] = {}
        """What this process last knew of the conversations it used."""

    def saw(self, conversation_id: str, hint: Hint) -> None:
        """A conversation was read: what is written from now on comes after it."""
        self._stamps.observe(conversation_id, hint.ts)
        self._begun.add(conversation_id)
        if hint.summary.message_count:
            note(self.hints, hint)

    def tell_lists(self, conversation: Conversation, last_ts: int, *, is_gone: bool) -> None:
        """Lists of all processes leave out a conversation that was emptied from the trash, or have it again."""
        self._stamps.observe(conversation.id, last_ts)
        hint = Hint(self._stamps.stamp(conversation.id), conversation.summary(), is_gone)
        self.hints[conversation.id] = hint
        self._writer.hint(encode_hint(hint))

    def begin_reply(self, conversation: Conversation, reply: ChatMessage) -> None:
        header = self._header(conversation)
        ts = self._stamps.stamp(conversation.id)
        self._writer.begin(new_partial(conversation, reply, header, ts, self._owner))

    async def save_message(self, conversation: Conversation, message: ChatMessage, *, ts: int | None = None) -> bool:
        """True once it is durable. `ts`: its place among other records, if that is not now."""
        header, records = self._header(conversation), self._settings(conversation)
        records.append(drafting.message_record(conversation.id, message, self._stamps, ts=ts))
        return await self._save(
            conversation,
            Save(
                conversation.id,
                header,
                tuple(records),
                is_urgent=True,
                since=time.monotonic(),
                blobs=drafting.blobs_of([message]),
                ends_reply=message.id if message.role == "assistant" else None,
            ),
        )

    async def save_whole(self, conversation: Conversation, known: Conversation | None) -> bool:
        """Saves what the store lacks of a conversation; True once it is durable."""
        header, records = self._header(conversation), self._settings(conversation)
        records += drafting.missing_records(conversation, known, self._stamps)
        if not records:
            return True
        return await self._save(
            conversation,
            Save(
                conversation.id,
                header,
                tuple(records),
                is_urgent=True,
                since=time.monotonic(),
                blobs=drafting.blobs_of(conversation.messages.values()),
            ),
        )

    async def save_change(
        self, conversation: Conversation, record_type: str, content: Mapping[str, object], *, is_urgent: bool = False
    ) -> bool:
        """True once it is written, or durable if urgent."""
        header, records = self._header(conversation), self._settings(conversation)
        records.append(drafting.record(conversation.id, record_type, content, self._stamps))
        save = Save(conversation.id, header, tuple(records), is_urgent=is_urgent, since=time.monotonic())
        return await self._save(conversation, save)

    async def _save(self, conversation: Conversation, save: Save) -> bool:
        hint = Hint(self._stamps.last(conversation.id), conversation.summary())
        self.hints[conversation.id] = hint
        outcome: Outcome[bool] = Outcome()
        save.hint, save.settle = encode_hint(hint), outcome.set
        self._writer.save(save)
        slow, patience = self._pace.slow_seconds, self._pace.patience_seconds
        for seconds in (min(slow, patience), max(0.0, patience - slow)):
            done, _ = await asyncio.wait([outcome.future], timeout=seconds)
            if done:
                return outcome.future.result()
            self._writer.ledger.announce()
        return False

    def _settings(self, conversation: Conversation) -> list[bytes]:
        """What was set while there was nothing to save; once for each conversation."""
        if conversation.id in self._begun:
            return []
        self._begun.add(conversation.id)
        return drafting.settings_records(conversation, self._stamps)

    def _header(self, conversation: Conversation) -> bytes:
        return drafting.header_record(conversation, self._app_version, self._stamps)
