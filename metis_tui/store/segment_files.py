"""Reads the files of one conversation, skipping what is damaged. Knows nothing of writing."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.chat.conversation import DamagedRecord
from metis_tui.store.layout import boot_in_name
from metis_tui.store.records import BadRecord, Record, decode, split_lines


@dataclass(slots=True)
class SegmentContent:
    """What a file holds."""

    records: list[tuple[Record, str]] = field(default_factory=list)
    """With the boot whose processes wrote them."""
    damaged: list[DamagedRecord] = field(default_factory=list)
    size: int = 0
    """In bytes, when it was read."""


def read_segments(paths: list[Path], *, settled_seconds: float) -> SegmentContent:
    """Everything in a conversation's files. Files that cannot be read are reported as damaged as a whole."""
    whole = SegmentContent()
    torn: list[tuple[bytes, DamagedRecord]] = []
    lines: list[bytes] = []
    for path in paths:
        try:
            data, age = read_file(path)
        except OSError as error:
            whole.damaged.append(DamagedRecord(str(path), 0, 0, f"the file cannot be read ({error.strerror})"))
            continue
        whole.size += len(data)
        boot = boot_in_name(path)
        for offset, line, is_ended in split_lines(data):
            try:
                whole.records.append((decode(line), boot))
                lines.append(line)
            except BadRecord as error:
                if is_ended or age > settled_seconds:
                    torn.append((line, DamagedRecord(str(path), offset, len(line), str(error))))
    # A record that was cut short and then written again elsewhere is not lost, so there is nothing to report.
    whole.damaged += [damage for line, damage in torn if not any(good.startswith(line) for good in lines)]
    return whole


def read_file(path: Path) -> tuple[bytes, float]:
    """(content, seconds since its last change). Raises OSError; a link in the file's place counts as one."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        facts = os.fstat(fd)
        return file.read(), time.time() - facts.st_mtime
