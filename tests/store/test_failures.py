"""The disk is full, broken, read-only or silent: nothing is lost while the program lives, and the user is told."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_disk import mounted
from store_samples import HURRIED, FaultyDisk, add_prompt, new_reply, partials, segments, start_python, until

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.ports import SaveStatus
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.disk import in_words

Open = Callable[..., ConversationFiles]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", kilobytes=64) as folder:
        yield folder


async def test_a_full_disk_then_space(open_store: Open, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(32 * 1024))
    store = open_store(data=small_disk / "data")
    told: list[SaveStatus] = []
    store.watch_status(told.append)
    conversation = Conversation()
    answers = [await store.append(conversation, add_prompt(conversation, f"{i} {'x' * 3000}")) for i in range(20)]
    assert answers[0]
    assert not answers[-1]
    status = store.status
    assert (status.is_saved, status.trouble) == (False, "the disk is full")
    assert status.pending_count > 5
    assert told[-1].trouble == "the disk is full"
    assert len((await store.open(conversation.id)).path()) == 20, "memory and disk together"
    assert (await store.list())[0].message_count == 20
    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    await until(lambda: store.status.is_saved and not store.status.trouble)
    assert told[-1].trouble == ""
    found = await open_store(data=small_disk / "data").open(conversation.id)
    assert found == conversation
    assert found.damaged == ()


async def test_streaming_onto_a_full_disk(open_store: Open, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    store = open_store(data=small_disk / "data")
    conversation = Conversation()
    prompt = add_prompt(conversation)
    await store.append(conversation, prompt)
    reply = new_reply(prompt, text="")
    store.begin_reply(conversation, reply)
    await until(lambda: partials(small_disk / "data"))
    with pytest.raises(OSError, match="No space"):
        ballast.write_bytes(bytes(64 * 1024))
    for i in range(40):
        store.checkpoint(reply.id, f"{i:04}" * 100, "")
    await until(lambda: store.status.trouble == "the disk is full")
    ballast.unlink()
    await until(lambda: not store.status.trouble)
    await until(lambda: any(b"0039" in path.read_bytes() for path in partials(small_disk / "data")))
    assert len(partials(small_disk / "data")) == 1, "the file that failed is gone"


async def test_a_read_only_file_system(open_store: Open, small_disk: Path) -> None:
    conversation = Conversation()
    store = open_store(data=small_disk / "data")
    assert await store.append(conversation, add_prompt(conversation))
    await store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    store = open_store(data=small_disk / "data")
    await store.recover()
    assert store.status.trouble == "the folder is read-only", "told before anything is lost"
    opened = await store.open(conversation.id)
    assert not await store.append(opened, add_prompt(opened))
    assert len((await store.open(conversation.id)).path()) == 2
    assert not (await store.close(budget_seconds=5)).is_saved
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert (await store.close(budget_seconds=5)).is_saved
    assert await open_store(data=small_disk / "data").open(conversation.id) == opened


_QUOTA = """
import asyncio, resource, signal, sys
from pathlib import Path
from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles
from store_samples import HURRIED, add_prompt, until

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    store = ConversationFiles(Path(sys.argv[1]), pace=HURRIED)
    conversation = Conversation()
    answers = [await store.append(conversation, add_prompt(conversation, "x" * 3000)) for _ in range(20)]
    big = await store.append(conversation, add_prompt(conversation, "y" * 30_000))
    trouble = store.status.trouble
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await until(lambda: store.status.is_saved and not store.status.trouble)
    print(all(answers), big, trouble, conversation.id, sep="|")
    await store.close()

asyncio.run(main())
"""


async def test_a_limit_on_file_size(open_store: Open, data: Path) -> None:
    """Records that the limit cuts short go to the next file; one larger than the limit waits."""
    process = start_python(_QUOTA, data)
    answer = process.communicate(timeout=20)[0].strip().split("|")
    assert answer[:3] == ["True", "False", "a limit on the size of files is reached"]
    found = await open_store().open(answer[3])
    assert len(found.path()) == 21
    assert found.damaged == (), "what was cut short was written again"
    assert len(segments(data)) > 3


_OTHER_USER = """
import asyncio, os, sys
from pathlib import Path
from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles
from store_samples import HURRIED, add_prompt

async def main():
    store = ConversationFiles(Path(sys.argv[1]) / "data", pace=HURRIED)
    os.setuid(65534)
    conversation = Conversation()
    await store.recover()
    before = store.status.trouble
    saved = await store.append(conversation, add_prompt(conversation))
    print(before, saved, store.status.trouble, len((await store.open(conversation.id)).path()), sep="|")

asyncio.run(main())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="takes root to become somebody else")
def test_a_folder_of_somebody_else() -> None:
    process = start_python(_OTHER_USER, "/usr")
    words = "the folder is read-only for you"
    assert process.communicate(timeout=20)[0].strip() == f"{words}|False|{words}|1"


