"""What users say of messages, files beside messages, and whole conversations that come from elsewhere."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from store_samples import add_prompt, new_reply

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation
from metis_tui.chat.ports import Addition
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.disk import Disk
from metis_tui.store.records import encode

Opens = Callable[..., ConversationFiles]


class DiskFullForFiles(Disk):
    """A disk that takes records and no files."""

    is_full = True

    def publish(self, path: Path, content: bytes, *, is_new: bool = False) -> None:
        if self.is_full and "blobs" in path.parts:
            raise OSError(28, "No space left on device")
        super().publish(path, content, is_new=is_new)


def a_file(content: bytes, name: str = "plot.png") -> Attachment:
    return Attachment(name, "image/png", hashlib.sha256(content).hexdigest(), len(content), content)


def a_whole_conversation(**more: object) -> Conversation:
    """With two branches and something of everything."""
    conversation = Conversation(title="Mesh", model="gpt-oss-120b@metis", system="Be brief.", params={"seed": 7})
    prompt = add_prompt(conversation)
    first, second = (
        new_reply(prompt),
        replace(new_reply(prompt, "A bottle of plasma."), model_version="2", client="x 1"),
    )
    conversation.add(replace(first, request_sha256="ab" * 32, extra={"x-mood": "calm"}))
    conversation.add(second)
    conversation.head = first.id
    conversation.tags = ("shock", "mesh")
    conversation.notes = {first.id: "wrong\nunit"}
    conversation.bookmarks = (second.id, first.id)
    conversation.votes = {second.id: {"best": True}}
    conversation.origin = {"kind": "import", "src": "elsewhere"}
    conversation.extras = ({"t": "x-lab", "page": 3}, {"t": "set", "key": "colour", "val": "red"})
    conversation.is_pinned = True
    return replace(conversation, **more)


async def test_notes_bookmarks_and_votes(open_store: Opens) -> None:
    store, conversation = open_store(), Conversation()
    prompt = add_prompt(conversation)
    await store.append(conversation, prompt)
    reply = new_reply(prompt)
    conversation.add(reply)
    await store.append(conversation, reply)
    assert await store.note(conversation, prompt.id, " check the units \n")
    assert await store.note(conversation, reply.id, "first")
    assert await store.note(conversation, reply.id, "second")
    assert await store.bookmark(conversation, reply.id, is_set=True)
    assert await store.bookmark(conversation, prompt.id, is_set=True)
    assert await store.vote(conversation, reply.id, "best")
    elsewhere = open_store()
    found = await elsewhere.open(conversation.id)
    assert found.notes == conversation.notes == {prompt.id: "check the units", reply.id: "second"}
    assert found.bookmarks == conversation.bookmarks == (reply.id, prompt.id)
    assert found.votes == conversation.votes == {reply.id: "best"}
    assert found.head == reply.id, "a note does not choose a branch"
    await elsewhere.note(found, prompt.id, "  ")
    await elsewhere.bookmark(found, reply.id, is_set=False)
    await elsewhere.vote(found, reply.id, None)
    assert await store.refresh(conversation)
    assert (conversation.notes, conversation.bookmarks) == ({reply.id: "second"}, (prompt.id,))
    assert conversation.votes == {}


async def test_nothing_is_written_of_an_empty_or_read_only_conversation(open_store: Opens, data: Path) -> None:
    store = open_store()
    assert await store.note(Conversation(), "m", "x")
    assert not await store.bookmark(a_whole_conversation(is_read_only=True), "m", is_set=True)
    assert not (data / "conversations").exists()


async def test_a_whole_conversation_is_added_once(open_store: Opens) -> None:
    store, conversation = open_store(), a_whole_conversation()
    assert await store.add(conversation) == Addition(is_new=True, message_count=3, is_saved=True)
    found = await open_store().open(conversation.id)
    assert found == conversation
    before = {path: path.read_bytes() for path in store._layout.segments_of(conversation.id)}
    assert await store.add(conversation) == Addition(is_new=False, message_count=0, is_saved=True)
    assert await open_store().add(conversation) == Addition(is_new=False, message_count=0, is_saved=True)
    assert {path: path.read_bytes() for path in store._layout.segments_of(conversation.id)} == before
    assert (await store.list())[0].tags == ("shock", "mesh")


async def test_adding_keeps_the_settings_and_the_branch_that_are_there(open_store: Opens) -> None:
    store, conversation = open_store(), a_whole_conversation()
    await store.add(conversation)
    mine = await store.open(conversation.id)
    await store.set_value(mine, "title", "Mine")
    await store.note(mine, str(mine.head), "my own note")
    prompt = next(iter(conversation.messages))
    newer = replace(
        conversation, messages=dict(conversation.messages), notes={prompt: "theirs", str(mine.head): "no"}
    )
    reply = new_reply(conversation.messages[prompt], "A third one.")
    newer.add(reply)
    assert await store.add(newer) == Addition(is_new=False, message_count=1, is_saved=True)
    found = await open_store().open(conversation.id)
    assert (found.title, found.head) == ("Mine", mine.head)
    assert found.notes == {mine.head: "my own note", prompt: "theirs"}
    assert reply.id in found.messages


async def test_a_trashed_conversation_stays_in_the_trash_when_it_is_added(open_store: Opens) -> None:
    await open_store().add(a_whole_conversation(is_trashed=True))
    listed = await open_store().list(include_trashed=True)
    assert [summary.is_trashed for summary in listed] == [True]


@pytest.mark.parametrize("size", [10, 200_000])
async def test_attachments(open_store: Opens, data: Path, size: int) -> None:
    """Small ones are in the record, large ones are files of their own, once for each content."""
    store, conversation = open_store(), Conversation()
    image = a_file(bytes(range(256)) * (size // 256 + 1))
    message = replace(add_prompt(conversation), attachments=(image, replace(image, name="again.png")))
    conversation.add(message)
    assert await store.append(conversation, message)
    blobs = [path for path in (data / "blobs").rglob("*") if path.is_file()] if (data / "blobs").exists() else []
    assert len(blobs) == (1 if size > 64 * 1024 else 0)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in blobs)
    [first, second] = (await open_store().open(conversation.id)).messages[message.id].attachments
    assert (first.name, second.name) == ("plot.png", "again.png")
    if blobs:
        assert first.data is None
        assert await store.attachment(first.sha256) == image.data
        blobs[0].write_bytes(b"another content")
        assert await store.attachment(first.sha256) is None, "a damaged file is not passed on"
    else:
        assert first == image
    assert await store.attachment("../../etc/passwd") is None


async def test_a_message_with_a_large_file_waits_for_the_disk(open_store: Opens, data: Path) -> None:
    """Neither the record without its file nor the file alone counts as saved."""
    disk = DiskFullForFiles()
    store, conversation = open_store(disk=disk), Conversation()
    message = replace(add_prompt(conversation), attachments=(a_file(b"x" * 100_000),))
    conversation.add(message)
    assert not await store.append(conversation, message)
    assert store.status.trouble == "the disk is full"
    disk.is_full = False
    assert (await store.close(budget_seconds=5)).is_saved
    found = (await open_store().open(conversation.id)).messages[message.id]
    assert await open_store().attachment(found.attachments[0].sha256) == b"x" * 100_000


async def test_what_other_versions_wrote_is_kept(open_store: Opens, data: Path) -> None:
    store, conversation = open_store(), a_whole_conversation()
    await store.add(conversation)
    [path] = store._layout.segments_of(conversation.id)
    with open(path, "ab") as file:
        file.write(encode("x-new", 9_999_999_999_999, {"colour": "blue", "deep": {"er": [1]}}))
    found = await open_store().open(conversation.id)
    assert {"t": "x-new", "colour": "blue", "deep": {"er": [1]}} in found.extras
    assert found.messages[next(iter(conversation.notes))].extra == {"x-mood": "calm"}


def test_a_message_says_what_its_fields_say(data: Path) -> None:
    from metis_tui.store.messages import message_fields, message_from

    message = ChatMessage(
        "m", None, "assistant", "x", 1, attachments=(a_file(b"12"), Attachment("gone.pdf", "application/pdf", "", 0))
    )
    assert message_from(message_fields(message)) == message
