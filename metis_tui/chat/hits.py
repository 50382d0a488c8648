"""Finds what a search asks for in a conversation that is at hand. Pure: knows nothing of the index and of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.matching import Matcher, composed, fold
from metis_tui.chat.search import SearchHit, SearchQuery

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


def has_code(text: str) -> bool:
    """Whether there is a fenced code block in it."""
    return ("```" in text or "~~~" in text) and _FENCE.search(text) is not None


def conversation_fits(query: SearchQuery, conversation: Conversation) -> bool:
    """Whether it has the tags and is in the places that are asked for."""
    tags = {fold(composed(tag)) for tag in conversation.tags}
    is_in = {
        "pinned": conversation.is_pinned,
        "archived": conversation.is_archived,
        "trash": conversation.is_trashed,
    }
    return (
        all(is_in[place] for place in query.places)
        and ("trash" in query.places or not conversation.is_trashed)
        and all(fold(composed(tag)) in tags for tag in query.tags)
    )


def hits_in(conversation: Conversation, query: SearchQuery, matcher: Matcher | None = None) -> Iterator[SearchHit]:
    """What is found in one conversation, in the order of its messages. `matcher`: the query's, if it is at hand."""
    matcher = matcher or Matcher(query.terms)
    if not conversation_fits(query, conversation):
        return
    for message in conversation.messages.values():
        if not _fits(message, conversation, query):
            continue
        text = composed(message.text)
        folded = fold(text)
        if matcher.matches_folded(folded):
            excerpt, spans = matcher.excerpt(text, folded)
            yield SearchHit(
                conversation.id,
                message.id,
                message.role,
                message.created_ms,
                message.served_by,
                excerpt,
                spans,
            )


def newest_first(hits: Iterable[SearchHit]) -> list[SearchHit]:
    """Of hits in the order of their messages: those of one millisecond are turned round, too."""
    latest = list(hits)[::-1]
    return sorted(latest, key=lambda hit: hit.created_ms, reverse=True)


def _fits(message: ChatMessage, conversation: Conversation, query: SearchQuery) -> bool:
    model = (message.served_by or conversation.model or "").lower()
    return (
        (not query.roles or message.role in query.roles)
        and (query.after_ms is None or message.created_ms >= query.after_ms)
        and (query.before_ms is None or message.created_ms < query.before_ms)
        and (not query.models or any(part.lower() in model for part in query.models))
        and (not query.has_code or has_code(message.text))
    )
