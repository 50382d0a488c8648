"""Empties the trash while the store is in use: decides in the reading thread, moves files in the writing thread."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Iterable
from typing import TypeVar

from metis_tui.chat.ports import Emptied
from metis_tui.store.disk import Disk, in_words
from metis_tui.store.layout import Layout
from metis_tui.store.pace import Pace
from metis_tui.store.saver import Saver
from metis_tui.store.trash import Standing, Trash
from metis_tui.store.worker import Outcome, Worker
from metis_tui.store.writer import Writer

T = TypeVar("T")


class Emptying:
    """What the threads of one store do to its trash."""

    def __init__(
        self,
        layout: Layout,
        disk: Disk,
        writer: Writer,
        reader: Worker,
        saver: Saver,
        pace: Pace,
        clock: Callable[[], float],
    ) -> None:
        self._trash = Trash(layout, disk, pace.settled_seconds)
        self._layout = layout
        self._writer = writer
        self._reader = reader
        self._saver = saver
        self._pace = pace
        self._clock = clock

    def before_ms(self, days: float) -> float:
        """Since when a conversation must have rested."""
        return float("inf") if days <= 0 else (self._clock() - days * 86_400) * 1000

    async def empty(self, ids: Iterable[str], before_ms: float) -> Emptied:
        """Takes away those of the ids that rest in the trash since a time, and ends what has rested elsewhere."""
        today = datetime.datetime.fromtimestamp(self._clock(), datetime.timezone.utc).date()
        gone: list[str] = []
        kept: list[tuple[str, str]] = []
        for conversation_id in ids:
            standing = await self._read(conversation_id, before_ms)
            reason = standing.reason or await self._remove(conversation_id, today)
            if reason:
                kept.append((conversation_id, reason))
            else:
                gone.append(conversation_id)
                self._saver.tell_lists(standing.conversation, standing.last_ts, is_gone=True)
        nothing: tuple[list[str], list[str]] = ([], [])
        returned, late = await self._in_writer("", lambda: self._trash.mend(today), nothing)
        for conversation_id in (*returned, *late):
            standing = await self._read(conversation_id, before_ms)
            self._saver.tell_lists(standing.conversation, standing.last_ts, is_gone=conversation_id in late)
        ended = await self._in_writer("", lambda: self._trash.unlink_rested(today), 0)
        return Emptied(tuple(gone), tuple(kept), tuple(returned), ended)

    async def bring_back(self, conversation_id: str) -> None:
        """Moves the files of a conversation back, if they were taken away."""
        if await self._reader.run(lambda: self._layout.emptied_segments_of(conversation_id)):
            await self._in_writer(conversation_id, lambda: self._trash.bring_back(conversation_id), False)

    async def _read(self, conversation_id: str, before_ms: float) -> Standing:
        return await self._reader.run(lambda: self._trash.standing(conversation_id, before_ms=before_ms))

    async def _remove(self, conversation_id: str, today: datetime.date) -> str:
        def remove() -> str:
            try:
                return self._trash.remove(conversation_id, today)
            except OSError as error:
                return in_words(error)

        return await self._in_writer(conversation_id, remove, "not everything of it is on disk yet")

    async def _in_writer(self, conversation_id: str, job: Callable[[], T], otherwise: T) -> T:
        """The job's result; `otherwise` when the disk fails, or does not answer for some time."""
        outcome: Outcome[T] = Outcome()

        def run(is_free: bool) -> None:
            try:
                outcome.set(job() if is_free else otherwise)
            except OSError:
                outcome.set(otherwise)
            except BaseException as error:
                outcome.fail(error)

        self._writer.rearrange(conversation_id, run)
        done, _ = await asyncio.wait([outcome.future], timeout=self._pace.patience_seconds)
        return outcome.future.result() if done else otherwise
