"""Which file is where in the data folder. Knows names only; opens nothing."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from metis_tui.chat.identifiers import ULID_LENGTH, is_ulid, ulid_milliseconds


@dataclass(frozen=True, slots=True)
class Layout:
    """The names under one data folder, as a process of one kernel boot uses them."""

    root: Path
    boot: str

    @property
    def conversations(self) -> Path:
        return self.root / "conversations"

    @property
    def partials(self) -> Path:
        return self.root / "partial"

    @property
    def activity(self) -> Path:
        return self.root / "activity"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def trash(self) -> Path:
        """Files of conversations that were emptied from the trash, by the day (UTC) on which that was done."""
        return self.root / "trash"

    def blob(self, sha256: str) -> Path:
        """The file of an attachment that is too large for a record."""
        return self.blobs / sha256[:2] / sha256

    @property
    def journal(self) -> Path:
        return self.activity / f"{self.boot}.jsonl"

    @property
    def store_file(self) -> Path:
        return self.root / "store.json"

    def month_folder(self, conversation_id: str) -> Path:
        """The folder of the month (UTC) in which the conversation was created."""
        moment = time.gmtime(ulid_milliseconds(conversation_id) / 1000)
        return self.conversations / f"{moment.tm_year:04d}-{moment.tm_mon:02d}"

    def segment(self, conversation_id: str, number: int = 0) -> Path:
        """This boot's file of a conversation; numbers above 0 follow files that failed."""
        suffix = f"-{number}" if number else ""
        return self.month_folder(conversation_id) / f"{conversation_id}.{self.boot}{suffix}.jsonl"

    def segments_of(self, conversation_id: str) -> list[Path]:
        """All files of a conversation, also those copied into the folder of another month."""
        if not is_ulid(conversation_id):
            return []
        found = _named(self.month_folder(conversation_id), conversation_id)
        if not found:
            found = [path for folder in self._months() for path in _named(folder, conversation_id)]
        return found

    def segments(self) -> list[Path]:
        """All files of all conversations, the oldest folder first."""
        return [folder / name for folder in self._months() for name in _names(folder) if _is_segment(name)]

    def ids_on_disk(self) -> set[str]:
        """The ids of all conversations, from names only."""
        return _ids(self._months())

    def all_segments(self) -> dict[str, list[Path]]:
        """The files of every conversation by its id, from names only."""
        found: dict[str, list[Path]] = {}
        for folder in self._months():
            for name in _names(folder):
                if name.endswith(".jsonl") and is_ulid(name[:ULID_LENGTH]):
                    found.setdefault(name[:ULID_LENGTH], []).append(folder / name)
        return found

    def emptied_days(self) -> list[Path]:
        """The folders of what was emptied from the trash, oldest first."""
        return [self.trash / name for name in _names(self.trash)]

    def emptied_ids(self, day: Path | None = None) -> set[str]:
        """The ids of conversations with files among what was emptied from the trash, or on one day."""
        return _ids(self.emptied_days() if day is None else [day])

    def emptied_segments_of(self, conversation_id: str) -> list[Path]:
        """The files of a conversation that were emptied from the trash and are still there."""
        return [path for day in self.emptied_days() for path in _named(day, conversation_id)]

    def journals(self) -> list[Path]:
        return [self.activity / name for name in _names(self.activity) if name.endswith(".jsonl")]

    def partial_files(self) -> list[Path]:
        return [self.partials / name for name in _names(self.partials) if name.endswith(".jsonl")]

    def _months(self) -> list[Path]:
        return [self.conversations / name for name in _names(self.conversations)]


def boot_in_name(path: Path) -> str:
    """The boot in a segment's name."""
    return path.name[ULID_LENGTH + 1 : ULID_LENGTH + 9]


def _is_segment(name: str) -> bool:
    return name.endswith(".jsonl") and is_ulid(name[:ULID_LENGTH])


def _named(folder: Path, conversation_id: str) -> list[Path]:
    start = f"{conversation_id}."
    return [folder / name for name in _names(folder) if name.startswith(start) and name.endswith(".jsonl")]


def _ids(folders: list[Path]) -> set[str]:
    names = (name for folder in folders for name in _names(folder))
    ids = {name[:ULID_LENGTH] for name in names if name.endswith(".jsonl")}
    return {conversation_id for conversation_id in ids if is_ulid(conversation_id)}


def _names(folder: Path) -> list[str]:
    """Sorted; empty when the folder is not there or cannot be read."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
