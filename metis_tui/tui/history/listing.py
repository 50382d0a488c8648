"""Which conversations the history screen lists, and in which order. Pure: knows no widget and no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from metis_tui.chat.branches import ShownBranches
from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.search import SearchHit, SearchQuery

Sort = Literal["newest", "oldest", "title", "messages", "best"]
SORTS: Mapping[Sort, str] = {
    "newest": "newest first",
    "oldest": "oldest first",
    "title": "by title",
    "messages": "most messages first",
    "best": "best match first",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation of the list, with what was found in it."""

    summary: ConversationSummary
    hits: tuple[SearchHit, ...] = ()
    """In the order in which they are gone through."""

    @property
    def id(self) -> str:
        return self.summary.id


@dataclass(frozen=True, slots=True)
class HistoryChoice:
    """What the user opens: a conversation, at a message when one was found."""

    conversation_id: str
    message_id: str | None = None
    phrases: tuple[str, ...] = ()
    """The words that were searched for, to be highlighted; each may be found by itself."""


def phrases_of(query: SearchQuery) -> tuple[str, ...]:
    """The words to highlight."""
    return tuple(term.text for term in query.terms if not term.is_excluded and term.text.strip())


def needs_messages(query: SearchQuery) -> bool:
    """Whether messages must be looked into; else titles, tags and times are enough."""
    return query.has_terms or query.has_code


def fits(summary: ConversationSummary, query: SearchQuery, *, is_plain: bool) -> bool:
    """Whether the conversation passes the filters that it can be judged by.

    The plain list leaves out what is archived unless it is asked for; a search for words finds it.
    """
    places = query.places
    if summary.is_trashed != ("trash" in places) or ("pinned" in places and not summary.is_pinned):
        return False
    if summary.is_archived:
        if is_plain and "archived" not in places and not summary.is_trashed:
            return False
    elif "archived" in places:
        return False
    if query.tags and not _has_tags(summary, query.tags):
        return False
    if query.after_ms is not None and summary.updated_ms < query.after_ms:
        return False
    if query.before_ms is not None and summary.created_ms >= query.before_ms:
        return False
    if query.models:
        model = (summary.model or "").casefold()
        return any(part.casefold() in model for part in query.models)
    return True


def _has_tags(summary: ConversationSummary, wanted: Sequence[str]) -> bool:
    if not summary.tags:
        return False
    tags = {tag.casefold() for tag in summary.tags}
    return all(tag.casefold() in tags for tag in wanted)


def found_rows(
    summaries: Mapping[str, ConversationSummary],
    titled: Iterable[str],
    hits: Sequence[SearchHit],
    query: SearchQuery,
    sort: Sort,
) -> list[Row]:
    """Conversations with hits, and of those whose title holds the words (`titled`) the ones that have none."""
    by_conversation: dict[str, list[SearchHit]] = {}
    for hit in hits:
        by_conversation.setdefault(hit.conversation_id, []).append(hit)
    rows = []
    for conversation_id, found in by_conversation.items():
        summary = summaries.get(conversation_id)
        if summary is None or summary.is_trashed != ("trash" in query.places):
            continue  # changed since the index heard of it
        if sort != "best":
            found.sort(key=lambda hit: (hit.created_ms, hit.message_id))
        rows.append(Row(summary, tuple(found)))
    rows += [
        Row(summaries[conversation_id])
        for conversation_id in titled
        if conversation_id not in by_conversation and fits(summaries[conversation_id], query, is_plain=False)
    ]
    return ordered(rows, sort)


def ordered(rows: list[Row], sort: Sort) -> list[Row]:
    """Best match keeps the order in which the rows were found."""
    if sort == "newest":
        # Pinned ones stay on top of the plain list; what was found is in the order of time alone.
        is_found = any(row.hits for row in rows)
        return sorted(rows, key=lambda r: (r.summary.is_pinned and not is_found, r.summary.updated_ms), reverse=True)
    if sort == "oldest":
        return sorted(rows, key=lambda row: row.summary.updated_ms)
    if sort == "title":
        return sorted(rows, key=lambda row: row.summary.title.casefold())
    if sort == "messages":
        return sorted(rows, key=lambda row: (-row.summary.message_count, -row.summary.updated_ms))
    return rows


def branch_with(conversation: Conversation, message_id: str | None) -> list[ChatMessage]:
    """The messages of the branch shown, or of the newest branch with this message when it is on another one."""
    path = conversation.path()
    if message_id is None or message_id not in conversation.messages or any(m.id == message_id for m in path):
        return path
    return replace(conversation, head=ShownBranches().end_through(conversation, message_id)).path()
