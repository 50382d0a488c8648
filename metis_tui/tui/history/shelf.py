"""The conversations that are known, in the orders in which they are listed. Pure: knows no widget and no store.

There may be tens of thousands, and a key may ask for them anew: orders and titles for comparing are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.search import SearchHit, SearchQuery
from metis_tui.tui.history.listing import Row, Sort, fits, found_rows, ordered

_NO_FILTER = SearchQuery()
_MOST_TITLES = 500
"""Titles that hold the words, the newest: a single letter is in nearly all of them."""


class Shelf:
    """Owns the summaries. Make it off the event loop when there are many."""

    def __init__(self, summaries: Sequence[ConversationSummary] = ()) -> None:
        self.summaries = {summary.id: summary for summary in summaries}
        self._folded = {summary.id: summary.title.casefold() for summary in summaries}
        self._orders: dict[Sort, list[Row]] = {}
        self._plain: dict[Sort, list[Row]] = {}
        self.trashed_count = self.archived_count = 0
        self._count()
        self.plain(_NO_FILTER, "newest")

    def __len__(self) -> int:
        return len(self.summaries)

    def _count(self) -> None:
        self.trashed_count = sum(summary.is_trashed for summary in self.summaries.values())
        self.archived_count = sum(s.is_archived and not s.is_trashed for s in self.summaries.values())

    def change(self, changed: Iterable[ConversationSummary]) -> None:
        """Takes the new state of conversations that are here."""
        ids = set()
        for summary in changed:
            before = self.summaries.get(summary.id, summary)
            if before.is_pinned != summary.is_pinned:
                self._orders.pop("newest", None)
            if before.title != summary.title:
                self._orders.pop("title", None)
            self.summaries[summary.id] = summary
            self._folded[summary.id] = summary.title.casefold()
            ids.add(summary.id)
        for sort, order in self._orders.items():
            self._orders[sort] = [Row(self.summaries[row.id]) if row.id in ids else row for row in order]
        self._plain.clear()
        self._count()

    def plain(self, query: SearchQuery, sort: Sort) -> list[Row]:
        """The list without words to search for. The list that is returned is not to be changed."""
        if query == _NO_FILTER:
            known = self._plain.get(sort)
            if known is None:
                known = self._plain[sort] = self._filtered(query, sort)
            return known
        return self._filtered(query, sort)

    def _filtered(self, query: SearchQuery, sort: Sort) -> list[Row]:
        order = self._orders.get(sort)
        if order is None:
            order = self._orders[sort] = ordered([Row(summary) for summary in self.summaries.values()], sort)
        if not query.places and query != _NO_FILTER:
            order = self.plain(_NO_FILTER, sort)
        if query.models:  # there are few models: each is looked at once
            parts = [part.casefold() for part in query.models]
            models = {row.summary.model for row in order}
            fitting = {model for model in models if model and any(part in model.casefold() for part in parts)}
            order = [row for row in order if row.summary.model in fitting]
        return [row for row in order if fits(row.summary, query, is_plain=True)]

    def found(self, hits: Sequence[SearchHit], query: SearchQuery, sort: Sort) -> list[Row]:
        """Conversations with hits, and those whose title alone holds the words."""
        return found_rows(self.summaries, self._with_words_in_title(query), hits, query, sort)

    def _with_words_in_title(self, query: SearchQuery) -> Mapping[str, str]:
        """Ids and titles that hold all the words; what is left is looked through for the next word."""
        if query.roles or query.has_code:
            return {}  # a title says nothing of them
        wanted = [term.text.casefold() for term in query.terms if not term.is_excluded and term.text.strip()]
        if not wanted:
            return {}
        titles = list(self._folded.items())
        for word in wanted:
            titles = [item for item in titles if word in item[1]]
        for term in query.terms:
            if term.is_excluded:
                titles = [item for item in titles if term.text.casefold() not in item[1]]
        return dict(titles[:_MOST_TITLES])
