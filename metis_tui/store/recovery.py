"""Finds the replies that dead processes left behind, and makes messages of them.

Finding reads partial files only; what is found is saved by the store's own threads before a file goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import is_ulid
from metis_tui.store import drafting
from metis_tui.store.disk import Disk, in_words
from metis_tui.store.layout import Layout
from metis_tui.store.machine import Owner, is_gone
from metis_tui.store.messages import message_from
from metis_tui.store.pace import Pace
from metis_tui.store.records import BadRecord, Record, decode, split_lines
from metis_tui.store.saver import Saver
from metis_tui.store.segment_files import read_file
from metis_tui.store.worker import Worker
from metis_tui.store.writer import Writer


@dataclass(frozen=True, slots=True)
class LeftReply:
    """A reply whose process is dead."""

    path: Path
    reply: ChatMessage | None
    """Marked as interrupted; None when the file holds no reply and can just go."""
    conversation_id: str = ""
    title: str = ""
    ts: int = 0
    """Of its last record: its place among other records, the same whoever finds it."""


class Adoption:
    """What the threads of one store do with the replies of others.

    Args:
        read: the conversation with an id. Raises KeyError.
    """

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        writer: Writer,
        reader: Worker,
        saver: Saver,
        owner: Owner,
        pace: Pace,
        read: Callable[[str], Awaitable[Conversation]],
    ) -> None:
        self._layout, self._disk = layout, disk
        self._writer, self._reader, self._saver = writer, reader, saver
        self._owner, self._pace = owner, pace
        self._read = read
        self._unusable = ""
        """Why nothing could be written when it looked last."""

    async def recover(self) -> int:
        """See ConversationStore. Gives up on a disk that does not answer."""
        ledger = self._writer.ledger
        search = asyncio.ensure_future(self._reader.run(self._look_around))
        done, _ = await asyncio.wait([search], timeout=self._pace.patience_seconds)
        if not done:
            search.cancel()
            ledger.trouble = ledger.trouble or "storage is slow"
            ledger.announce()
            return 0
        ledger.announce()
        return sum([await self._adopt(left) for left in search.result()])

    def _look_around(self) -> Sequence[LeftReply]:
        ledger = self._writer.ledger
        try:
            self._disk.check(self._layout.root)
        except OSError as error:
            self._unusable = ledger.trouble = in_words(error)
        else:
            if self._unusable and self._unusable == ledger.trouble:
                self._unusable = ledger.trouble = ""
        return left_replies(self._layout, self._owner, self._pace, self._writer.own_partial_names)

    async def _adopt(self, left: LeftReply) -> bool:
        if left.reply is None or not is_ulid(left.conversation_id):
            self._writer.remove(left.path)
            return False
        try:
            conversation = await self._read(left.conversation_id)
        except KeyError:
            conversation = Conversation(id=left.conversation_id, title=left.title)
        known = conversation.messages.get(left.reply.id)
        is_new = known is None or (
            known.stop == "interrupted" and drafting.length(known) < drafting.length(left.reply)
        )
        if is_new:
            if known is None:
                conversation.add(left.reply)
            if not await self._saver.save_message(conversation, left.reply, ts=left.ts):
                return False
        self._writer.remove(left.path)
        return is_new


def left_replies(layout: Layout, me: Owner, pace: Pace, own_names: set[str]) -> list[LeftReply]:
    """All partial files that nobody writes any more."""
    found = (_left_reply(path, me, pace) for path in layout.partial_files() if path.name not in own_names)
    return [left for left in found if left is not None]


def _left_reply(path: Path, me: Owner, pace: Pace) -> LeftReply | None:
    try:
        data, rest_seconds = read_file(path)
    except OSError:
        return None
    records = _records(data)
    owner = _owner(path, records)
    if owner is None or not _is_left(owner, me, rest_seconds, pace):
        return None
    return _reply(path, records)


def _is_left(owner: Owner, me: Owner, rest_seconds: float, pace: Pace) -> bool:
    if owner.is_surely_gone(me):
        return True
    if owner.boot != me.boot:
        return rest_seconds > pace.other_boot_seconds
    # In another pid namespace its process may live and yet not be seen, so the file must have rested as well.
    return rest_seconds > pace.owner_gone_seconds and is_gone(owner.pid, owner.started)


def _owner(path: Path, records: list[Record]) -> Owner | None:
    """From the newest `reply` record, or what the file's name tells."""
    boot, _, rest = path.name.partition(".")
    pid = rest.partition("-")[0]
    if len(boot) != 8 or not pid.isdigit():
        return None
    for record in reversed(records):
        if record.type == "reply":
            started, namespace = record.fields.get("started"), record.fields.get("pidns")
            return Owner(boot, int(pid), _whole(started), _whole(namespace))
    return Owner(boot, int(pid))


def _reply(path: Path, records: list[Record]) -> LeftReply:
    start = next((i for i in reversed(range(len(records))) if records[i].type == "reply"), None)
    if start is None:
        return LeftReply(path, None)
    facts = records[start].fields
    try:
        reply = message_from(facts["reply"])
        conversation_id = str(facts["conv"])
    except (BadRecord, KeyError, AttributeError):
        return LeftReply(path, None)
    deltas = {
        _whole(record.fields.get("n")): record
        for record in records[start + 1 :]
        if record.type == "delta" and record.fields.get("id") == reply.id
    }
    in_order = [deltas[n] for n in sorted(deltas)]
    reply = replace(
        reply,
        text="".join(str(delta.fields.get("text", "")) for delta in in_order),
        reasoning="".join(str(delta.fields.get("reasoning", "")) for delta in in_order),
        stop="interrupted",
    )
    return LeftReply(path, reply, conversation_id, str(facts.get("title", "")), max(r.ts for r in records))


def _records(data: bytes) -> list[Record]:
    records = []
    for _, line, _ in split_lines(data):
        try:
            record = decode(line)
        except BadRecord:
            continue
        if not record.is_too_new:
            records.append(record)
    return records


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
