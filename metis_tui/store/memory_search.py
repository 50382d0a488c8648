"""Searches conversations that are in memory only. Knows nothing of files and indexes."""

from __future__ import annotations

import time
from collections.abc import Callable

from metis_tui.chat.hits import hits_in, newest_first
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.search import IndexProgress, SearchHit, SearchQuery, SearchResults


class MemorySearch:
    """A `ConversationSearch` that looks through all that a store holds; made for a MemoryStore."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    def start(self) -> None:
        """Nothing to do."""

    async def search(self, query: SearchQuery, *, limit: int = 200) -> SearchResults:
        started = time.perf_counter()
        found: list[SearchHit] = []
        for summary in await self._store.list(include_trashed=True):
            found += hits_in(await self._store.open(summary.id), query)
        hits = newest_first(found)
        return SearchResults(tuple(hits[:limit]), len(hits) > limit, True, time.perf_counter() - started)

    async def search_in(self, conversation_id: str, query: SearchQuery) -> SearchResults:
        started = time.perf_counter()
        try:
            conversation = await self._store.open(conversation_id)
        except KeyError:
            return SearchResults()
        conversation.is_trashed = False
        found = hits_in(conversation, SearchQuery(terms=query.terms, roles=query.roles, has_code=query.has_code))
        hits = sorted(found, key=lambda hit: hit.created_ms)
        return SearchResults(tuple(hits), False, True, time.perf_counter() - started)

    @property
    def progress(self) -> IndexProgress:
        return IndexProgress(is_ready=True, has_index=False, trouble="conversations are in memory only")

    def watch(self, listener: Callable[[IndexProgress], None]) -> None:
        """Never called: the progress never changes."""

    def give_way(self, seconds: float) -> None:
        """Nothing to do."""

    async def reindex(self) -> IndexProgress:
        return self.progress

    async def close(self) -> None:
        """Nothing to do."""
