"""Finds and reads what is saved: lists, conversations, ids. Blocking, for one reading thread; writes nothing."""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metis_tui.chat.conversation import Conversation, ConversationSummary
from metis_tui.store.activity import Hint, Hints, JournalReader, newest_first, note
from metis_tui.store.layout import Layout
from metis_tui.store.merge import merge
from metis_tui.store.messages import is_sha256
from metis_tui.store.pace import Pace
from metis_tui.store.records import Record, decode
from metis_tui.store.segment_files import read_file, read_segments

_SCANNED_AT_ONCE = 200
"""Conversations without a hint that one list call reads at most beyond its limit, newest first."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation as it was read."""

    conversation: Conversation
    size: int
    """Bytes of its files: grows with every record."""
    last_ts: int
    """Of its newest record."""

    @property
    def hint(self) -> Hint:
        return Hint(self.last_ts, self.conversation.summary())


class Library:
    """One data folder, seen by a reader.

    A list is made from the ends of the activity journals while those know enough conversations. What they do not
    know is found by comparing with the names of the files: at once when a list would fall short, else by `sweep`.
    """

    def __init__(self, layout: Layout, pace: Pace) -> None:
        self._layout = layout
        self._pace = pace
        self._journals = JournalReader(layout)
        self._measured: tuple[str, builtins.list[Path]] = "", []
        """The conversation whose files were measured last, and these files."""
        self._unread: list[str] | None = None
        """Ids that no journal mentions, oldest first; None before the first comparison."""
        self._found: builtins.list[Hint] = []
        """Of conversations read because no journal mentions them, for a journal to be written."""

    def list(
        self, limit: int | None, *, include_trashed: bool, more: Iterable[Hint] = ()
    ) -> Sequence[ConversationSummary]:
        """Newest first by last change. `more`: hints of this process that may not be in a journal yet."""
        if limit is not None and not self._journals.is_complete:
            hints = self._journals.newest(limit, include_trashed=include_trashed)
            summaries = _with(hints, more, limit, include_trashed)
            if len(summaries) == limit:
                return summaries
        if self._unread is None:
            self._compare()
        count = None if limit is None else limit + _SCANNED_AT_ONCE
        self._read_unread(count)
        return _with(self._journals.all(), more, limit, include_trashed)

    def trashed(self, more: Iterable[Hint] = (), *, before_ms: float = float("inf")) -> Sequence[str]:
        """Ids of what is in the trash, newest first; with a time, only what rests since then as the journals tell."""
        if before_ms == float("inf"):
            summaries = self.list(None, include_trashed=True, more=more)
        else:
            hints = {i: hint for i, hint in self._journals.all().items() if hint.ts <= before_ms}
            summaries = newest_first(hints, None, include_trashed=True)
        return [summary.id for summary in summaries if summary.is_trashed]

    def emptied(self) -> Sequence[ConversationSummary]:
        """What was emptied from the trash and is still there, newest first by last change."""
        found: Hints = {}
        for conversation_id in self._layout.emptied_ids() - self._layout.ids_on_disk():
            try:
                found[conversation_id] = self.open(conversation_id).hint
            except KeyError:
                continue  # it ends just now
        return newest_first(found, None, include_trashed=True)

    def sweep(self, count: int) -> tuple[Sequence[Hint], bool]:
        """Reads up to `count` conversations that no journal mentions; (hints to write, whether some are left)."""
        if self._unread is None:
            self._compare()
        else:
            self._read_unread(count)
        hints, self._found = self._found, []
        return hints, bool(self._unread)

    def open(self, conversation_id: str, kept: Sequence[bytes] = ()) -> Opened:
        """The conversation made of all its files and of records that may not be in them yet.

        Raises:
            KeyError: there is no such conversation.
        """
        paths, settled = self._layout.segments_of(conversation_id), self._pace.settled_seconds
        content = read_segments(paths, settled_seconds=settled)
        if _lacks_messages(record for record, _ in content.records) and (
            emptied := self._layout.emptied_segments_of(conversation_id)
        ):  # emptied from the trash, perhaps while another process restored or continued it
            content = read_segments(paths + emptied, settled_seconds=settled)
        records: list[tuple[Record, str]] = content.records
        records += [(decode(line.strip()), self._layout.boot) for line in kept]
        if not records and not content.damaged:
            raise KeyError(conversation_id)
        conversation = merge(conversation_id, records)
        conversation.damaged = tuple(content.damaged)
        return Opened(conversation, content.size, max((record.ts for record, _ in records), default=0))

    def size(self, conversation_id: str, *, is_thorough: bool = True) -> int:
        """Bytes of a conversation's files now; not thorough: of those that the last look found."""
        last_id, paths = self._measured
        if is_thorough or last_id != conversation_id or not paths:
            paths = self._layout.segments_of(conversation_id) or self._layout.emptied_segments_of(conversation_id)
            self._measured = conversation_id, paths
        total = 0
        for path in paths:
            try:
                with open(path, "rb") as file:  # opening first makes a file server tell the size of today
                    total += file.seek(0, 2)
            except OSError:
                continue
        return total

    def attachment(self, sha256: str) -> bytes | None:
        """The content of a blob, when it is what its name says."""
        if not is_sha256(sha256):
            return None
        try:
            content, _ = read_file(self._layout.blob(sha256))
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def made_up_name(self) -> str:
        """A name for whoever uses this folder, which gives nothing away: `voter-` and eight digits."""
        try:
            content, _ = read_file(self._layout.store_file)
        except OSError:
            content = b"nothing is saved yet"
        return f"voter-{hashlib.sha256(b'voter:' + content).hexdigest()[:8]}"

    def find(self, part: str, more: Iterable[str] = ()) -> str | None:
        """The one id that is `part`, starts with it or ends with it; None when there is none or several."""
        part = part.strip().lower()
        ids = self._layout.ids_on_disk() | set(more)
        if not part or part in ids:
            return part or None
        found = _fitting(ids, part) or _fitting(self._layout.emptied_ids(), part)
        return found[0] if len(found) == 1 else None

    def _compare(self) -> None:
        known = {i for i, hint in self._journals.all().items() if not hint.is_gone}
        self._unread = sorted(self._layout.ids_on_disk() - known)

    def _read_unread(self, count: int | None) -> None:
        while self._unread and (count is None or count > 0):
            try:
                opened = self.open(self._unread.pop())
            except KeyError:
                continue
            if not opened.conversation.is_empty:
                hint = self._journals.add(opened.hint)
                self._found.append(hint)
            count = None if count is None else count - 1


def _lacks_messages(records: Iterable[Record]) -> bool:
    """Whether there is none, or one that follows another one that is not there."""
    messages = [record.fields for record in records if record.type == "msg"]
    ids = {fields.get("id") for fields in messages}
    return any(fields.get("parent") not in ids for fields in messages if fields.get("parent")) or not messages


def _fitting(ids: set[str], part: str) -> list[str]:
    return [i for i in ids if i.startswith(part)] or [i for i in ids if i.endswith(part)]


def _with(hints: Hints, more: Iterable[Hint], limit: int | None, include_trashed: bool) -> list[ConversationSummary]:
    hints = dict(hints)
    for hint in more:
        note(hints, hint)
    return newest_first(hints, limit, include_trashed=include_trashed)
