"""Emptying the trash: what is trashed goes in two steps, and what anybody still wants comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from store_samples import add_prompt, new_reply, segments

from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.machine import Owner
from metis_tui.store.memory import MemoryStore
from metis_tui.store.messages import message_fields
from metis_tui.store.records import encode

Open = Callable[..., ConversationFiles]
DAY = 86_400


async def save(
    store: ConversationFiles, text: str = "What is a tokamak?", *, is_trashed: bool = True
) -> Conversation:
    conversation = Conversation(title=text)
    prompt = add_prompt(conversation, text)
    await store.append(conversation, prompt)
    if is_trashed:
        await store.trash(conversation.id)
    return conversation


def emptied(data: Path) -> list[Path]:
    return sorted(data.glob("trash/*/*.jsonl"))


async def ids(store: ConversationFiles) -> list[str]:
    return [summary.id for summary in await store.list(include_trashed=True)]


async def test_only_what_is_trashed_goes_and_no_list_shows_it(open_store: Open, data: Path) -> None:
    store = open_store()
    kept = await save(store, "kept", is_trashed=False)
    trashed = await save(store, "trashed")
    found = await store.empty_trash()
    assert found.gone == (trashed.id,)
    assert await ids(store) == [kept.id]
    await store.close()
    assert [path.name[:26] for path in segments(data)] == [kept.id]
    (path,) = emptied(data)
    assert (path.name[:26], path.stat().st_mode & 0o777) == (trashed.id, 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert await ids(open_store()) == [kept.id]
    for journal in data.glob("activity/*"):
        journal.unlink()
    assert await ids(open_store()) == [kept.id]


async def test_it_can_be_restored_until_its_files_are_gone(open_store: Open, data: Path) -> None:
    store = open_store()
    trashed = await save(store)
    await store.empty_trash()
    other = open_store()
    assert await other.find(trashed.id[:20]) == trashed.id
    assert (await other.open(trashed.id)).path()[0].text == "What is a tokamak?"
    await other.restore(trashed.id)
    assert emptied(data) == []
    assert await ids(other) == [trashed.id]
    assert await ids(open_store()) == [trashed.id]
    again = await store.open(trashed.id)
    reply = new_reply(again.path()[-1])
    again.add(reply)
    assert await store.append(again, reply)
    assert len((await open_store().open(trashed.id)).messages) == 2


async def test_the_files_of_all_boots_go_and_come_back(open_store: Open, data: Path) -> None:
    here, there = open_store(), open_store(owner=Owner("bbbbbbbb", 1))
    conversation = await save(here, is_trashed=False)
    elsewhere = await there.open(conversation.id)
    prompt = add_prompt(elsewhere, "On another node")
    await there.append(elsewhere, prompt)
    await here.trash(conversation.id)
    assert len(segments(data)) == 2
    await here.empty_trash()
    assert (len(segments(data)), len(emptied(data))) == (0, 2)
    await here.restore(conversation.id)
    assert (len(segments(data)), len(emptied(data))) == (2, 0)
    assert len((await open_store().open(conversation.id)).messages) == 2


async def test_what_another_node_restored_meanwhile_comes_back_whole(open_store: Open, data: Path) -> None:
    """The other node's record stands in a file of its own, beside the place that the others have left."""
    here = open_store()
    conversation = await save(here)
    (path,) = segments(data)
    await here.empty_trash()
    late = path.with_name(f"{conversation.id}.bbbbbbbb.jsonl")
    late.write_bytes(_restoring(int(time.time() * 1000) + 5))
    later = open_store(clock=lambda: time.time() + 30 * DAY)
    assert (await later.open(conversation.id)).path()[0].text == "What is a tokamak?"
    found = await later.empty_trash(days=30)
    assert (found.returned, found.ended_count) == ((conversation.id,), 0)
    assert (len(segments(data)), len(emptied(data))) == (2, 0)
    assert not (await later.open(conversation.id)).is_trashed
    assert await ids(open_store()) == [conversation.id]


async def test_what_is_written_to_a_file_after_it_was_moved_is_not_lost(open_store: Open, data: Path) -> None:
    """A process that has the file open goes on writing to it, wherever it is."""
    here = open_store()
    conversation = await save(here)
    (path,) = segments(data)
    with path.open("ab") as held:
        await here.empty_trash()
        held.write(_restoring(int(time.time() * 1000) + 5))
    later = open_store(clock=lambda: time.time() + 9 * DAY)
    assert (await later.empty_trash(days=30)).ended_count == 0
    assert (len(segments(data)), len(emptied(data))) == (1, 0)
    assert not (await open_store().open(conversation.id)).is_trashed


async def test_a_conversation_that_was_continued_stays(open_store: Open, data: Path) -> None:
    here, there = open_store(), open_store(owner=Owner("bbbbbbbb", 1))
    conversation = await save(here, is_trashed=False)
    elsewhere = await there.open(conversation.id)
    await here.trash(conversation.id)
    assert await there.refresh(elsewhere)
    prompt = add_prompt(elsewhere, "One more thing")
    await there.append(elsewhere, prompt)
    ((kept, reason),) = (await here.empty_trash()).kept
    assert kept == conversation.id
    assert "continued" in reason
    assert emptied(data) == []


async def test_a_late_record_that_changes_nothing_goes_as_well(open_store: Open, data: Path) -> None:
    """As the reply of a crash does, which is adopted when the rest has been emptied already."""
    store = open_store()
    conversation = await save(store)
    (path,) = segments(data)
    await store.empty_trash()
    reply = new_reply(conversation.path()[-1])
    path.write_bytes(encode("msg", conversation.created_ms + 1, message_fields(reply)))
    assert len((await open_store().open(conversation.id)).messages) == 2
    found = await open_store().empty_trash(days=30)
    assert found.returned == ()
    assert (len(segments(data)), len(emptied(data))) == (0, 2)
    assert await ids(open_store()) == []


async def test_by_itself_only_what_was_there_for_long_goes(open_store: Open, data: Path) -> None:
    await save(open_store())
    assert (await open_store(clock=lambda: time.time() + 29 * DAY).empty_trash(days=30)).gone == ()
    assert len((await open_store(clock=lambda: time.time() + 31 * DAY).empty_trash(days=30)).gone) == 1


async def test_after_a_week_the_files_are_gone(open_store: Open, data: Path) -> None:
    trashed = await save(open_store())
    await open_store().empty_trash()
    assert (await open_store(clock=lambda: time.time() + 7 * DAY).empty_trash(days=30)).ended_count == 0
    assert (await open_store(clock=lambda: time.time() + 9 * DAY).empty_trash(days=30)).ended_count == 1
    assert list((data / "trash").iterdir()) == []
    with pytest.raises(KeyError):
        await open_store().restore(trashed.id)


async def test_a_file_of_the_same_name_is_never_overwritten(open_store: Open, data: Path) -> None:
    store = open_store()
    conversation = await save(store)
    (path,) = segments(data)
    await store.empty_trash()
    path.write_bytes(_restoring(int(time.time() * 1000) + 5))
    await store.restore(conversation.id)
    assert len(segments(data)) == 2
    assert (await open_store().open(conversation.id)).path()[0].text == "What is a tokamak?"


async def test_in_memory_it_is_just_gone() -> None:
    store = MemoryStore()
    conversation = Conversation()
    await store.append(conversation, add_prompt(conversation))
    await store.trash(conversation.id)
    assert (await store.empty_trash(days=30)).gone == ()
    assert (await store.empty_trash()).gone == (conversation.id,)
    assert await store.list(include_trashed=True) == []


def _restoring(ts: int) -> bytes:
    return encode("restore", ts, {})
