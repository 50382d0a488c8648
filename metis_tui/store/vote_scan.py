"""Finds the votes among all saved conversations without reading any of them as a conversation. Blocking, reads only.

Votes are few and files are many, so every file is looked through for the bytes that each record of a vote holds
(inside a text JSON escapes the quotes, so they mean nothing else); only records of votes, tags and the trash are
decoded, and only of conversations with a vote. 150 MB in 10,000 files take a quarter of a second on a local disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.identifiers import ULID_LENGTH
from metis_tui.chat.votes import Vote, votes_of
from metis_tui.store.layout import Layout, boot_in_name
from metis_tui.store.merge import merge
from metis_tui.store.records import BadRecord, Record, decode

_VOTE = b',"t":"vote",'
_WANTED = (_VOTE, b',"t":"tag",', b',"t":"trash",', b',"t":"restore",')


def scan_votes(layout: Layout, kept: Callable[[str], Sequence[bytes]], kept_ids: Iterable[str]) -> list[Vote]:
    """The votes of all conversations that are not in the trash, oldest conversation first.

    Args:
        kept: records of a conversation that may not be in its files yet; asked for first of all.
        kept_ids: the conversations that have such.
    """
    in_memory = {conversation_id: kept(conversation_id) for conversation_id in kept_ids}
    ids = {i for i, records in in_memory.items() if any(_VOTE in record for record in records)}
    paths: dict[str, list[Path]] = {}
    for path in layout.segments():
        conversation_id = path.name[:ULID_LENGTH]
        paths.setdefault(conversation_id, []).append(path)
        if _VOTE in _content(path):
            ids.add(conversation_id)
    votes: list[Vote] = []
    for conversation_id in sorted(ids):
        lines = [line.strip() for line in in_memory.get(conversation_id, ())]
        records = list(_records(lines, layout.boot))
        for path in paths.get(conversation_id, ()):
            records += _records(_content(path).split(b"\n"), boot_in_name(path))
        conversation = merge(conversation_id, records)
        if not conversation.is_trashed:
            votes += votes_of(conversation)
    return votes


def _records(lines: Iterable[bytes], boot: str) -> Iterable[tuple[Record, str]]:
    for line in lines:
        if any(mark in line[:40] for mark in _WANTED):
            with suppress(BadRecord):  # opening the conversation tells of damage
                yield decode(line), boot


def _content(path: Path) -> bytes:
    """The bytes of a file; none when it cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(fd, "rb", buffering=0) as file:
        try:
            return file.read()
        except OSError:
            return b""
