"""Keeps the reply that is streaming in a file of its own, for the case that this process dies.

A partial file starts with a `reply` record (the reply's facts and its owner) and goes on with `delta` records. It is
emptied once the finished reply is durable. Belongs to the writer thread, but for `Partial.add` and `Partial.take`,
which the caller guards with a lock. Knows nothing of conversations' files or of when to write.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout
from metis_tui.store.machine import Owner
from metis_tui.store.messages import message_fields
from metis_tui.store.records import encode


@dataclass(slots=True, eq=False)
class Partial:
    """One streaming reply: what has come, and how much of it is in the file."""

    reply: ChatMessage
    conversation_id: str
    facts: dict[str, object]
    """Fields of its `reply` record."""
    header: bytes
    """The conversation's header record, should the reply be finished from here."""
    first_ts: int
    """Hybrid clock at the start; all its records are at least as late."""
    new_text: list[str] = field(default_factory=list)
    new_reasoning: list[str] = field(default_factory=list)
    new_characters: int = 0
    text: list[str] = field(default_factory=list)
    """All that was taken, for a file that must be written anew."""
    reasoning: list[str] = field(default_factory=list)
    count: int = 0
    """Delta records in the file."""
    path: Path | None = None
    fd: int | None = None
    left_path: Path | None = None
    """A file that failed; removed when its successor holds everything."""
    written_at: float = 0.0
    """Monotonic seconds."""
    unsynced_since: float | None = None
    is_behind: bool = True
    """The file lacks something that was taken, or is not there yet."""

    def add(self, text: str, reasoning: str) -> None:
        if text:
            self.new_text.append(text)
        if reasoning:
            self.new_reasoning.append(reasoning)
        self.new_characters += len(text) + len(reasoning)

    def stamp(self) -> int:
        return max(self.first_ts, int(time.time() * 1000))

    def take(self) -> tuple[str, str]:
        """Moves what is new to what was taken."""
        text, reasoning = "".join(self.new_text), "".join(self.new_reasoning)
        self.new_text, self.new_reasoning, self.new_characters = [], [], 0
        if text:
            self.text.append(text)
        if reasoning:
            self.reasoning.append(reasoning)
        return text, reasoning


def new_partial(conversation: Conversation, reply: ChatMessage, header: bytes, ts: int, owner: Owner) -> Partial:
    """Facts enough to make the reply from the file alone, and to tell whether its owner still lives."""
    facts: dict[str, object] = {
        "conv": conversation.id,
        "title": conversation.title,
        "pid": owner.pid,
        "started": owner.started,
        "pidns": owner.namespace,
        "reply": message_fields(reply),
    }
    return Partial(reply, conversation.id, facts, header, ts)


class PartialFiles:
    """The partial files of this process: one for each reply that streams at the same time, used again and again."""

    def __init__(self, layout: Layout, disk: Disk, owner: Owner) -> None:
        self._layout = layout
        self._disk = disk
        self._owner = owner
        self._free: list[tuple[Path, int]] = []
        self.own_names: set[str] = set()
        """File names that recovery must leave alone."""

    def write(self, partial: Partial, text: str, reasoning: str) -> None:
        """Adds to the reply's file, making it first if it is not there (any more).

        Raises:
            OSError: nothing counts as written; the next call writes everything to a new file.
        """
        partial.is_behind = True
        try:
            if partial.fd is not None and self._disk.link_count(partial.fd) == 0:
                self._drop(partial)  # somebody took us for dead
            if partial.fd is None:
                self._start(partial)
                text, reasoning = "".join(partial.text), "".join(partial.reasoning)
            if text or reasoning:
                assert partial.fd is not None
                self._disk.append(partial.fd, self._delta(partial, text, reasoning))
                partial.count += 1
        except OSError:
            self._drop(partial)
            raise
        partial.is_behind = False
        partial.written_at = time.monotonic()
        if partial.unsynced_since is None:
            partial.unsynced_since = partial.written_at
        if partial.left_path is not None:
            with suppress(OSError):
                self._disk.unlink(partial.left_path)
            partial.left_path = None

    def sync(self, partial: Partial) -> None:
        """Raises OSError; then the next write goes to a new file."""
        partial.unsynced_since = None
        if partial.fd is None:
            return
        try:
            self._disk.sync(partial.fd)
        except OSError:
            partial.is_behind = True
            self._drop(partial)
            raise

    def end(self, partial: Partial) -> None:
        """Empties the file: the reply is durable elsewhere."""
        if partial.left_path is not None:
            with suppress(OSError):
                self._disk.unlink(partial.left_path)
        if partial.fd is None or partial.path is None:
            return
        try:
            self._disk.truncate(partial.fd)
            self._free.append((partial.path, partial.fd))
        except OSError:
            self._drop(partial)
            with suppress(OSError):
                self._disk.unlink(partial.path)
        partial.fd = None

    def close(self) -> None:
        """Removes the files that are not needed any more."""
        for path, fd in self._free:
            with suppress(OSError):
                self._disk.close(fd)
            with suppress(OSError):
                self._disk.unlink(path)
        self._free.clear()

    def _start(self, partial: Partial) -> None:
        partial.count = 0
        while self._free:
            path, fd = self._free.pop()
            if self._disk.link_count(fd):
                partial.path, partial.fd = path, fd
                break
            self._disk.close(fd)
        else:
            self._make(partial)
        assert partial.fd is not None
        self._disk.append(partial.fd, encode("reply", partial.stamp(), partial.facts))

    def _make(self, partial: Partial) -> None:
        self._disk.make_folder(self._layout.partials)
        name = f"{self._owner.boot}.{self._owner.pid}-{os.urandom(2).hex()}.jsonl"
        self.own_names.add(name)
        partial.path = self._layout.partials / name
        partial.fd = self._disk.open_append(partial.path, is_new=True)

    def _drop(self, partial: Partial) -> None:
        if partial.fd is not None:
            with suppress(OSError):
                self._disk.close(partial.fd)
            partial.fd = None
            partial.left_path = partial.left_path or partial.path

    @staticmethod
    def _delta(partial: Partial, text: str, reasoning: str) -> bytes:
        fields: dict[str, object] = {"conv": partial.conversation_id, "id": partial.reply.id, "n": partial.count}
        if text:
            fields["text"] = text
        if reasoning:
            fields["reasoning"] = reasoning
        return encode("delta", partial.stamp(), fields)
