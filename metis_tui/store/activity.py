"""Keeps the activity journals: one line for each finished change, holding all that a list of conversations shows.

Journals are hints. Losing one costs a scan, never a conversation. Knows nothing of messages.
"""

from __future__ import annotations

import heapq
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout
from metis_tui.store.records import BadRecord, decode, encode

_FIRST_BLOCK = 8 * 1024
"""Read from each journal's end at first: there may be hundreds of journals. Then twice as much each time ..."""
_BLOCK = 64 * 1024
"""... up to this."""
_SLACK_MS = 10_000
"""Processes of one boot share a clock, so lines of a journal are in order but for moments like these."""
_ID_MARK = b'"conv":"'
_ID_PLACE = len('{"v":1,"t":"activity","ts":1700000000000,"conv":"')


@dataclass(frozen=True, slots=True)
class Hint:
    """What a journal says of one conversation."""

    ts: int
    summary: ConversationSummary
    is_gone: bool = False
    """It was emptied from the trash: no list shows it."""


Hints = dict[str, Hint]
"""By conversation id."""


def encode_hint(hint: Hint) -> bytes:
    summary = hint.summary
    fields: dict[str, object] = {
        "conv": summary.id,
        "title": summary.title,
        "model": summary.model,
        "created": summary.created_ms,
        "updated": summary.updated_ms,
        "count": summary.message_count,
        "excerpt": summary.excerpt,
    }
    flags = {"pin": summary.is_pinned, "archive": summary.is_archived, "trash": summary.is_trashed}
    if summary.tags:
        fields["tags"] = list(summary.tags)
    if hint.is_gone:
        fields["gone"] = True
    return encode("activity", hint.ts, {**fields, **{name: True for name, is_set in flags.items() if is_set}})


def note(hints: Hints, hint: Hint) -> None:
    """Keeps the newer of two hints for a conversation."""
    known = hints.get(hint.summary.id)
    if known is None or hint.ts >= known.ts:
        hints[hint.summary.id] = hint


def newest_first(hints: Hints, limit: int | None, *, include_trashed: bool) -> list[ConversationSummary]:
    shown = [h.summary for h in hints.values() if not h.is_gone and (include_trashed or not h.summary.is_trashed)]
    if limit is None or limit * 4 > len(shown):
        return sorted(shown, key=_order, reverse=True)[:limit]
    return heapq.nlargest(limit, shown, key=_order)


def _order(summary: ConversationSummary) -> tuple[int, str]:
    return (summary.updated_ms, summary.id)


