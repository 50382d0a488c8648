"""Searching what is saved: by the index, by the files, after any loss, by several processes at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio
from store_samples import HURRIED, add_prompt, new_reply

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.search import SearchResults
from metis_tui.chat.search_query import parse_query
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.search import ConversationIndex

Open = Callable[..., ConversationFiles]


@pytest_asyncio.fixture
async def open_index(data: Path, home: Path) -> AsyncIterator[Callable[..., ConversationIndex]]:
    indexes: list[ConversationIndex] = []

    def open_one(**options: object) -> ConversationIndex:
        indexes.append(ConversationIndex(data, pace=HURRIED, **options))  # type: ignore[arg-type]
        return indexes[-1]

    yield open_one
    for index in indexes:
        await index.close()


async def find(index: ConversationIndex, text: str) -> SearchResults:
    return await index.search(parse_query(text, now=1.8e9)[0])


async def say(store: ConversationFiles, *texts: str, conversation: Conversation | None = None) -> Conversation:
    """Saves prompts and replies in turn."""
    conversation = conversation or Conversation()
    for number, text in enumerate(texts):
        if number % 2 == 0:
            prompt = add_prompt(conversation, text)
            await store.append(conversation, prompt)
        else:
            reply = new_reply(prompt, text)
            conversation.add(reply)
            await store.append(conversation, reply)
    return conversation


async def test_what_was_just_saved_is_found(open_store: Open, open_index: Callable[..., ConversationIndex]) -> None:
    store, index = open_store(), open_index()
    assert (await find(index, "tokamak")).hits == ()
    said = await say(store, "What is a tokamak?", "A ring of plasma.")
    found = await find(index, "toka")
    assert [(hit.conversation_id, hit.role, hit.excerpt, hit.spans) for hit in found.hits] == [
        (said.id, "user", "What is a tokamak?", ((10, 14),))
    ]
    assert found.is_complete
    assert index.progress.has_index
    assert [hit.role for hit in (await find(index, "a")).hits] == ["assistant", "user"]
