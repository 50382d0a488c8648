"""What the tests of searching share."""

from __future__ import annotations

from store_samples import add_prompt, new_reply

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.search import SearchQuery, SearchResults
from metis_tui.chat.search_query import parse_query
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.search import ConversationIndex

NOW = 1.8e9


def query(text: str, *, typing: bool = False) -> SearchQuery:
    return parse_query(text, now=NOW, typing=typing)[0]


async def find(index: ConversationIndex, text: str, **options: int) -> SearchResults:
    return await index.search(query(text), **options)


async def texts(index: ConversationIndex, text: str) -> list[str]:
    """Excerpts of what is found, newest first; nothing may be missing."""
    found = await find(index, text)
    assert found.is_complete
    return [hit.excerpt for hit in found.hits]


async def say(store: ConversationFiles, *said: str, conversation: Conversation | None = None) -> Conversation:
    """Saves prompts and replies in turn."""
    conversation = conversation or Conversation()
    for number, text in enumerate(said):
        if number % 2 == 0:
            message = add_prompt(conversation, text)
        else:
            message = new_reply(message, text)
            conversation.add(message)
        await store.append(conversation, message)
    return conversation
