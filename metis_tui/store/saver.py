"""Hands changes of conversations to the writer thread and waits for the outcome, but never for long.

Belongs to the event loop. Knows nothing of reading. `Remarks` are the changes that are not messages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

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
        return await self._save(
            conversation,
            lambda: [drafting.message_record(conversation.id, message, self._stamps, ts=ts)],
            is_urgent=True,
            blobs=drafting.blobs_of([message]),
            ends_reply=message.id if message.role == "assistant" else None,
        )

    async def save_whole(self, conversation: Conversation, known: Conversation | None) -> bool:
        """Saves what the store lacks of a conversation; True once it is durable."""
        return await self._save(
            conversation,
            lambda: drafting.missing_records(conversation, known, self._stamps),
            is_urgent=True,
            blobs=drafting.blobs_of(conversation.messages.values()),
        )

    async def save_change(
        self, conversation: Conversation, record_type: str, content: Mapping[str, object], *, is_urgent: bool = False
    ) -> bool:
        """True once it is written, or durable if urgent."""
        return await self._save(
            conversation,
            lambda: [drafting.record(conversation.id, record_type, content, self._stamps)],
            is_urgent=is_urgent,
        )

    async def _save(
        self,
        conversation: Conversation,
        make_records: Callable[[], list[bytes]],
        *,
        is_urgent: bool,
        blobs: tuple[tuple[str, bytes], ...] = (),
        ends_reply: str | None = None,
    ) -> bool:
        """Hands over a header, settings that are not on disk yet, and the records, which are made last: they come
        after those in time, too.
        """
        header, records = self._header(conversation), self._settings(conversation)
        records += make_records()
        if not records:
            return True
        save = Save(
            conversation.id,
            header,
            tuple(records),
            is_urgent=is_urgent,
            since=time.monotonic(),
            blobs=blobs,
            ends_reply=ends_reply,
        )
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


class Remarks:
    """The part of a store that keeps remarks. All return True once a crash of this program cannot lose them.

    While a conversation is empty nothing is written: what is said of it goes to disk with its first message. Nothing
    is written to one that is read-only: False.
    """

    _saver: Saver

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool:
        """Sets and saves a setting: title, model, system, params, pin, archive, head. Last writer wins."""
        drafting.apply(conversation, key, value)
        if key == "head":
            return await self._say(conversation, "head", {"msg": value})
        return await self._say(conversation, "set", {"key": key, "val": value})

    async def tag(self, conversation: Conversation, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> bool:
        """Adds and removes tags."""
        added, removed = list(add), list(remove)
        kept = [tag for tag in conversation.tags if tag not in removed]
        conversation.tags = tuple(dict.fromkeys([*kept, *added]))
        return await self._say(conversation, "tag", {"add": added, "del": removed})

    async def note(self, conversation: Conversation, message_id: str, text: str) -> bool:
        """Keeps a note on a message, in place of an earlier one; empty text takes it away."""
        drafting.put(conversation.notes, message_id, text.strip() or None)
        return await self._say(conversation, "note", {"msg": message_id, "text": text.strip()})

    async def bookmark(self, conversation: Conversation, message_id: str, *, is_set: bool) -> bool:
        """Marks a message, or takes the mark away."""
        others = [marked for marked in conversation.bookmarks if marked != message_id]
        conversation.bookmarks = (*others, message_id) if is_set else tuple(others)
        return await self._say(conversation, "mark", {"msg": message_id, "val": is_set})

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool:
        """Keeps a verdict on a message (a JSON value); None takes it away."""
        drafting.put(conversation.votes, message_id, value)
        return await self._say(conversation, "vote", {"msg": message_id, "val": value})

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool:
        """Adds a record of another type to those in `Conversation.extras`; its key "t" names the type."""
        conversation.extras = (*conversation.extras, dict(content))
        fields = {key: value for key, value in content.items() if key != "t"}
        return await self._say(conversation, str(content["t"]), fields)

    async def _say(self, conversation: Conversation, record_type: str, content: dict[str, object]) -> bool:
        if conversation.is_empty or conversation.is_read_only:
            return conversation.is_empty
        return await self._saver.save_change(conversation, record_type, content)
