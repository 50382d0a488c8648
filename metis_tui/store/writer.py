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
        self._partials: dict[str, Partial] = {}
        """Streaming replies by id."""
        # Only the thread itself touches what follows.
        self._shelf = SegmentShelf(layout, disk)
        self._journal = JournalWriter(layout, disk)
        self._files = PartialFiles(layout, disk, owner)
        self._backoff = Backoff(pace)
        self._sync_due: float | None = None
        self._is_prepared = False
        self._is_ending = False

    # From any thread

    def save(self, save: Save) -> None:
        self.ledger.add(save)
        self._post(lambda: self._take(save))

    def begin(self, partial: Partial) -> None:
        with self._condition:
            self._partials[partial.reply.id] = partial
        self._post(lambda: self._write_partial(partial))

    def checkpoint(self, reply_id: str, text: str, reasoning: str) -> None:
        """Cheap: the thread is woken only when it has something to do earlier than it knew."""
        with self._condition:
            partial = self._partials.get(reply_id)
            if partial is None:
                return
            is_first = partial.new_characters == 0
            partial.add(text, reasoning)
            if is_first or partial.new_characters >= self._pace.checkpoint_characters:
                self._condition.notify()

    def hint(self, line: bytes) -> None:
        self._post(lambda: self._journal.append(line))

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
        for partial in self._partials.values():
            dues += [self._write_due(partial), self._files.sync_due(partial, self._pace)]
        return min(dues, default=float("inf")) - time.monotonic()

    def _write_due(self, partial: Partial) -> float:
        if self._backoff.due is not None and partial.is_behind:
            return self._backoff.due
        return self._files.write_due(partial, self._pace)

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        is_retry = self._backoff.start_try()
        if is_retry or (self._sync_due is not None and self._sync_due <= now):
            self._sync_due = None
            for segment in self._shelf.unconfirmed():
                self._push(segment, is_urgent=True)
        for partial in list(self._partials.values()):
            if self._write_due(partial) <= now:
                self._write_partial(partial)
            if self._files.sync_due(partial, self._pace) <= now:
                self._files.sync(partial)
        if is_retry and self._backoff.due is None:
            self._recover()

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
        for save in segment.write():
            if save.hint:
                self._journal.append(save.hint)
                save.hint = b""
        if is_urgent:
            self._confirmed(segment.confirm())

    def _confirmed(self, saves: list[Save]) -> None:
        for save in saves:
            self.ledger.confirm(save)
            with self._condition:
                partial = self._partials.pop(save.ends_reply, None) if save.ends_reply else None
            if partial is not None:
                self._files.end(partial)

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

    def _write_partial(self, partial: Partial) -> None:
        with self._condition:
            if partial.reply.id not in self._partials:
                return
            text, reasoning = partial.take()
        partial.is_behind = True
        self._prepare()
        self._files.write(partial, text, reasoning)

    def _fail(self, trouble: str) -> None:
        self.ledger.trouble = trouble
        self._backoff.fail()

    def _recover(self) -> None:
        """The last round went well: unless something is still held back, the trouble is over."""
        if self._shelf.has_unwritten or any(partial.is_behind for partial in self._partials.values()):
            self._backoff.fail()
            return
        self.ledger.trouble = ""
        self._backoff.reset()

    def _finish(self) -> None:
        """Saves replies that still stream as interrupted, confirms everything and lets go of all files."""
        for partial in list(self._partials.values()):
            with suppress(OSError):
                self._write_partial(partial)
            save = self._interrupted(partial)
            self.ledger.add(save)
            self._take(save)
        for segment in self._shelf.unconfirmed():
            self._push(segment, is_urgent=True)
        for segment in self._shelf.all_open():
            self._close(segment)
        self._journal.close()
        self._files.close()

    @staticmethod
    def _interrupted(partial: Partial) -> Save:
        text, reasoning = "".join(partial.text), "".join(partial.reasoning)
        reply = replace(partial.reply, text=text, reasoning=reasoning, stop="interrupted")
        record = encode("msg", partial.stamp(), message_fields(reply))
        return Save(partial.conversation_id, partial.header, (record,), True, time.monotonic(), ends_reply=reply.id)
