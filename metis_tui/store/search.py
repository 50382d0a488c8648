"""Searching saved conversations, as the core wants it: by the index, or by the files while there is none.

Joins the event loop, the thread that keeps the index and the one that searches. Making it touches no disk and loads
no SQLite; `start` does.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.search import IndexProgress, SearchHit, SearchQuery, SearchResults
from metis_tui.store.layout import Layout
from metis_tui.store.machine import this_boot
from metis_tui.store.pace import Pace
from metis_tui.store.worker import Worker

if TYPE_CHECKING:
    from metis_tui.store.index.seeking import Seeker
    from metis_tui.store.index.upkeep import Upkeep
    from metis_tui.store.scanning import Scanner

_FRESH_SECONDS = 0.05
"""How long a search waits for what was just saved ..."""
_SETTLE_SECONDS = 1.0
"""... and how long for an index that is being opened or lacks only little."""
_LITTLE = 300
"""Conversations."""


class ConversationIndex:
    """A `ConversationSearch`. Call its methods from one event loop; `start` from any thread.

    Args:
        data: the data folder.
        cache: where the published copy is kept; None: nowhere.
        environ: where the index's folder is looked up. `candidates`: folders beyond that, replaced by tests.
    """

    def __init__(
        self,
        data: Path,
        *,
        cache: Path | None = None,
        environ: Mapping[str, str] | None = None,
        candidates: Sequence[str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._layout = Layout(data, this_boot())
        self._cache = cache
        self._environ = os.environ if environ is None else environ
        self._candidates = candidates
        self._pace = pace or Pace()
        self._listeners: list[Callable[[IndexProgress], None]] = []
        self._upkeep: Upkeep | None = None
        self._progress = IndexProgress()
        """While nothing keeps an index."""
        self._desk = _Desk(self._layout, self._pace)
        self._newest = 0
        """Number of the search that was asked for last."""
        self._is_closed = False
        self._starting = threading.Lock()
        self._turn = threading.Condition()
        """Told when the progress changes."""

    def start(self) -> None:
        """Opens the index and catches up with what is saved, in the background. Again: looks for what is new."""
        with self._starting:
            if self._is_closed:
                return
            if self._upkeep is None:
                try:
                    from metis_tui.store.index.upkeep import Upkeep  # loads SQLite
                except ImportError:
                    self._progress = IndexProgress(
                        is_ready=True, has_index=False, trouble="this Python has no SQLite"
                    )
                    return
                self._upkeep = Upkeep(self._layout, self._cache, self._place, self._tell)
            self._upkeep.start()

    def _place(self) -> Path:
        from metis_tui.store.index.place import CANDIDATES, index_folder

        return index_folder(self._environ, candidates=CANDIDATES if self._candidates is None else self._candidates)

    async def search(self, query: SearchQuery, *, limit: int = 200) -> SearchResults:
        """Finds messages, after taking in what was just saved. A newer search ends this one, with nothing found."""
        self._newest += 1
        number, desk = self._newest, self._desk
        desk.interrupt()
        return await self._asked(desk, lambda: self._find(desk, query, limit, lambda: number != self._newest))

    async def search_in(self, conversation_id: str, query: SearchQuery) -> SearchResults:
        """All that is found in one conversation, oldest first; filters on conversations do not count."""
        desk = self._desk
        return await self._asked(desk, lambda: (desk.scanner().in_conversation(conversation_id, query), False, True))

    @property
    def progress(self) -> IndexProgress:
        return self._upkeep.progress if self._upkeep else self._progress

    def watch(self, listener: Callable[[IndexProgress], None]) -> None:
        """Calls the listener, from another thread, when the progress changes; a few times a second at most."""
        self._listeners.append(listener)

    def give_way(self, seconds: float) -> None:
        """Somebody types: until so long from now the building rests."""
        if self._upkeep is not None:
            self._upkeep.give_way(seconds)

    async def reindex(self) -> IndexProgress:
        """Throws the index away and makes it anew; returns when that is done."""
        if self._upkeep is None:
            await self._desk.worker.run(self.start)
        if self._upkeep is not None:
            self._upkeep.reindex()
        while not (self.progress.is_ready or self._is_closed):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return self.progress

    async def close(self) -> None:
        """Ends within a second, whatever the disk does."""
        self._is_closed = True
        self._newest += 1
        self._desk.close()
        if self._upkeep is not None:
            upkeep = self._upkeep
            await Worker("index-closing").run(lambda: upkeep.close(1.0))

    async def _asked(self, desk: _Desk, find: Callable[[], tuple[list[SearchHit], bool, bool]]) -> SearchResults:
        started = time.perf_counter()
        task = asyncio.ensure_future(desk.worker.run(find))
        done, _ = await asyncio.wait([task], timeout=self._pace.patience_seconds)
        seconds = time.perf_counter() - started
        if not done:
            task.cancel()
            if self._desk is desk and not self._is_closed:  # its thread hangs: the next search gets another one
                self._desk = _Desk(self._layout, self._pace)
            return SearchResults(is_complete=False, seconds=seconds)
        hits, is_cut, is_complete = task.result()
        return SearchResults(tuple(hits), is_cut, is_complete, seconds)

    def _find(
        self, desk: _Desk, query: SearchQuery, limit: int, is_stale: Callable[[], bool]
    ) -> tuple[list[SearchHit], bool, bool]:
        """In the searching thread: (hits, whether there are more, whether nothing is missing)."""
        from metis_tui.store.scanning import Superseded

        try:
            if is_stale():
                raise Superseded
            if self._upkeep is None:
                self.start()
            upkeep = self._upkeep
            if upkeep is not None and not _is_of_symbols(query):
                upkeep.freshen(_FRESH_SECONDS)
                self._settle(upkeep, is_stale)
                found = self._find_by_index(desk, upkeep, query, limit, is_stale)
                if found is not None:
                    return found
            return (*desk.scanner().find(query, limit, is_stale), True)
        except (Superseded, OSError):
            return [], False, False

    @staticmethod
    def _find_by_index(
        desk: _Desk, upkeep: Upkeep, query: SearchQuery, limit: int, is_stale: Callable[[], bool]
    ) -> tuple[list[SearchHit], bool, bool] | None:
        """None: there is no index, or it turned out damaged. Raises Superseded."""
        import sqlite3

        from metis_tui.store.scanning import Superseded

        path = upkeep.path
        if path is None:
            return None
        is_ready = upkeep.progress.is_ready
        try:
            return (*desk.seeker(path).find(query, limit, is_stale), is_ready)
        except OSError:
            return None
        except sqlite3.Error as error:
            if is_stale():
                raise Superseded from error
            if "locked" not in str(error):
                upkeep.report_damage(path)
            desk.drop_seeker()
            return None

    def _settle(self, upkeep: Upkeep, is_stale: Callable[[], bool]) -> None:
        """Waits a moment for an index that is nearly there."""
        end = time.monotonic() + _SETTLE_SECONDS
        with self._turn:
            while not upkeep.progress.is_ready and not is_stale() and (rest := end - time.monotonic()) > 0:
                now = upkeep.progress
                if now.total - now.done > _LITTLE:
                    return
                self._turn.wait(min(rest, 0.05))

    def _tell(self, progress: IndexProgress) -> None:
        with self._turn:
            self._turn.notify_all()
        for listener in self._listeners:
            listener(progress)


def _is_of_symbols(query: SearchQuery) -> bool:
    """No word is searched for, so the index does not help: `->`."""
    wanted = [term.text for term in query.terms if not term.is_excluded]
    return bool(wanted) and not any(character.isalnum() for text in wanted for character in text)


class _Desk:
    """What one searching thread works with."""

    def __init__(self, layout: Layout, pace: Pace) -> None:
        self._layout = layout
        self._pace = pace
        self.worker = Worker("conversation-search")
        self._seeker: tuple[int, Seeker] | None = None
        """With the number of the file that it has open."""
        self._scanner: Scanner | None = None

    def seeker(self, path: Path) -> Seeker:
        """Raises sqlite3.Error and OSError."""
        file = os.stat(path).st_ino  # a deleted one goes on working, and knows nothing new
        if self._seeker is None or self._seeker[0] != file:
            from metis_tui.store.index.schema import connect
            from metis_tui.store.index.seeking import Seeker

            self.drop_seeker()
            self._seeker = (file, Seeker(connect(path, is_reading=True), self._layout.conversations))
        return self._seeker[1]

    def scanner(self) -> Scanner:
        if self._scanner is None:
            from metis_tui.store.scanning import Scanner

            self._scanner = Scanner(self._layout, self._pace)
        return self._scanner

    def drop_seeker(self) -> None:
        if self._seeker is not None:
            self._seeker[1].close()
            self._seeker = None

    def interrupt(self) -> None:
        if self._seeker is not None:
            self._seeker[1].interrupt()

    def close(self) -> None:
        if self._seeker is not None:
            self._seeker[1].interrupt()
            self.worker.later(self.drop_seeker)
        self.worker.finish()
