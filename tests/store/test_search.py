"""Searching what is saved: what is found, and that nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import corpus
import pytest
from search_queries import queries
from search_samples import NOW, find, query, say, texts
from store_samples import HURRIED, add_prompt, new_reply

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.hits import hits_in
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.search import SearchHit
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.layout import Layout
from metis_tui.store.library import Library
from metis_tui.store.machine import Owner
from metis_tui.store.memory import MemoryStore
from metis_tui.store.memory_search import MemorySearch
from metis_tui.store.scanning import Scanner
from metis_tui.store.search import ConversationIndex

Open = Callable[..., ConversationFiles]
OpenIndex = Callable[..., ConversationIndex]


async def test_what_was_just_saved_is_found(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    assert (await find(index, "tokamak")).hits == ()
    said = await say(store, "What is a tokamak?", "A ring of plasma.")
    found = await find(index, "toka")
    assert [(hit.conversation_id, hit.role, hit.excerpt, hit.spans) for hit in found.hits] == [
        (said.id, "user", "What is a tokamak?", ((10, 14),))
    ]
    assert found.is_complete
    assert index.progress.has_index
    assert await texts(index, "a") == ["A ring of plasma.", "What is a tokamak?"]
    hit = (await find(index, "ring")).hits[0]
    assert hit.message_id == said.head
    assert hit.model == "gpt-oss-120b@metis"


async def test_what_other_nodes_save_is_found(open_store: Open, open_index: OpenIndex) -> None:
    here, there, index = open_store(), open_store(owner=Owner("0badcafe", 77)), open_index()
    said = await say(here, "first words")
    assert await texts(index, "words") == ["first words"]
    await say(there, "more words", conversation=await there.open(said.id))
    assert await texts(index, "words") == ["more words", "first words"]


async def test_a_reply_that_was_cut_and_then_finished_is_one_hit(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    conversation = Conversation()
    prompt = add_prompt(conversation, "question")
    await store.append(conversation, prompt)
    reply = replace(new_reply(prompt, "half an ans"), stop="interrupted")
    conversation.add(reply)
    await store.append(conversation, reply)
    assert await texts(index, "half") == ["half an ans"]
    await store.append(conversation, replace(reply, text="half an answer, then whole", stop="stop"))
    assert await texts(index, "half") == ["half an answer, then whole"]
    await store.append(conversation, reply)  # another process that adopted it late
    assert await texts(index, "half") == ["half an answer, then whole"]
    assert await texts(index, '"ans"') == []


async def test_trash_tags_pins_and_archive_are_followed(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    one = await say(store, "plasma one")
    two = await say(store, "plasma two")
    await store.tag(one, add=["VASP", "two words"])
    await store.set_value(two, "pin", True)
    await store.set_value(two, "archive", True)
    for text, expected in (
        ("plasma", ["plasma two", "plasma one"]),
        ("plasma tag:vasp", ["plasma one"]),
        ('tag:"Two Words"', ["plasma one"]),
        ("tag:words", []),
        ("is:pinned is:archived", ["plasma two"]),
        ("plasma is:trash", []),
    ):
        assert await texts(index, text) == expected, text
    await store.trash(one.id)
    await store.tag(two, add=["vasp"])
    assert await texts(index, "plasma") == ["plasma two"]
    assert await texts(index, "plasma is:trash") == ["plasma one"]
    assert await texts(index, "tag:vasp") == ["plasma two"]
    await store.restore(one.id)
    await store.tag(one, remove=["VASP"])
    assert await texts(index, "plasma") == ["plasma two", "plasma one"]
    assert await texts(index, "tag:vasp") == ["plasma two"]


async def test_filters_on_messages(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    said = await say(store, "print a", "```python\nprint(1)\n```", "print b", "print ~~~ no code")
    await store.set_value(said, "model", "other@sophia")
    code = "```python print(1) ```"
    for text, expected in (
        ("print role:prompt", ["print b", "print a"]),
        ("print has:code", [code]),
        ("has:code", [code]),
        ("print model:GPT-oss", ["print ~~~ no code", code]),
        ("print model:sophia", ["print b", "print a"]),
        ("print -code", ["print b", code, "print a"]),
        ("print -python -b", ["print ~~~ no code", "print a"]),
        ("before:2020", []),
    ):
        assert await texts(index, text) == expected, text


@pytest.mark.parametrize(
    "text",
    [
        '"',
        '" OR *',
        "NEAR(a b)",
        'a" b',
        "a*",
        "^a",
        "text : a",
        "{a}",
        "a NOT",
        "(",
        "-",
        "''; --",
        "\x00a",
        "\ud800",
    ],
)
async def test_nothing_that_is_typed_is_taken_for_syntax(open_store: Open, open_index: OpenIndex, text: str) -> None:
    store, index = open_store(), open_index()
    await say(store, "plain words")
    found = await find(index, text)
    assert found.is_complete
    assert index.progress.trouble == ""


async def test_the_newest_come_first_also_those_of_one_second(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    conversation, stamp = Conversation(), 1_700_000_000_000
    for number in range(30):
        shown = ChatMessage(new_ulid(), conversation.head, "user", f"plasma {number}", stamp + number)
        conversation.add(shown)
    await store.add(conversation)
    await say(store, "plasma now")
    found = await find(index, "plasma", limit=10)
    assert found.is_cut
    assert [hit.excerpt for hit in found.hits] == ["plasma now", *(f"plasma {n}" for n in range(29, 20, -1))]
    assert (await find(index, "plasma")).is_cut is False
    in_one = await index.search_in(conversation.id, query("plasma"))
    assert [hit.excerpt for hit in in_one.hits] == [f"plasma {n}" for n in range(30)]


async def test_the_best_match_comes_first(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    await say(store, "plasma plasma plasma", "nothing", "the plasma " + "and more " * 30, "plasmas are many")
    assert (await find(index, "plasma sort:best")).hits[0].excerpt == "plasma plasma plasma"
    assert len((await find(index, "plasma sort:best")).hits) == 3


def _set(hits: list[SearchHit]) -> set[tuple[str, str]]:
    return {(hit.conversation_id, hit.message_id) for hit in hits}


async def test_index_and_files_give_the_same_as_looking_at_everything(
    data: Path, open_store: Open, open_index: OpenIndex
) -> None:
    """Words, parts, phrases, identifiers, Chinese, Japanese, accents and filters, drawn by chance."""
    corpus.make(data, 14, sentences=60, until=NOW)
    await say(open_store(), "the mean x\u0304 of x\u0304y, and xy")
    layout = Layout(data, "00000000")
    library, scanner, index = Library(layout, HURRIED), Scanner(layout, HURRIED), open_index()
    conversations = [library.open(name).conversation for name in layout.ids_on_disk()]
    said = [message.text for conversation in conversations for message in conversation.messages.values()]
    odd = [
        "->",
        "。",
        "--exc",
        "foo_",
        "_bar",
        "np.lin",
        ".linalg.",
        "vector<",
        '"foo_bar"',
        "- x",
        "[0",
        "0x",
        "in the",
    ]
    for _, text in [*queries(said, 55), *(("odd", text) for text in odd)]:
        for typing in (False, True):
            asked = query(text, typing=typing)
            expected = {(c.id, hit.message_id) for c in conversations for hit in hits_in(c, asked)}
            found = await index.search(asked, limit=10_000)
            assert _set(list(found.hits)) == expected, (text, typing)
            assert _set(scanner.find(asked, 10_000, lambda: False)[0]) == expected, (text, typing)


async def test_a_newer_search_ends_the_one_before(open_store: Open, open_index: OpenIndex) -> None:
    store, index = open_store(), open_index()
    await say(store, "plasma")
    answers = await asyncio.gather(*(find(index, "plasma"[:end]) for end in range(1, 7)))
    assert [hit.excerpt for hit in answers[-1].hits] == ["plasma"]
    assert all(answer.hits or not answer.is_complete for answer in answers[2:])


async def test_conversations_in_memory_are_searched_too() -> None:
    store = MemoryStore()
    search = MemorySearch(store)
    conversation = Conversation()
    await store.append(conversation, add_prompt(conversation, "naïve plasma"))
    await store.append(conversation, add_prompt(conversation, "plasma again"))
    found = await search.search(query("plas"), limit=1)
    assert [hit.excerpt for hit in found.hits] == ["plasma again"]
    assert found.is_cut
    assert [hit.excerpt for hit in (await search.search_in(conversation.id, query("naive"))).hits] == ["naïve plasma"]
    assert search.progress.is_ready
