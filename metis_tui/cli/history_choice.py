"""Which saved conversations `history export` and `history cite` mean, read whole, attachments included."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import with_attachments
from metis_tui.chat.ports import ConversationStore
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import NotFound, UsageProblem
from metis_tui.cli.opening import find_conversation

if TYPE_CHECKING:
    from metis_tui.cli.history import OpenSearch

_MOST_HITS = 100_000


async def chosen(options: argparse.Namespace, store: ConversationStore, search: OpenSearch) -> list[Conversation]:
    """The conversations that are named, or found, or all; each once.

    Raises:
        ChatError: none is named or fits.
    """
    ways = sum((bool(options.ids), options.all, bool(options.query)))
    if ways != 1:
        raise UsageProblem(
            "Give ids, or --all, or --query." if not ways else "Give ids or --all or --query, not several of them.",
            title="Which conversations?",
        )
    if options.ids:
        ids: Sequence[str] = [await find_conversation(store, wanted) for wanted in options.ids]
    elif options.all:
        ids = [summary.id for summary in await store.list()]
    else:
        ids = await _found(options.query, store, search)
    if not ids:
        raise NotFound("Nothing is found." if options.query else "Nothing is saved yet.", hint="")
    return await opened(store, list(dict.fromkeys(ids)))


async def opened(store: ConversationStore, ids: Sequence[str]) -> list[Conversation]:
    """Read whole; what is damaged is told, and so is one that went meanwhile."""
    found = []
    for conversation_id in ids:
        try:
            conversation = await store.open(conversation_id)
        except KeyError:
            diagnostics.warn(f"{conversation_id} is gone")
            continue
        if conversation.damaged:
            count = len(conversation.damaged)
            diagnostics.warn(f"{conversation.id}: {count} damaged record{'s' * (count > 1)} skipped")
        whole = await with_attachments(conversation, store)
        _warn_of_missing_content(whole)
        found.append(whole)
    return found


async def _found(text: str, store: ConversationStore, search: OpenSearch) -> list[str]:
    from metis_tui.chat.search_query import summary_matches
    from metis_tui.cli.history_search import caught_up, is_for_list, read_query

    query = read_query(text)
    if is_for_list(query):
        return [s.id for s in await store.list(include_trashed=True) if summary_matches(query, s)]
    async with search() as index:
        await caught_up(index)
        results = await index.search(query, limit=_MOST_HITS)
    if not results.is_complete:
        diagnostics.warn("not everything is indexed yet: there may be more")
    return [hit.conversation_id for hit in results.hits]


def _warn_of_missing_content(conversation: Conversation) -> None:
    attachments = [attachment for message in conversation.messages.values() for attachment in message.attachments]
    missing = sum(attachment.data is None for attachment in attachments)
    if missing:
        diagnostics.warn(f"{conversation.id}: the content of {missing} attachment{'s' * (missing > 1)} is not here")
