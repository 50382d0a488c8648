"""The one thread that writes: it owns every descriptor, so a hung file server never freezes anything else.

Takes saves, checkpoints and hints from any thread and returns at once. Knows nothing of the event loop.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.activity import JournalWriter
from metis_tui.store.disk import Disk, in_words
from metis_tui.store.layout import Layout
from metis_tui.store.ledger import Backoff, Ledger
from metis_tui.store.machine import Owner
from metis_tui.store.messages import message_fields
from metis_tui.store.pace import Pace
from metis_tui.store.partials import Partial, PartialFiles
from metis_tui.store.records import encode
from metis_tui.store.segments import Save, Segment, SegmentShelf
from metis_tui.store.streams import Streams

Job = Callable[[], None]


class Writer:
    """Writes in the order of the calls. The thread starts with the first of them and ends with `close`."""

    def __init__(self, layout: Layout, disk: Disk, owner: Owner, pace: Pace) -> None:
        self.ledger = Ledger(pace.slow_seconds)
        self._layout = layout
        self._disk = disk
        self._pace = pace
        self._condition = threading.Condition()
        self._jobs: deque[Job] = deque()
        self._thread: threading.Thread | None = None
        self._files = PartialFiles(layout, disk, owner)
        self._streams = Streams(self._files, pace, self._condition)
        # Only the thread itself touches what follows.
        self._shelf = SegmentShelf(layout, disk)
        self._journal = JournalWriter(layout, disk)
        self._backoff = Backoff(pace)
        self._sync_due: float | None = None
        self._is_prepared = False
        self._is_ending = False

    # From any thread

    def save(self, save: Save) -> None:
        self.ledger.add(save)
        self._post(lambda: self._take(save))

    def begin(self, partial: Partial) -> None:
        replaced = self._streams.add(partial)
        self._post(lambda: self._begin(partial, replaced))

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        """Cheap: the thread is woken only when it has something to do earlier than it knew."""
        self._streams.checkpoint(reply_id, text, reasoning)

    def hint(self, line: bytes) -> None:
        self._post(lambda: self._journal.append(line))

    def rearrange(self, conversation_id: str, job: Callable[[bool], None]) -> None:
        """Runs a job on the files of a conversation once this process has let go of them.

        It is told False when that cannot be now, because the disk has not taken everything.
        """

        def run() -> None:
            segment = self._shelf.take(conversation_id)
            self._close(segment)
            is_free = not segment.unconfirmed and not segment.is_open
            if is_free:
                self._shelf.drop(segment)
            job(is_free)

        self._post(run)

    def remove(self, path: Path) -> None:
        def unlink() -> None:
            with suppress(OSError):
                self._disk.unlink(path)

        self._post(unlink)

    def close(self, done: Callable[[], None]) -> None:
        """Writes everything out and calls `done`. The thread ends, or goes on trying if that did not work."""

        def end() -> None:
            try:
                self._finish()
            finally:
                self._is_ending = self.ledger.status.is_saved
                done()

        self._post(end)

    @property
    def is_idle(self) -> bool:
        """It has no thread, so there is nothing to close."""
        with self._condition:
            return self._thread is None

    @property
    def own_partial_names(self) -> set[str]:
        return set(self._files.own_names)

    def _post(self, job: Job) -> None:
        with self._condition:
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()
            self._condition.notify()

    # In the thread

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._jobs and not self._is_ending and (seconds := self._idle_seconds()) > 0:
                    self._condition.wait(None if seconds == float("inf") else seconds)
                if self._is_ending and not self._jobs:
                    self._is_ending, self._thread = False, None
                    return
                jobs, self._jobs = self._jobs, deque()
            for job in jobs:
                self._guarded(job)
            self._guarded(self._do_what_is_due)
            self.ledger.announce()

    def _guarded(self, job: Job) -> None:
        """A fault in one job must not cost the others."""
        try:
            job()
        except OSError as error:
            self._fail(in_words(error))
        except Exception as fault:
            self._fail(f"an unforeseen fault ({type(fault).__name__})")

    def _idle_seconds(self) -> float:
        dues = [due for due in (self._backoff.due, self._sync_due) if due is not None]
        return min(*dues, self._streams.due(self._backoff.due), float("inf")) - time.monotonic()

    def _do_what_is_due(self) -> None:
        is_retry = self._backoff.start_try()
        if is_retry or (self._sync_due is not None and self._sync_due <= time.monotonic()):
            self._sync_due = None
            for segment in self._shelf.unconfirmed():
                self._push(segment, is_urgent=True)
        self._streams.do_what_is_due(self._backoff.due)
        if is_retry and self._backoff.due is None:
            self._recover()

    def _begin(self, partial: Partial, replaced: Partial | None) -> None:
        if replaced is not None:
            self._streams.drop(replaced)
        self._prepare()
        self._streams.write(partial)

    def _take(self, save: Save) -> None:
        segment = self._shelf.take(save.conversation_id)
        segment.unconfirmed.append(save)
        is_safe = self._push(segment, save.is_urgent)
        save.settle(is_safe)
        if is_safe:
            if self.ledger.trouble:
                self._backoff.hasten()  # the disk works: what failed before may work too
            for idle in self._shelf.too_many():
                self._close(idle)

    def _push(self, segment: Segment, is_urgent: bool) -> bool:
        """Writes, and confirms if urgent; after a failure once more to a new file. False: it stays in memory."""
        try:
            self._write(segment, is_urgent)
        except OSError:
            segment.abandon()
            try:
                self._write(segment, is_urgent=True)
            except OSError as error:
                segment.abandon()
                self._fail(in_words(error))
                return False
        if segment.unconfirmed and self._sync_due is None:
            self._sync_due = time.monotonic() + self._pace.sync_seconds
        return True

    def _write(self, segment: Segment, is_urgent: bool) -> None:
        self._prepare()
        for save in segment.unconfirmed:
            if not save.is_written:
                self._keep_blobs(save)
        for save in segment.write():
            if save.hint:
                self._journal.append(save.hint)
                save.hint = b""
        if is_urgent:
            self._confirmed(segment.confirm())

    def _keep_blobs(self, save: Save) -> None:
        for sha256, content in save.blobs:
            path = self._layout.blob(sha256)
            if not path.exists():
                self._disk.publish(path, content, is_new=True)

    def _confirmed(self, saves: list[Save]) -> None:
        for save in saves:
            self.ledger.confirm(save)
            if save.ends_reply:
                self._streams.end(save.ends_reply)

    def _close(self, segment: Segment) -> None:
        try:
            self._confirmed(segment.close())
        except OSError:
            segment.abandon()
            self._push(segment, is_urgent=True)

    def _prepare(self) -> None:
        """Makes the folder and says which format and store it is. Raises OSError."""
        if self._is_prepared:
            return
        self._disk.make_folder(self._layout.root)
        if not self._layout.store_file.exists():
            content = b'{"format":1,"store":"%b","created":%d}\n' % (new_ulid().encode(), int(time.time() * 1000))
            self._disk.publish(self._layout.store_file, content, is_new=True)
        self._is_prepared = True

    def _fail(self, trouble: str) -> None:
        self.ledger.trouble = trouble
        self._backoff.fail()

    def _recover(self) -> None:
        """The last round went well: unless something is still held back, the trouble is over."""
        if self._shelf.has_unwritten or self._streams.is_behind:
            self._backoff.fail()
            return
        self.ledger.trouble = ""
        self._backoff.reset()

    def _finish(self) -> None:
        """Saves replies that still stream as interrupted, confirms everything and lets go of all files."""
        for partial in self._streams.all():
            with suppress(OSError):
                self._streams.write(partial)
            save = _interrupted(partial)
            self.ledger.add(save)
            self._take(save)
        for segment in self._shelf.unconfirmed():
            self._push(segment, is_urgent=True)
        for segment in self._shelf.all_open():
            self._close(segment)
        self._journal.close()
        self._files.close()


def _interrupted(partial: Partial) -> Save:
    """The save of a reply that will not go on."""
    text, reasoning = "".join(partial.text), "".join(partial.reasoning)
    reply = replace(partial.reply, text=text, reasoning=reasoning, stop="interrupted")
    record = encode("msg", partial.stamp(), message_fields(reply))
    return Save(partial.conversation_id, partial.header, (record,), True, time.monotonic(), ends_reply=reply.id)
