"""Takes the files of trashed conversations away, and brings them back. Blocking; knows nothing of lists or threads.

Emptying the trash only moves files, to `trash/DAY/`. They are unlinked when they have rested there for a week, and
never before all records of the conversation were read once more: another process may have restored it, or gone on
with it, in a file that the move did not see or in a file that it had open. Such a conversation comes back whole.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.identifiers import ULID_LENGTH
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout
from metis_tui.store.merge import merge
from metis_tui.store.records import Record
from metis_tui.store.segment_files import read_segments

RESTING_DAYS = 7
"""Whole days between emptying the trash and the end of the files."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a conversation may go."""

    conversation: Conversation
    last_ts: int
    """Of its newest record."""
    reason: str = ""
    """Why it must stay, in plain words; empty when it may go."""


class Trash:
    """The trash of one data folder."""

    def __init__(self, layout: Layout, disk: Disk, settled_seconds: float) -> None:
        self._layout = layout
        self._disk = disk
        self._settled_seconds = settled_seconds

    def standing(self, conversation_id: str, *, before_ms: float = float("inf")) -> Standing:
        """What all of its records say, wherever they are. `before_ms`: it must have rested since then."""
        paths = self._layout.segments_of(conversation_id) + self._layout.emptied_segments_of(conversation_id)
        content = read_segments(paths, settled_seconds=self._settled_seconds)
        conversation = merge(conversation_id, content.records)
        last = max((record.ts for record, _ in content.records), default=0)
        if any(not damage.length for damage in content.damaged):
            return Standing(conversation, last, "a file of it cannot be read")
        if conversation.is_read_only:
            return Standing(conversation, last, "it was written by a newer version of metis-tui")
        if not conversation.is_trashed:
            return Standing(conversation, last, "it is not in the trash")
        if _goes_on(record for record, _ in content.records):
            return Standing(conversation, last, "it was continued after it was put in the trash")
        return Standing(
            conversation, last, "" if last <= before_ms else "it has not been in the trash for long enough"
        )

    def remove(self, conversation_id: str, today: datetime.date) -> str:
        """Moves its files away; why that was not done, or an empty text. Raises OSError; then it is all there."""
        day = self._layout.trash / today.isoformat()
        self._disk.make_folder(day)
        try:
            self._move(self._layout.segments_of(conversation_id), day)
            reason = self.standing(conversation_id).reason  # somebody may have written between reading and moving
        except OSError:
            self.bring_back(conversation_id)
            raise
        if reason:
            self.bring_back(conversation_id)
        return reason

    def bring_back(self, conversation_id: str) -> bool:
        """Moves its files back; True when there were some. Raises OSError."""
        found = self._layout.emptied_segments_of(conversation_id)
        if found:
            month = self._layout.month_folder(conversation_id)
            self._disk.make_folder(month)
            self._move(found, month)
        return bool(found)

    def mend(self, today: datetime.date) -> tuple[list[str], list[str]]:
        """Makes whole what is in both places: (ids that came back, ids that went).

        What was restored or continued after it was emptied comes back. The rest are late records that change
        nothing, such as a reply that was left by a crash.
        """
        back: list[str] = []
        gone: list[str] = []
        for conversation_id in sorted(self._layout.emptied_ids() & self._layout.ids_on_disk()):
            if self.standing(conversation_id).reason:
                self.bring_back(conversation_id)
                back.append(conversation_id)
            elif not self.remove(conversation_id, today):
                gone.append(conversation_id)
        return back, gone

    def unlink_rested(self, today: datetime.date) -> int:
        """Ends what was emptied more than a week ago; how many conversations that were."""
        ended = 0
        for day in self._layout.emptied_days():
            if (today - _date(day.name, today)).days <= RESTING_DAYS:
                continue
            for conversation_id in self._layout.emptied_ids(day):
                ended += self._unlink(conversation_id, day)
            with suppress(OSError):
                day.rmdir()
        return ended

    def _unlink(self, conversation_id: str, day: Path) -> bool:
        if self.standing(conversation_id).reason:
            self.bring_back(conversation_id)
            return False
        for path in self._layout.emptied_segments_of(conversation_id):
            if path.parent == day:
                self._disk.unlink(path)
        return True

    def _move(self, paths: list[Path], folder: Path) -> None:
        for path in paths:
            with suppress(FileNotFoundError):  # another process did it
                self._move_one(path, folder)
        for changed in {folder, *(path.parent for path in paths)}:
            self._disk.sync_folder(changed)

    def _move_one(self, path: Path, folder: Path) -> None:
        """Under another number where the name is taken: what two processes wrote stays in two files."""
        number, name = 0, path.name
        while True:
            try:
                return self._disk.move(path, folder / name)
            except FileExistsError:
                number += 1
                name = f"{path.name[: ULID_LENGTH + 9]}-{number}.jsonl"


def _goes_on(records: Iterable[Record]) -> bool:
    """Whether messages came after it was trashed last."""
    trashed = said = 0
    for record in records:
        if record.type == "trash":
            trashed = max(trashed, record.ts)
        elif record.type == "msg":
            said = max(said, record.ts)
    return said > trashed


def _date(name: str, default: datetime.date) -> datetime.date:
    try:
        return datetime.date.fromisoformat(name)
    except ValueError:
        return default
