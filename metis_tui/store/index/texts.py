"""Reads messages' texts from the segments, where the index says they are, and keeps those read last."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metis_tui.chat.matching import composed, fold
from metis_tui.store.index.parts import text_of
from metis_tui.store.records import BadRecord, decode

_KEPT_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class Location:
    """Where a record is: a path below the folder of conversations, and bytes."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class FoundText:
    """A text as it is looked at."""

    text: str
    folded: str


class Texts:
    """Belongs to one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._kept: OrderedDict[tuple[str, int], FoundText] = OrderedDict()
        self._size = 0

    def read_all(self, wanted: Sequence[tuple[str, Location]]) -> list[FoundText | None]:
        """The texts of messages (id, location); None for one that is not there any more."""
        found: list[FoundText | None] = [None] * len(wanted)
        missing: dict[str, list[int]] = {}
        for number, (_, where) in enumerate(wanted):
            key = (where.path, where.offset)
            if key in self._kept:
                self._kept.move_to_end(key)
                found[number] = self._kept[key]
            else:
                missing.setdefault(where.path, []).append(number)
        for path, numbers in missing.items():
            with suppress(OSError):  # a file is opened once for all its messages
                self._read_file(path, [(n, *wanted[n]) for n in numbers], found)
        return found

    def _read_file(
        self, path: str, wanted: Sequence[tuple[int, str, Location]], found: list[FoundText | None]
    ) -> None:
        fd = os.open(f"{self._folder}/{path}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            for number, message_id, where in wanted:
                with suppress(BadRecord):
                    record = decode(os.pread(fd, where.length, where.offset))
                    if record.fields.get("id") == message_id:
                        text = composed(text_of(record.fields))
                        found[number] = self._keep((where.path, where.offset), FoundText(text, fold(text)))
        finally:
            os.close(fd)

    def _keep(self, key: tuple[str, int], text: FoundText) -> FoundText:
        self._kept[key] = text
        self._size += len(text.text)
        while self._size > _KEPT_CHARACTERS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped.text)
        return text
