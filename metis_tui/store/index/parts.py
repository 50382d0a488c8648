"""Reads what is new in the files of a conversation, as the index wants it. Knows nothing of SQLite."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metis_tui.chat.conversation import Role
from metis_tui.chat.hits import has_code
from metis_tui.store.layout import boot_in_name
from metis_tui.store.records import BadRecord, Record, decode, split_lines

ROLES: tuple[Role, ...] = ("user", "assistant", "system")
"""The index keeps a role's place in this."""
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a message, and where it is."""

    id: str
    role: int
    created_ms: int
    model: str | None
    """`model@cluster`."""
    text: str
    has_code: bool
    is_done: bool
    """Not cut short by a crash."""
    size: int
    """Characters that were written, reasoning included."""
    ts: int
    offset: int
    length: int

    @property
    def worth(self) -> tuple[bool, int, int]:
        """Of two records with one message id the one worth more counts."""
        return (self.is_done, self.size, self.ts)


@dataclass(slots=True)
class Part:
    """What was read of one file."""

    path: str
    """Below the folder of conversations."""
    start: int
    end: int
    """Offset behind the last record that is whole."""
    entries: list[Entry] = field(default_factory=list)
    settings: list[tuple[Record, str]] = field(default_factory=list)
    """Records that are no messages, with the boot that wrote them."""


def file_size(path: Path) -> int:
    """Opening first makes a file server tell the size of today. Raises OSError."""
    fd = os.open(path, _FLAGS)
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)


def read_part(folder: Path, path: str, start: int = 0) -> Part | None:
    """What follows the offset; None when the file is shorter, so not the one that it was. Raises OSError."""
    fd = os.open(folder / path, _FLAGS)
    with os.fdopen(fd, "rb", buffering=0) as file:
        if os.fstat(fd).st_size < start:
            return None
        file.seek(start)
        data = file.read()
    end = data.rfind(b"\n") + 1
    part = Part(path, start, start + end)
    boot = boot_in_name(Path(path))
    for offset, line, _ in split_lines(data[:end]):
        try:
            record = decode(line)
        except BadRecord:
            continue
        if record.is_too_new:
            continue
        if record.type != "msg":
            part.settings.append((record, boot))
        elif entry := _entry(record, start + offset, len(line)):
            part.entries.append(entry)
    return part


def _entry(record: Record, offset: int, length: int) -> Entry | None:
    fields = record.fields
    role, message_id = fields.get("role"), fields.get("id")
    if role not in ROLES or not isinstance(message_id, str):
        return None
    text = text_of(fields)
    reasoning = fields.get("reasoning")
    created = fields.get("created")
    return Entry(
        id=message_id,
        role=ROLES.index(role),
        created_ms=created if isinstance(created, int) else record.ts,
        model=_served_by(fields),
        text=text,
        has_code=has_code(text),
        is_done=fields.get("stop") != "interrupted",
        size=len(text) + (len(reasoning) if isinstance(reasoning, str) else 0),
        ts=record.ts,
        offset=offset,
        length=length,
    )


def text_of(fields: Mapping[str, Any]) -> str:
    text = fields.get("text")
    return text if isinstance(text, str) else ""


def _served_by(fields: Mapping[str, Any]) -> str | None:
    model, cluster = fields.get("model"), fields.get("cluster")
    if not isinstance(model, str):
        return None
    return f"{model}@{cluster}" if isinstance(cluster, str) and cluster else model
