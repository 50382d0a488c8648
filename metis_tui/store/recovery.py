"""Finds the replies that dead processes left behind. Reads partial files; removes and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from metis_tui.chat.conversation import ChatMessage
from metis_tui.store.layout import Layout
from metis_tui.store.machine import Owner, is_gone
from metis_tui.store.messages import message_from
from metis_tui.store.pace import Pace
from metis_tui.store.records import BadRecord, Record, decode, split_lines
from metis_tui.store.segment_files import read_file


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