class JournalWriter:
    """Adds lines to this boot's journal. Belongs to the writer thread; failures are silent."""

    def __init__(self, layout: Layout, disk: Disk) -> None:
        self._layout = layout
        self._disk = disk
        self._fd: int | None = None

    def append(self, line: bytes) -> None:
        try:
            if self._fd is None or self._disk.link_count(self._fd) == 0:
                self.close()
                self._disk.make_folder(self._layout.activity)
                self._fd = self._disk.open_append(self._layout.journal)
            self._disk.append(self._fd, line)
        except OSError:
            self.close()

    def close(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                self._disk.close(self._fd)
            self._fd = None


class JournalReader:
    """Reads the journals: only their ends while that is enough, later whole and then only what was added.

    Belongs to one thread.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._hints: Hints = {}
        self._offsets: dict[Path, int] = {}
        self.is_complete = False
        """All journals were read whole once."""

    def newest(self, limit: int, *, include_trashed: bool) -> Hints:
        """Hints that hold the first `limit` conversations by last change, from the ends of the journals."""
        if self.is_complete:
            return self.all()
        hints: Hints = {}
        tails = [tail for tail in map(_Tail, self._layout.journals()) if tail.start > 0]
        while tails:
            shown = newest_first(hints, limit, include_trashed=include_trashed)
            tail = max(tails, key=lambda tail: tail.oldest_ts)
            # Lines not read yet are older than those read, and nothing changed later than its line was written.
            if len(shown) == limit and shown[-1].updated_ms > tail.oldest_ts + _SLACK_MS:
                break
            tail.read_block(hints)
            if tail.start == 0:
                tails.remove(tail)
        return hints

    def all(self) -> Hints:
        """Everything the journals say now."""
        for path in self._layout.journals():
            with suppress(OSError):
                self._follow(path)
        self.is_complete = True
        return self._hints

    def add(self, hint: Hint) -> Hint:
        """Takes a hint found by scanning, which is later than what says that it is gone; returns it."""
        known = self._hints.get(hint.summary.id)
        if known is not None and known.is_gone:
            hint = replace(hint, ts=max(hint.ts, known.ts + 1))
        note(self._hints, hint)
        return hint

    def _follow(self, path: Path) -> None:
        """Reads what was added since last time, newest line first: most lines are outdated by a later one."""
        offset = self._offsets.get(path, 0)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size == offset:
                return
            file.seek(offset if size > offset else 0)
            data = file.read()
            end = data.rfind(b"\n") + 1  # a line without its end is still being written
            self._offsets[path] = file.tell() - len(data) + end
        _take_lines(data[:end], self._hints, set())


class _Tail:
    """A journal read from its end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._block = _FIRST_BLOCK
        self._rest = b""
        """The beginning of the block read last: the end of a line whose start is not read yet."""
        self._seen: set[bytes] = set()
        self.oldest_ts: float = float("inf")
        try:
            self.start = path.stat().st_size
        except OSError:
            self.start = 0

    def read_block(self, hints: Hints) -> None:
        begin = max(0, self.start - min(self._block, _BLOCK))
        self._block *= 2
        try:
            with open(self._path, "rb") as file:
                file.seek(begin)
                data = file.read(self.start - begin) + self._rest
        except OSError:
            self.start = 0
            return
        self.start = begin
        cut = 0 if begin == 0 else data.find(b"\n") + 1
        self._rest = data[:cut] if cut else (data if begin else b"")
        oldest = _take_lines(data[cut:] if cut or begin == 0 else b"", hints, self._seen)
        self.oldest_ts = min(self.oldest_ts, oldest)


def _take_lines(data: bytes, hints: Hints, seen: set[bytes]) -> float:
    """Notes the last line of each conversation not seen before; returns the ts of the first line that was read."""
    oldest = float("inf")
    for line in reversed(data.split(b"\n")):
        if not line or line[_ID_PLACE : _ID_PLACE + 26] in seen:  # most lines are outdated, and begin alike
            continue
        at = line.find(_ID_MARK, 0, 80) + len(_ID_MARK)
        conversation_id = line[at : at + 26]
        if at < len(_ID_MARK) or conversation_id in seen:
            continue
        hint = _hint(line)
        if hint is not None:
            seen.add(conversation_id)
            note(hints, hint)
            oldest = min(oldest, hint.ts)
    return oldest


def _hint(line: bytes) -> Hint | None:
    try:
        record = decode(line)
    except BadRecord:
        return None
    if record.is_too_new or record.type != "activity":
        return None
    fields = record.fields
    try:
        summary = ConversationSummary(
            id=_kind(fields, "conv", str),
            title=_kind(fields, "title", str),
            model=fields.get("model") if isinstance(fields.get("model"), str) else None,
            created_ms=_kind(fields, "created", int),
            updated_ms=_kind(fields, "updated", int),
            message_count=_kind(fields, "count", int),
            is_pinned=fields.get("pin") is True,
            is_archived=fields.get("archive") is True,
            is_trashed=fields.get("trash") is True,
            excerpt=_kind(fields, "excerpt", str),
            tags=tuple(tag for tag in fields.get("tags") or () if isinstance(tag, str)),
        )
    except TypeError:
        return None
    return Hint(record.ts, summary, fields.get("gone") is True)


def _kind(fields: Any, key: str, kind: type) -> Any:
    value = fields.get(key)
    if not isinstance(value, kind):
        raise TypeError(key)
    return value