async def test_a_file_where_the_folder_should_be(open_store: Open, data: Path) -> None:
    data.parent.mkdir(parents=True)
    data.write_text("not a folder")
    store = open_store()
    conversation = Conversation()
    assert list(await store.list()) == []
    assert not await store.append(conversation, add_prompt(conversation))
    assert store.status.trouble == "a file is where the folder should be"
    assert await store.open(conversation.id) == conversation
    assert (await store.list())[0].id == conversation.id
    data.unlink()
    await until(lambda: store.status.is_saved)
    assert await open_store().open(conversation.id) == conversation


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("write", errno.EDQUOT, "your quota is used up"),
        ("sync", errno.EIO, "the disk reports an error"),
        ("open", errno.ESTALE, "the file server lost the file"),
    ],
)
async def test_calls_that_fail_for_a_while(open_store: Open, data: Path, call: str, code: int, words: str) -> None:
    disk = FaultyDisk()
    store = open_store(disk=disk)
    conversation = Conversation()
    assert await store.append(conversation, add_prompt(conversation, "before"))
    if call == "open":
        await store.close()
    disk.faults[call] = OSError(code, os.strerror(code))
    for i in range(5):
        assert not await store.append(conversation, add_prompt(conversation, f"during {i}"))
    assert store.status.trouble == words
    disk.faults.clear()
    assert await store.append(conversation, add_prompt(conversation, "after"))
    await until(lambda: store.status == SaveStatus(True))
    assert await open_store().open(conversation.id) == conversation


async def test_a_failed_sync_is_not_believed_later(open_store: Open, data: Path) -> None:
    """After a failed fsync the next one succeeds without having written anything: all goes to a new file."""
    disk = FaultyDisk()
    store = open_store(disk=disk)
    conversation = Conversation()
    await store.append(conversation, add_prompt(conversation, "confirmed"))
    await store.set_value(conversation, "title", "Written, not confirmed")
    disk.faults["sync"] = OSError(errno.EIO, "")
    assert not await store.append(conversation, add_prompt(conversation, "prompt"))
    disk.faults.clear()
    await until(lambda: store.status.is_saved)
    first, second = segments(data)[0].read_bytes(), segments(data)[-1].read_bytes()
    assert len(segments(data)) == 2
    assert b"Written, not confirmed" in second
    assert b'"prompt"' in second
    assert b'"confirmed"' in first
    assert b'"confirmed"' not in second
    assert second.startswith(b'\n{"v":1,"t":"conv"'), "each file stands alone"


async def test_a_short_write_goes_to_the_next_file(open_store: Open, data: Path) -> None:
    disk = FaultyDisk()
    store = open_store(disk=disk)
    conversation = Conversation()
    await store.append(conversation, add_prompt(conversation))
    disk.shorten = 1
    assert await store.append(conversation, add_prompt(conversation, "cut"))
    assert await store.append(conversation, add_prompt(conversation, "next"))
    found = await open_store().open(conversation.id)
    assert found == conversation
    assert segments(data)[1].name.endswith("-1.jsonl")


async def test_an_error_at_close_repeats_what_it_may_have_cost(open_store: Open, data: Path) -> None:
    disk = FaultyDisk()
    store = open_store(disk=disk)
    conversation = Conversation()
    await store.append(conversation, add_prompt(conversation))
    await store.set_value(conversation, "title", "Last words")
    disk.faults["close"] = OSError(errno.EDQUOT, "")
    await store.close(budget_seconds=5)
    disk.faults.clear()
    assert (await store.close(budget_seconds=5)).is_saved
    assert (await open_store().open(conversation.id)).title == "Last words"


async def test_a_hung_file_system_stops_nothing_else(open_store: Open) -> None:
    disk = FaultyDisk()
    store = open_store(disk=disk)
    told: list[str] = []
    store.watch_status(lambda status: told.append(status.trouble))
    conversation = Conversation()
    disk.gate.clear()
    ticks = 0

    async def count() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    counting = asyncio.ensure_future(count())
    started = time.monotonic()
    prompt = add_prompt(conversation)
    assert not await store.append(conversation, prompt)
    assert HURRIED.patience_seconds <= time.monotonic() - started < 2
    assert ticks > 10, "the event loop went on"
    counting.cancel()
    assert store.status.trouble == "storage is slow"
    assert told == ["storage is slow"]
    reply = new_reply(prompt)
    store.begin_reply(conversation, reply)
    store.checkpoint(reply.id, "text", "")
    assert [m.id for m in (await store.open(conversation.id)).path()] == [prompt.id]
    assert not (await store.close(budget_seconds=0.05)).is_saved
    disk.gate.set()
    await until(lambda: store.status == SaveStatus(True))
    await until(lambda: told[-1] == "")
    await store.close(budget_seconds=5)
    assert (await open_store().open(conversation.id)).path()[-1].text == "text"


async def test_a_program_ends_though_storage_hangs(data: Path) -> None:
    code = """
import asyncio, sys
from pathlib import Path
from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles
from store_samples import HURRIED, FaultyDisk, add_prompt

async def main():
    disk = FaultyDisk()
    disk.gate.clear()
    store = ConversationFiles(Path(sys.argv[1]), pace=HURRIED, disk=disk)
    conversation = Conversation()
    print(await store.append(conversation, add_prompt(conversation)))
    store._reader.later(disk.gate.wait)
    await store.close(0.05)

asyncio.run(main())
"""
    process = start_python(code, data)
    assert process.communicate(timeout=10)[0].strip() == "False"
    assert process.returncode == 0


async def test_a_cancelled_save_is_still_made(open_store: Open) -> None:
    store = open_store()
    conversation = Conversation()
    saving = asyncio.ensure_future(store.append(conversation, add_prompt(conversation)))
    await asyncio.sleep(0)
    saving.cancel()
    await until(lambda: store.status.is_saved)
    assert await open_store().open(conversation.id) == conversation


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.EBUSY, 0])
def test_troubles_are_told_in_words(code: int) -> None:
    words = in_words(OSError(code, "raw"))
    assert len(words) > 10
    assert not any(character.isdigit() for character in words)
