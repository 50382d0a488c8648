"""Loading and searching in the history screen: from what is typed to the rows that are listed.

A search that is overtaken by the next one is given up; nothing queues. Knows the ports, no index and no files.
"""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.search import IndexProgress, SearchQuery, SearchResults
from metis_tui.tui.history.listing import SORTS, Row, Sort, needs_messages
from metis_tui.tui.history.shelf import Shelf
from metis_tui.tui.screens.history_base import HistoryBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metis_tui.chat.conversation import ConversationSummary

FIRST_COUNT = 100
"""Read before all others: more than a screen shows."""
_PAINT_SECONDS = 0.1
"""They are drawn before all others are read."""
_FEW = 1000
"""More than so many are put in order off the event loop."""
_HIT_LIMIT = 300
_MORE_HITS = 4
"""So many times more when the cursor reaches the end of what was found."""
_PATIENCE_SECONDS = 1.5
"""Keys behind a search wait so long for it."""
_ECHO_SECONDS = 0.02
_SEARCHING_SECONDS = 0.3
"""After this it is said that a search is under way."""


class HistorySearch(HistoryBase):
    """Owns what is known of the conversations and what was found."""

    _results: SearchResults | None = None
    _problems: Sequence[str] = ()
    _listed_text = ""
    """What the list belongs to."""
    _hit_limit = _HIT_LIMIT
    _progress: IndexProgress | None = None

    # --- loading ----------------------------------------------------------------------------------

    def load(self) -> None:
        if not self.is_loaded.is_set() and self.context.known:
            self._adopt(Shelf(self.context.known))
        self.run_worker(self._load(), group="list", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        store = self.context.services.store
        if not self.is_loaded.is_set():
            newest = await self.context.newest
            self._adopt(Shelf(newest))
            if len(newest) < FIRST_COUNT:  # there are no more
                self.is_loaded.set()
                self.show_state()
                return
            await asyncio.sleep(_PAINT_SECONDS)
        await self._take(await store.list(include_trashed=True))
        self.is_loaded.set()
        self.show_state()

    async def _take(self, found: Sequence[ConversationSummary]) -> None:
        if len(found) > _FEW:
            shelf = await in_background(lambda: Shelf(found))
            gc.freeze()  # they stay for long: a collection that looks at each of them holds up a key
        else:
            shelf = Shelf(found)
        self._adopt(shelf)

    def _adopt(self, shelf: Shelf) -> None:
        self.shelf = shelf
        for marked in [marked for marked in self.marked if marked not in self.shelf.summaries]:
            del self.marked[marked]
        if not self.rows_view.was_moved and not needs_messages(self.asked):
            self._show(self._rows(), keep=self.context.conversation().id)
        else:
            self.fill_again()

    def take_progress(self, progress: IndexProgress) -> None:
        """News of the index; what could not be found before may be found now."""
        was_ready = self._progress is not None and self._progress.is_ready
        self._progress = progress
        if progress.is_ready and not was_ready and needs_messages(self.asked):
            self.search_now()
        self.show_state()

    # --- what is typed ----------------------------------------------------------------------------

    def take_text(self, text: str) -> None:
        """Another text in the box: lists at once what needs no message, else searches."""
        self.asked, self._problems = self._parsed(text)
        self._hit_limit = _HIT_LIMIT
        self.search_now()

    def _parsed(self, text: str) -> tuple[SearchQuery, Sequence[str]]:
        if not text.strip():
            return SearchQuery(), ()
        from metis_tui.chat.search_query import parse_query

        query, problems = parse_query(text, now=time.time(), typing=self.box.is_typing)
        if (query.roles or query.has_code) and not query.has_terms and not needs_messages(query):
            problems = (*problems, "role: goes with words to search for")
        return query, tuple(problems)

    def search_now(self) -> None:
        self.settled.clear()
        # The function, not its coroutine: one that is given up before it begins must leave nothing behind.
        self.run_worker(self._search, group="search", exclusive=True, exit_on_error=False)  # type: ignore[arg-type]

    async def _search(self) -> None:
        """Lists what was asked for. The key that asked is drawn first."""
        if self.box.is_typing:
            await asyncio.sleep(_ECHO_SECONDS)
        self._results = await self._look_into_messages() if needs_messages(self.asked) else None
        # Another text begins at the top; the same one, or none any more, stays where the cursor is.
        text, before = self.box.value.strip(), self._listed_text
        self._listed_text = text
        self.settled.set()
        self._show(self._rows(), keep=self._current_id() if text in (before, "") else None)

    async def _look_into_messages(self) -> SearchResults:
        waiting = self.set_timer(_SEARCHING_SECONDS, self.show_state)
        try:
            await self.is_loaded.wait()
            search = self.context.services.search
            query = replace(self.asked, order="best") if self.sort == "best" else self.asked
            results = await search.search(query, limit=self._hit_limit)
            self._progress = search.progress
            return results
        finally:
            waiting.stop()

    def more_if_cut(self) -> None:
        """At the end of what was found: asks for more, if there is more."""
        results = self._results
        is_at_end = self.rows_view.cursor >= len(self.rows_view.rows) - 2
        if results is not None and results.is_cut and is_at_end and self.settled.is_set():
            self._hit_limit *= _MORE_HITS
            self.search_now()

    async def wait_until_settled(self) -> bool:
        """Before a key acts on what is listed: False when the search takes too long for that."""
        if self.settled.is_set():
            return True
        try:
            await asyncio.wait_for(self.settled.wait(), _PATIENCE_SECONDS)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    # --- what is listed ---------------------------------------------------------------------------

    def _current_id(self) -> str | None:
        row = self.current
        return row.id if row is not None else None

    def _rows(self) -> Sequence[Row]:
        if self._results is not None and needs_messages(self.asked):
            return self.shelf.found(self._results.hits, self.asked, self._sort_in_use())
        if needs_messages(self.asked):
            return self.rows_view.rows
        return self.shelf.plain(self.asked, self._sort_in_use())

    def _show(self, rows: Sequence[Row], *, keep: str | None) -> None:
        self.rows_view.show(
            rows,
            with_excerpts=needs_messages(self.asked),
            keep=keep,
            is_cut=self._results is not None and self._results.is_cut,
            empty_words=self._empty_words(),
        )
        self.show_state()

    def fill_again(self) -> None:
        self.rows_view.change(self._rows())
        self.show_state()

    def _empty_words(self) -> str:
        if not len(self.shelf):
            return "No saved conversations yet."
        if self.box.value.strip():
            return "Nothing is found. Esc: the whole list; ?: filters"
        return "Nothing here. is:archived, is:trash: the rest"

    def next_sort(self) -> None:
        sorts = [sort for sort in SORTS if sort != "best" or needs_messages(self.asked)]
        before = self.sort if self.sort in sorts else "newest"
        self.sort = sorts[(sorts.index(before) + 1) % len(sorts)]
        if needs_messages(self.asked) and "best" in (before, self.sort):
            self.search_now()
        else:
            self._show(self._rows(), keep=self._current_id())

    # --- words for it -----------------------------------------------------------------------------

    def title_words(self) -> str:
        """Conversations · 312 of 10,000 · newest first · 3 marked"""
        # A list that is not whole yet counts what it has.
        in_trash, archived = self.shelf.trashed_count, self.shelf.archived_count
        shown, total = len(self.rows_view.rows), len(self.shelf) - in_trash
        if "trash" in self.asked.places:
            total = in_trash
        more = "" if self.is_loaded.is_set() else "…"
        words = ["Conversations"] if self.size.width >= 60 else []
        words.append(f"{shown:,} of {total:,}{more}")
        if self.marked:
            words.append(f"{len(self.marked):,} marked")
        if self._results is not None and needs_messages(self.asked):
            hits = len(self._results.hits)
            words.append(f"{hits:,}{'+' if self._results.is_cut else ''} hit{'' if hits == 1 else 's'}")
        words.append(SORTS[self._sort_in_use()])
        if archived and "archived" not in self.asked.places:
            words.append(f"{archived:,} archived")
        if in_trash and "trash" not in self.asked.places:
            words.append(f"{in_trash:,} trashed")
        return " · ".join(words)

    def _sort_in_use(self) -> Sort:
        if self.asked.order == "best" and self.sort == "newest" and needs_messages(self.asked):
            return "best"  # typed: sort:best
        return self.sort if self.sort != "best" or needs_messages(self.asked) else "newest"

    def search_words(self) -> str:
        """What is wrong with what was typed, or with the index; empty: nothing."""
        if self._problems:
            return " · ".join(self._problems)
        if not needs_messages(self.asked):
            return ""
        progress = self._progress
        if not self.settled.is_set():
            return "searching…"
        if progress is not None and not progress.has_index:
            trouble = f" ({progress.trouble})" if progress.trouble else ""
            return f"There is no index{trouble}: searching takes longer."
        if progress is not None and not progress.is_ready:
            return f"indexing {progress.done:,}/{progress.total:,} – results may be incomplete"
        if self._results is not None and not self._results.is_complete:
            return "Not everything is indexed yet; results may be incomplete."
        return ""
