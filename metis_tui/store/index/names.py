"""Which files there are, from names alone, and which conversations the journals say have changed."""

from __future__ import annotations

import os
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.chat.identifiers import ULID_LENGTH, is_ulid
from metis_tui.store.layout import Layout

_CONVERSATION = re.compile(rb'"conv":"([0-9a-z]{26})"')
_HEAD = 128
"""Bytes of a journal that tell it from another one of the same name."""


def segment_names(layout: Layout) -> dict[str, list[str]]:
    """Paths below the folder of conversations by conversation id. Raises OSError when a folder cannot be read."""
    found: dict[str, list[str]] = {}
    try:
        months = os.listdir(layout.conversations)
    except FileNotFoundError:
        return found
    for month in sorted(months):
        try:
            names = os.listdir(layout.conversations / month)
        except (NotADirectoryError, FileNotFoundError):
            continue
        for name in names:
            conversation_id = name[:ULID_LENGTH]
            if name.endswith(".jsonl") and is_ulid(conversation_id):
                found.setdefault(conversation_id, []).append(f"{month}/{name}")
    return found


@dataclass(slots=True)
class Cursor:
    """How far a journal has been read."""

    offset: int
    head: int
    """Checksum of its first bytes."""


@dataclass(slots=True)
class News:
    """What the journals say since they were read last."""

    conversations: set[str] = field(default_factory=set)
    moved: dict[str, Cursor] = field(default_factory=dict)
    """Cursors that are new or have moved, by the journal's name."""
    is_broken: bool = False
    """A journal is gone or another one: what it said since may be lost, so files must be compared by size."""


def read_news(layout: Layout, cursors: dict[str, Cursor], *, only_own: bool = False) -> News:
    """Reads what was added to the journals. `only_own`: to this boot's, which one look at one file tells."""
    news = News()
    if only_own:
        journals = [layout.journal]
    else:
        journals = layout.journals()
        news.is_broken = bool(cursors.keys() - {path.name for path in journals})
    for journal in journals:
        try:
            _follow(journal, cursors.get(journal.name), news)
        except OSError:
            news.is_broken = journal.name in cursors or news.is_broken
    return news


def _follow(journal: Path, cursor: Cursor | None, news: News) -> None:
    with open(journal, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if cursor is not None and size == cursor.offset:
            return
        head = zlib.crc32(file.read(_HEAD)) if size >= _HEAD else 0
        if cursor is not None and (size < cursor.offset or (cursor.head and head != cursor.head)):
            news.is_broken = True
            cursor = None
        start = cursor.offset if cursor else 0
        file.seek(start)
        data = file.read()
    end = data.rfind(b"\n") + 1  # a line without its end is still being written
    news.conversations |= {found.decode() for found in _CONVERSATION.findall(data[:end])}
    news.moved[journal.name] = Cursor(start + end, head)
