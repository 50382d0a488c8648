"""What is saved is there again: for another process, after deletion of every hint, and beside damaged records."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store_samples import HURRIED, add_prompt, new_reply, segments, until

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.ports import ConversationStore
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.machine import Owner
from metis_tui.store.records import encode

Open = Callable[..., ConversationFiles]


async def saved_conversation(store: ConversationStore, text: str = "What is a tokamak?") -> Conversation:
    conversation = Conversation(title=text[:20])
    prompt = add_prompt(conversation, text)
    assert await store.append(conversation, prompt)
    conversation.add(new_reply(prompt))
    assert await store.append(conversation, conversation.messages[conversation.head or ""])
    return conversation


async def test_round_trip(open_store: Open) -> None:
    store: ConversationStore = open_store()
    conversation = await saved_conversation(store, "first\u2028 line\r\n\x1b[31m ☢")
    assert await open_store().open(conversation.id) == conversation
    assert store.status.is_saved


async def test_what_was_set_before_the_first_message_is_saved_with_it(open_store: Open, data: Path) -> None:
    store = open_store()
    conversation = Conversation()
    await store.set_value(conversation, "system", "Be brief.")
    await store.set_value(conversation, "params", {"seed": 1})
    await store.set_value(conversation, "model", "m@metis")
    await store.set_value(conversation, "title", "Mine")
    await store.set_value(conversation, "pin", True)
    await store.tag(conversation, add=["a", "b"])
    assert not data.exists(), "an empty conversation is never written"
    assert await store.append(conversation, add_prompt(conversation))
    found = await open_store().open(conversation.id)
    assert found == conversation
    assert (found.system, found.params, found.title, found.tags) == ("Be brief.", {"seed": 1}, "Mine", ("a", "b"))


async def test_settings_tags_and_head_change_later(open_store: Open) -> None:
    store = open_store()
    conversation = await saved_conversation(store)
    first = conversation.path()[0]
    for key, value in [("title", "New"), ("archive", True), ("head", first.id), ("params", {"top_p": 0.5})]:
        assert await store.set_value(conversation, key, value)
    assert await store.tag(conversation, add=["x", "y"])
    assert await store.tag(conversation, add=["z"], remove=["x"])
    found = await open_store().open(conversation.id)
    assert found == conversation
    assert (found.title, found.is_archived, found.head, found.tags) == ("New", True, first.id, ("y", "z"))


async def test_layout_and_permissions_whatever_the_umask(open_store: Open, data: Path) -> None:
    for umask in (0, 0o777):
        old = os.umask(umask)
        try:
            store = open_store(data=data / str(umask))
            conversation = await saved_conversation(store)
            store.begin_reply(conversation, new_reply(add_prompt(conversation)))
            await until(lambda: [p for p in (data / str(umask)).glob("partial/*") if p.stat().st_size])  # noqa: B023
        finally:
            os.umask(old)
    for path in [data, *data.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    names = {str(p.relative_to(data / "0")).split("/")[0] for p in (data / "0").rglob("*")}
    assert names == {"store.json", "conversations", "partial", "activity"}
    assert json.loads((data / "0/store.json").read_text())["format"] == 1
    month = time.strftime("%Y-%m", time.gmtime())
    assert segments(data / "0")[0].parent.name == month
    assert segments(data / "0")[0].read_bytes().split(b"\n")[1].startswith(b'{"v":1,"t":"conv"')


async def test_list_is_newest_first_in_pages(open_store: Open) -> None:
    store = open_store()
    made = [await saved_conversation(store, f"number {i}") for i in range(12)]
    old = made[3]
    later = replace(add_prompt(old, "again"), created_ms=int(time.time() * 1000) + 5000)
    old.add(later)
    await store.append(old, later)
    for reader in (store, open_store()):
        for limit in (1, 5, 12, 50, None):
            found = await reader.list(limit=limit)
            assert len(found) == min(limit or 12, 12)
            assert found[0].id == old.id
            assert [s.updated_ms for s in found] == sorted((s.updated_ms for s in found), reverse=True)
    summary = (await open_store().list(limit=1))[0]
    assert (summary.title, summary.message_count, summary.excerpt) == ("number 3", 3, "again")


async def test_lists_do_not_need_the_journals(open_store: Open, data: Path) -> None:
    store = open_store()
    made = {(await saved_conversation(store, f"number {i}")).id for i in range(5)}
    await store.trash(next(iter(made)))
    before = await store.list(include_trashed=True)
    shutil.rmtree(data / "activity")
    reader = open_store()
    assert list(await reader.list(include_trashed=True)) == list(before)
    assert len(await open_store().list(limit=3)) == 3
    await until(lambda: list(data.glob("activity/*")))
    assert len(await reader.list()) == 4


async def test_what_no_journal_mentions_appears_soon(open_store: Open, data: Path, tmp_path: Path) -> None:
    """Conversations copied from another machine have no activity lines here."""
    other = open_store(data=tmp_path / "other")
    store = open_store()
    for i in range(5):
        await saved_conversation(store, f"number {i}")
    copied = await saved_conversation(other, "from elsewhere")
    target = data / "conversations" / segments(tmp_path / "other")[0].parent.name
    shutil.copy(segments(tmp_path / "other")[0], target)
    reader = open_store()
    await reader.list(limit=2)
    for _ in range(10):  # reading goes on between one list and the next
        found = {summary.id for summary in await reader.list(limit=5)}
    assert copied.id in found
    assert copied.id in {s.id for s in await open_store().list()}


async def test_trash_and_restore(open_store: Open) -> None:
    store = open_store()
    kept, gone = await saved_conversation(store, "kept"), await saved_conversation(store, "gone")
    assert await store.trash(gone.id)
    for reader in (store, open_store()):
        assert [s.id for s in await reader.list()] == [kept.id]
        assert {s.id: s.is_trashed for s in await reader.list(include_trashed=True)} == {
            kept.id: False,
            gone.id: True,
        }
        assert await reader.last_id() == kept.id
    assert (await store.open(gone.id)).is_trashed
    assert await store.restore(gone.id)
    assert len(await open_store().list()) == 2
    with pytest.raises(KeyError):
        await store.trash(new_ulid())


async def test_find_by_part_of_an_id(open_store: Open) -> None:
    store = open_store()
    first, second = await saved_conversation(store), await saved_conversation(store)
    for reader in (store, open_store()):
        assert await reader.find(first.id) == first.id
        assert await reader.find(first.id[-8:].upper()) == first.id
        assert await reader.find(second.id[:-1]) == second.id
        assert await reader.find(first.id[:5]) is None, "both start like this"
        assert await reader.find("zzzz") is None
        assert await reader.find("") is None


@pytest.mark.parametrize("conversation_id", ["01kg0000000000000000000000", "", "../../etc/passwd", "x" * 26])
async def test_unknown_conversations(open_store: Open, conversation_id: str) -> None:
    with pytest.raises(KeyError):
        await open_store().open(conversation_id)


async def test_nothing_there_yet(open_store: Open, data: Path) -> None:
    store = open_store()
    assert (list(await store.list()), await store.last_id(), await store.recover()) == ([], None, 0)
    assert (await store.close()).is_saved
    assert not data.exists()


async def test_damaged_lines_are_skipped_and_reported(open_store: Open, data: Path) -> None:
    conversation = await saved_conversation(open_store())
    path = segments(data)[0]
    content = path.read_bytes()
    at = content.index(b"A ring of plasma")
    path.write_bytes(content[:at] + b"?" + content[at + 1 :] + b"\0" * 64 + b"\n" + content[-20:])
    found = await open_store().open(conversation.id)
    assert [m.role for m in found.messages.values()] == ["user"]
    assert [d.reason for d in found.damaged] == [
        "its checksum does not match",
        "only zero bytes",
        "its checksum does not match",
    ]
    damage = found.damaged[0]
    assert path.read_bytes()[damage.offset :][: damage.length].startswith(b'{"v":1,"t":"msg"')
    assert content[:at] in path.read_bytes(), "reading never repairs the file"


def torn_tails(content: bytes) -> Iterator[bytes]:
    last = content.rindex(b"\n{")
    return (content[:cut] for cut in range(last, len(content) - 2))


async def test_a_file_torn_anywhere_in_its_last_record(open_store: Open, data: Path) -> None:
    conversation = await saved_conversation(open_store())
    path, store = segments(data)[0], open_store()
    for content in torn_tails(path.read_bytes()):
        path.write_bytes(content)
        found = await store.open(conversation.id)
        assert len(found.messages) == 1
        assert not found.damaged, "it may still be on its way"
    os.utime(path, (1, 1))
    assert len((await store.open(conversation.id)).damaged) == 1
    again = add_prompt(conversation, "after the damage")
    assert await open_store().append(conversation, again)
    found = await store.open(conversation.id)
    assert again.id in found.messages, "the next record is found after a torn one"


async def test_a_file_of_nothing_but_damage_opens_empty(open_store: Open, data: Path) -> None:
    conversation = await saved_conversation(open_store())
    segments(data)[0].write_bytes(b"\0garbage\n" * 5)
    found = await open_store().open(conversation.id)
    assert (found.is_empty, len(found.damaged)) == (True, 5)


async def test_segments_of_several_boots_are_one_conversation(open_store: Open) -> None:
    here, there = open_store(), open_store(owner=Owner("bbbbbbbb", 1, 5, 7))
    conversation = await saved_conversation(here)
    opened = await there.open(conversation.id)
    reply = new_reply(add_prompt(opened, "from the other node"))
    assert await there.append(opened, opened.path()[-1])
    assert await there.append(opened, reply)
    opened.add(reply)
    assert await there.set_value(opened, "title", "Renamed there")
    found = await open_store().open(conversation.id)
    assert found == opened
    assert len(found.path()) == 4


async def test_an_edit_after_seeing_another_wins_against_a_slow_clock(open_store: Open) -> None:
    conversation = await saved_conversation(open_store())
    await open_store(clock=lambda: time.time() + 3600).set_value(conversation, "title", "Ahead")
    slow = open_store()
    opened = await slow.open(conversation.id)
    await slow.set_value(opened, "title", "Seen, then renamed")
    assert (await open_store().open(conversation.id)).title == "Seen, then renamed"


async def test_a_segment_without_its_header_loads(open_store: Open, data: Path) -> None:
    conversation = await saved_conversation(open_store())
    path = segments(data)[0]
    lines = path.read_bytes().split(b"\n\n")
    path.write_bytes(b"\n" + b"\n\n".join(lines[1:]))
    found = await open_store().open(conversation.id)
    assert found.messages == conversation.messages
    assert found.damaged == ()


async def test_a_newer_version_is_read_only(open_store: Open, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await saved_conversation(open_store())
    monkeypatch.setattr("metis_tui.store.records.SUPPORTED_VERSION", 2)
    with open(segments(data)[0], "ab") as file:
        file.write(encode("hologram", 1, {}))
    monkeypatch.undo()
    store = open_store()
    found = await store.open(conversation.id)
    size = segments(data)[0].stat().st_size
    assert found.is_read_only
    assert len(found.messages) == 2
    assert not await store.append(found, add_prompt(found))
    assert not await store.set_value(found, "title", "x")
    assert segments(data)[0].stat().st_size == size


async def test_two_panes_converge(open_store: Open) -> None:
    left, right = open_store(), open_store()
    mine = await saved_conversation(left)
    yours = await right.open(mine.id)
    assert not await right.refresh(yours)
    prompt = add_prompt(mine, "go on")
    await left.append(mine, prompt)
    await left.set_value(mine, "title", "Longer")
    assert await right.refresh(yours)
    assert yours == mine, "nothing else happened there, so it follows"
    assert not await right.refresh(yours)
    branch = ChatMessage(new_ulid(), prompt.parent, "user", "another way", int(time.time() * 1000))
    yours.add(branch)
    await right.append(yours, branch)
    await left.append(mine, add_prompt(mine, "meanwhile"))
    assert await right.refresh(yours)
    assert yours.head == branch.id, "the branch shown stays"
    assert await left.refresh(mine)
    assert set(yours.messages) == set(mine.messages)


async def test_refresh_keeps_what_is_not_saved_yet(open_store: Open) -> None:
    left, right = open_store(), open_store()
    mine = await saved_conversation(left)
    yours = await right.open(mine.id)
    unsaved = add_prompt(yours, "typed, not appended")
    await left.append(mine, add_prompt(mine, "from the left"))
    assert await right.refresh(yours)
    assert unsaved.id in yours.messages
    assert not await right.refresh(Conversation())


async def test_many_conversations_at_once_keep_few_files_open(open_store: Open, data: Path) -> None:
    store = open_store(pace=replace(HURRIED, patience_seconds=10.0))  # 40 at once, on a machine that may be busy
    made = await asyncio.gather(*(saved_conversation(store, f"number {i}") for i in range(40)))
    await until(lambda: store.status.is_saved)
    open_files = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert sum(str(data / "conversations") in name for name in open_files) <= 17
    for conversation in made:
        assert await store.append(conversation, add_prompt(conversation))
        assert await open_store().open(conversation.id) == conversation
    assert len(segments(data)) == 40


async def test_it_can_be_used_after_close(open_store: Open) -> None:
    store = open_store()
    conversation = await saved_conversation(store)
    await store.close()
    assert await store.append(conversation, add_prompt(conversation))
    assert await store.open(conversation.id) == conversation


async def test_a_link_in_the_file_s_place_is_not_followed(open_store: Open, data: Path, tmp_path: Path) -> None:
    store = open_store()
    conversation = Conversation()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path = store._layout.segment(conversation.id)
    path.parent.mkdir(parents=True)
    path.symlink_to(victim)
    assert await store.append(conversation, add_prompt(conversation)), "it goes to the next file"
    assert victim.read_text() == "mine"
    assert [m.text for m in (await open_store().open(conversation.id)).path()] == ["What is a tokamak?"]


async def test_a_setting_saved_between_a_prompt_and_its_append_keeps_the_others(open_store: Open) -> None:
    store = open_store()
    conversation = Conversation()
    await store.set_value(conversation, "system", "Be brief.")
    prompt = add_prompt(conversation)
    assert await store.set_value(conversation, "model", "m@metis")
    assert await store.append(conversation, prompt)
    assert await open_store().open(conversation.id) == conversation
