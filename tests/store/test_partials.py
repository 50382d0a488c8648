"""A reply that streams is never more than a moment from disk, and a dead process's reply is found again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from store_samples import HURRIED, FaultyDisk, add_prompt, new_reply, partials, until

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.machine import Owner, is_gone, start_time, this_process
from metis_tui.store.pace import Pace

Open = Callable[..., ConversationFiles]


async def streaming(store: ConversationFiles, text: str = "Half a rep") -> tuple[Conversation, ChatMessage]:
    """A conversation whose reply has come to the given text, on disk."""
    conversation = Conversation()
    prompt = add_prompt(conversation)
    await store.append(conversation, prompt)
    reply = replace(new_reply(prompt), text="", reasoning="", usage=None, timing=None, stop=None, failure=None)
    store.begin_reply(conversation, reply)
    if text:
        store.checkpoint(reply.id, text, "Because.")
    return conversation, reply


def content(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in partials(data))


@pytest.fixture
def dead() -> Owner:
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = replace(this_process(), pid=process.pid, started=start_time(process.pid))
    process.communicate(b"\n")
    return owner


async def test_text_reaches_the_file_and_the_end_empties_it(open_store: Open, data: Path) -> None:
    store = open_store()
    conversation, reply = await streaming(store)
    await until(lambda: b"Half a rep" in content(data))
    store.checkpoint(reply.id, "ly", "")
    await until(lambda: b'"text":"ly"' in content(data))
    conversation.add(replace(reply, text="Half a reply", stop="stop"))
    assert await store.append(conversation, conversation.messages[reply.id])
    await until(lambda: content(data) == b"")
    assert len(partials(data)) == 1
    await store.close()
    assert partials(data) == []


async def test_cadence(open_store: Open, data: Path) -> None:
    """Small pieces wait for the second, 4 KB do not."""
    store = open_store(pace=Pace(checkpoint_seconds=60))
    conversation, reply = await streaming(store, text="")
    await until(lambda: b'"t":"reply"' in content(data))
    store.checkpoint(reply.id, "small", "")
    for _ in range(50):
        await store.set_value(conversation, "pin", True)
    assert b"small" not in content(data)
    store.checkpoint(reply.id, "x" * 4096, "")
    await until(lambda: b"smallxxx" in content(data))


async def test_several_replies_stream_at_once(open_store: Open, data: Path) -> None:
    store = open_store()
    lanes = [await streaming(store, f"lane {i}") for i in range(4)]
    await until(lambda: len(partials(data)) == 4)
    for conversation, reply in lanes:
        conversation.add(replace(reply, text="done", stop="stop"))
        assert await store.append(conversation, conversation.messages[reply.id])
    await streaming(store, "one more")
    await until(lambda: b"one more" in content(data))
    assert len(partials(data)) == 4, "files are used again"


async def test_a_reply_announced_again_is_recovered_with_its_later_facts(
    open_store: Open, data: Path, dead: Owner
) -> None:
    """Its prompt went to another model after all: a crash once named the one that had refused."""
    store = open_store(owner=dead)
    conversation, reply = await streaming(store, text="")
    await until(lambda: content(data))
    store.begin_reply(conversation, replace(reply, model="another", cluster="sophia"))
    store.checkpoint(reply.id, "Half a rep", "")
    await until(lambda: b"Half a rep" in content(data))
    assert len(partials(data)) == 1, "its file is used again"
    again = open_store()
    assert await again.recover() == 1
    found = (await again.open(conversation.id)).messages[reply.id]
    assert (found.served_by, found.text) == ("another@sophia", "Half a rep")


async def test_close_keeps_what_streams(open_store: Open, data: Path) -> None:
    store = open_store()
    conversation, reply = await streaming(store)
    assert (await store.close(budget_seconds=5)).is_saved
    found = (await open_store().open(conversation.id)).messages[reply.id]
    assert (found.text, found.reasoning, found.stop) == ("Half a rep", "Because.", "interrupted")
    assert partials(data) == []


async def test_a_finished_reply_after_close_wins(open_store: Open) -> None:
    store = open_store()
    conversation, reply = await streaming(store)
    await store.close(budget_seconds=5)
    conversation.add(replace(reply, text="Half", stop="cancelled"))
    await store.append(conversation, conversation.messages[reply.id])
    assert (await open_store().open(conversation.id)).messages[reply.id].stop == "cancelled"


async def test_a_dead_process_s_reply_is_there_at_once(open_store: Open, data: Path, dead: Owner) -> None:
    conversation, reply = await streaming(open_store(owner=dead))
    await until(lambda: b"Half a rep" in content(data))
    store = open_store()
    assert await store.recover() == 1
    found = (await store.open(conversation.id)).path()[-1]
    assert found == replace(reply, text="Half a rep", reasoning="Because.", stop="interrupted")
    assert (await store.list())[0].message_count == 2
    await until(lambda: not partials(data))
    assert await store.recover() == 0


async def test_recovery_twice_and_by_mistake_is_harmless(open_store: Open, data: Path, dead: Owner) -> None:
    """The owner lives after all: it makes its file anew, and its finished reply wins."""
    owner = open_store(owner=dead)
    conversation, reply = await streaming(owner)
    await until(lambda: b"Half a rep" in content(data))
    copy = partials(data)[0].read_bytes()
    store = open_store()
    assert await store.recover() == 1
    await until(lambda: not partials(data))
    owner.checkpoint(reply.id, "ly", "")
    await until(lambda: b"Half a reply" in content(data))
    (data / "partial" / f"{dead.boot}.{dead.pid}-ffff.jsonl").write_bytes(copy)
    again = open_store()
    assert await again.recover() == 1, "the longer text; the shorter one is known"
    await until(lambda: not partials(data))
    whole = replace(reply, text="Half a reply!", stop="stop")
    conversation.add(whole)
    await owner.append(conversation, whole)
    found = await open_store().open(conversation.id)
    assert found.messages[reply.id] == whole
    assert len(found.messages) == 2


async def test_the_reply_of_a_prompt_that_was_lost(open_store: Open, data: Path, dead: Owner) -> None:
    conversation, reply = await streaming(open_store(owner=dead))
    await until(lambda: b"Half a rep" in content(data))
    for path in data.glob("conversations/*/*"):
        path.unlink()
    store = open_store()
    assert await store.recover() == 1
    assert [m.id for m in (await store.open(conversation.id)).path()] == [reply.id]


ME = this_process()


@pytest.mark.parametrize(
    ("owner", "rest_seconds", "is_recovered"),
    [
        (ME, 0, False),
        (ME, 9999, False),
        (replace(ME, namespace=1), 9999, False),
        (replace(ME, started=ME.started - 1), 0, True),
        (replace(ME, pid=2**22 + 5), 0, True),
        (replace(ME, pid=2**22 + 5, namespace=1), 0, False),
        (replace(ME, pid=2**22 + 5, namespace=1), 31, True),
        (replace(ME, pid=2**22 + 5, started=0), 0, False),
        (replace(ME, boot="bbbbbbbb"), 100, False),
        (replace(ME, boot="bbbbbbbb"), 121, True),
    ],
)
async def test_whose_replies_are_recovered(
    open_store: Open, data: Path, owner: Owner, rest_seconds: float, is_recovered: bool
) -> None:
    await streaming(open_store(owner=owner, pace=replace(HURRIED, sync_seconds=60)))
    await until(lambda: b"Half a rep" in content(data))
    changed = time.time() - rest_seconds
    os.utime(partials(data)[0], (changed, changed))
    store = open_store()
    assert await store.recover() == is_recovered
    await store.close()
    assert len(partials(data)) == (not is_recovered)


@pytest.mark.parametrize("damage", [b"", b"\0" * 50, b"\n{garbage}\n", b'\n{"v":1,"t":"reply","ts":1,"crc":3}\n'])
async def test_files_without_a_reply_just_go(open_store: Open, data: Path, dead: Owner, damage: bytes) -> None:
    path = data / "partial" / f"{dead.boot}.{dead.pid}-0000.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    odd = path.with_name("notes.jsonl")
    odd.write_bytes(b"not ours")
    os.utime(path, (1, 1))
    store = open_store()
    assert await store.recover() == 0
    await store.close()
    assert not path.exists()
    assert odd.exists()


async def test_a_partial_torn_anywhere(open_store: Open, data: Path, dead: Owner) -> None:
    conversation, reply = await streaming(open_store(owner=dead), "abc")
    await until(lambda: b"abc" in content(data))
    whole, path = content(data), partials(data)[0]
    for cut in range(0, len(whole), 7):
        path.write_bytes(whole[:cut])
        os.utime(path, (1, 1))
        store = open_store()
        await store.recover()
        await store.close()
    path.write_bytes(whole)
    await open_store().recover()
    assert (await open_store().open(conversation.id)).messages[reply.id].text == "abc"


async def test_a_hung_disk_does_not_stop_the_start(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FaultyDisk()
    monkeypatch.setattr(disk, "check", lambda folder: disk.gate.wait())
    disk.gate.clear()
    store = open_store(disk=disk)
    assert await store.recover() == 0
    assert store.status.trouble == "storage is slow"
    disk.gate.set()


def test_processes() -> None:
    assert not is_gone(os.getpid(), 0)
    assert not is_gone(os.getpid(), ME.started)
    assert is_gone(os.getpid(), ME.started + 1)
    assert is_gone(2**22 + 5, 0)
    assert len(ME.boot) == 8
