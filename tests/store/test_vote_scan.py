"""Votes are found among all conversations without opening them."""

from __future__ import annotations

from collections.abc import Callable

from store_samples import FaultyDisk, add_prompt, new_reply, segments

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.votes import Vote
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.memory import MemoryStore

Opens = Callable[..., ConversationFiles]


async def voted(
    store: ConversationFiles | MemoryStore, text: str = "What is a tokamak?"
) -> tuple[Conversation, Vote]:
    """A saved conversation with a vote on its prompt."""
    conversation = Conversation()
    prompt = add_prompt(conversation, text)
    await store.append(conversation, prompt)
    reply = new_reply(prompt)
    conversation.add(reply)
    await store.append(conversation, reply)
    vote = Vote(prompt.id, ("a@metis", "a@sophia"), "best", 1, (reply.id, "other"), created_ms=5)
    await store.vote(conversation, prompt.id, vote.as_value())
    return conversation, vote


async def test_votes_are_found_with_the_tags_of_their_conversation(open_store: Opens) -> None:
    store = open_store()
    conversation, vote = await voted(store)
    quoting = Conversation()
    await store.append(quoting, add_prompt(quoting, 'A record looks like {"v":1,"t":"vote","ts":5}.'))
    await store.tag(conversation, add=["mpi"])
    await store.close()
    (found,) = await open_store().votes()
    assert found.tags == ("mpi",)
    assert (found.prompt_id, found.models, found.best, found.replies) == (
        vote.prompt_id,
        vote.models,
        1,
        vote.replies,
    )


async def test_the_last_word_counts_and_an_undone_vote_is_none(open_store: Opens) -> None:
    store = open_store()
    conversation, vote = await voted(store)
    await store.vote(conversation, vote.prompt_id, Vote(vote.prompt_id, vote.models, "tie").as_value())
    assert [found.verdict for found in await store.votes()] == ["tie"]
    await store.vote(conversation, vote.prompt_id, None)
    assert await store.votes() == []


async def test_votes_of_trashed_conversations_do_not_count(open_store: Opens) -> None:
    store = open_store()
    conversation, vote = await voted(store)
    await store.trash(conversation.id)
    assert await store.votes() == []
    await store.restore(conversation.id)
    assert [found.prompt_id for found in await store.votes()] == [vote.prompt_id]


async def test_a_vote_that_is_in_memory_only_counts(open_store: Opens) -> None:
    disk = FaultyDisk()
    disk.faults["open"] = OSError(28, "No space left on device")
    store = open_store(disk=disk)
    _, vote = await voted(store)
    assert [found.prompt_id for found in await store.votes()] == [vote.prompt_id]
    disk.faults.clear()


async def test_damage_costs_one_vote_only(open_store: Opens) -> None:
    store = open_store()
    await voted(store)
    _, second = await voted(store)
    await store.close()
    first = segments(store._layout.root)[0]
    content = first.read_bytes()
    first.write_bytes(content.replace(b'"best":1', b'"best":0') + b'\n{"v":1,"t":"vote","ts":7,"m')
    assert [found.prompt_id for found in await open_store().votes()] == [second.prompt_id]


async def test_the_store_in_memory_knows_its_votes() -> None:
    store = MemoryStore()
    _, vote = await voted(store)
    assert [found.prompt_id for found in await store.votes()] == [vote.prompt_id]


async def test_a_voter_is_the_same_one_each_time(open_store: Opens) -> None:
    store = open_store()
    await voted(store)
    await store.close()
    names = {await open_store().voter() for _ in range(2)}
    assert len(names) == 1
    assert names.pop().startswith("voter-")
