"""Writes the files of conversations and keeps every record until the disk has confirmed it.

After any failure a file is left alone for good: the next one takes every record that is not confirmed. Belongs to
the writer thread; knows nothing of events, waiting or what is in a record.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout


@dataclass(slots=True, eq=False)
class Save:
    """Records of one conversation that belong together, and who waits for them."""

    conversation_id: str
    header: bytes
    """Written first into a file that is empty."""
    records: tuple[bytes, ...]
    is_urgent: bool
    """To be confirmed by the disk at once; else within a few seconds."""
    since: float
    """When it was handed over, in monotonic seconds."""
    settle: Callable[[bool], None] = lambda is_saved: None
    """Told once: True when it is as safe as asked for, False when it stays in memory for now."""
    hint: bytes = b""
    """Activity line to write when it is on disk."""
    blobs: tuple[tuple[str, bytes], ...] = ()
    """(SHA-256, content) of attachments that its records name; they are on disk first."""
    ends_reply: str | None = None
    """The reply whose partial file it makes needless."""
    is_written: bool = False


@dataclass(slots=True)
class Segment:
    """This process's file of one conversation."""

    layout: Layout
    disk: Disk
    conversation_id: str
    unconfirmed: list[Save] = field(default_factory=list)
    _number: int = 0
    _path: Path | None = None
    _fd: int | None = None
    _is_disposable: bool = False
    """Made by this process after a failure, and nothing in it is confirmed."""

    @property
    def is_open(self) -> bool:
        return self._fd is not None

    @property
    def has_unwritten(self) -> bool:
        return any(not save.is_written for save in self.unconfirmed)

    def write(self) -> list[Save]:
        """Writes what is not written yet and returns it. Raises OSError; then call `abandon`."""
        written: list[Save] = []
        fd: int | None = None
        for save in self.unconfirmed:
            if save.is_written:
                continue
            if fd is None:
                fd = self._opened(save.header)
            for record in save.records:
                self.disk.append(fd, record)
            save.is_written = True
            written.append(save)
        return written

    def confirm(self) -> list[Save]:
        """Makes everything written durable and returns it. Raises OSError; then call `abandon`."""
        if self._fd is None or not self.unconfirmed:
            return []
        self.disk.sync(self._fd)
        self._is_disposable = False
        confirmed, self.unconfirmed = self.unconfirmed, []
        return confirmed

    def close(self) -> list[Save]:
        """Confirms and closes; returns what is confirmed. Raises OSError; then call `abandon`."""
        if self._fd is None:
            return []
        saves = list(self.unconfirmed)
        self.confirm()
        fd, self._fd = self._fd, None
        try:
            self.disk.close(fd)  # file servers may tell only now that the quota is used up
        except OSError:
            self.unconfirmed = saves
            raise
        return saves

    def abandon(self) -> None:
        """Turns away from the file: the next write goes to a new one and repeats what is not confirmed."""
        if self._fd is not None:
            with suppress(OSError):
                self.disk.close(self._fd)
            self._fd = None
        if self._is_disposable and self._path is not None:
            with suppress(OSError):
                self.disk.unlink(self._path)
        self._is_disposable = False
        self._path = None
        self._number += 1
        for save in self.unconfirmed:
            save.is_written = False

    def _opened(self, header: bytes) -> int:
        if self._fd is not None:
            return self._fd
        if self._path is None:
            self.disk.make_folder(self.layout.month_folder(self.conversation_id))
            self._fd = self._open_first() if self._number == 0 else self._open_next()
        else:
            self._fd = self.disk.open_append(self._path)
        if self.disk.size(self._fd) == 0:
            self.disk.append(self._fd, header)
            self.disk.sync_folder(self.layout.month_folder(self.conversation_id))
        return self._fd

    def _open_first(self) -> int:
        self._path = self.layout.segment(self.conversation_id)
        return self.disk.open_append(self._path)

    def _open_next(self) -> int:
        """A file that nobody else has."""
        while True:
            path = self.layout.segment(self.conversation_id, self._number)
            try:
                fd = self.disk.open_append(path, is_new=True)
            except FileExistsError:
                self._number += 1
                continue
            self._path, self._is_disposable = path, True
            return fd


class SegmentShelf:
    """The segments of all conversations this process writes, few of them open at a time."""

    def __init__(self, layout: Layout, disk: Disk, *, open_at_most: int = 16) -> None:
        self._layout = layout
        self._disk = disk
        self._open_at_most = open_at_most
        self._segments: dict[str, Segment] = {}
        """Least recently used first."""

    def take(self, conversation_id: str) -> Segment:
        segment = self._segments.pop(conversation_id, None)
        if segment is None:
            segment = Segment(self._layout, self._disk, conversation_id)
        self._segments[conversation_id] = segment
        return segment

    def drop(self, segment: Segment) -> None:
        """Forgets a segment that is closed and confirmed."""
        self._segments.pop(segment.conversation_id, None)

    def unconfirmed(self) -> list[Segment]:
        return [segment for segment in self._segments.values() if segment.unconfirmed]

    @property
    def has_unwritten(self) -> bool:
        return any(segment.has_unwritten for segment in self._segments.values())

    def too_many(self) -> list[Segment]:
        """The open ones that should be closed, least recently used first."""
        is_open = [segment for segment in self._segments.values() if segment.is_open]
        return is_open[: max(0, len(is_open) - self._open_at_most)]

    def all_open(self) -> list[Segment]:
        return [segment for segment in self._segments.values() if segment.is_open]
