"""Real processes that write at once and are killed: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from store_samples import add_prompt, start_python

from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles

Open = Callable[..., ConversationFiles]

_APPENDING = """
import asyncio, os, sys, time
from pathlib import Path
from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.disk import Disk
from metis_tui.store.machine import this_process
from dataclasses import replace

class Hasty(Disk):
    def sync(self, fd):
        pass

async def main():
    data, conversation_id, name, boot, count = sys.argv[1:]
    owner = replace(this_process(), boot=boot)
    store = ConversationFiles(Path(data), owner=owner, disk=Hasty())
    conversation = await store.open(conversation_id)
    for i in range(int(count)):
        text = f"{name}-{i} " + "x" * (i % 5000)
        message = ChatMessage(new_ulid(), conversation.head, "user", text, int(time.time() * 1000))
        conversation.head = message.id
        assert await store.append(conversation, message)
    await store.close(10)

asyncio.run(main())
"""


@pytest.mark.parametrize("boots", [("aaaaaaaa", "aaaaaaaa"), ("aaaaaaaa", "bbbbbbbb")], ids=["panes", "nodes"])
async def test_two_processes_append_to_one_conversation(open_store: Open, data: Path, boots: tuple[str, str]) -> None:
    count = 1500
    store = open_store()
    conversation = Conversation()
    assert await store.append(conversation, add_prompt(conversation, "start"))
    processes = [
        start_python(_APPENDING, data, conversation.id, name, boot, count)
        for name, boot in zip("lr", boots, strict=True)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    found = await open_store().open(conversation.id)
    words = {message.text.split()[0] for message in found.messages.values()}
    assert words == {"start", *(f"{name}-{i}" for name in "lr" for i in range(count))}
    assert found.damaged == ()


STREAMING = """
import asyncio, sys, time
from pathlib import Path
from dataclasses import replace
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles

def tell(*words):
    print(*words, flush=True)

async def main():
    store = ConversationFiles(Path(sys.argv[1]))
    conversation = Conversation()
    await store.recover()
    while True:
        stamp = int(time.time() * 1000)
        prompt = ChatMessage(new_ulid(), conversation.head, "user", "go", stamp)
        conversation.add(prompt)
        assert await store.append(conversation, prompt)
        tell("saved", conversation.id, prompt.id, 2)
        reply = ChatMessage(new_ulid(), prompt.id, "assistant", "", stamp, model="m", cluster="c")
        store.begin_reply(conversation, reply)
        text = ""
        for i in range(150):
            delta = f"{i:06} "
            text += delta
            store.checkpoint(reply.id, delta, "")
            tell("streamed", conversation.id, reply.id, len(text), time.time())
            await asyncio.sleep(0.001 if i % 50 else 0.25)
        conversation.add(replace(reply, text=text, stop="stop"))
        assert await store.append(conversation, conversation.messages[reply.id])
        tell("saved", conversation.id, reply.id, len(text))

asyncio.run(main())
"""


async def kill_while_streaming(data: Path, seconds: float, *, is_recovering: bool = True) -> tuple[int, float]:
    """Kills a process after some seconds; (acknowledged messages that are lost, seconds of streamed text lost)."""
    process = start_python(STREAMING, data)
    assert process.stdout is not None
    first = process.stdout.readline()
    started = time.monotonic()
    lines = [first]
    while time.monotonic() - started < seconds:
        lines.append(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    killed = time.time()
    lines += [line for line in process.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    store = ConversationFiles(data)
    try:
        await store.recover()
        told = [line.split() for line in lines]
        conversation = await store.open(told[0][1])
        kept = {message.id: len(message.text) for message in conversation.messages.values()}
        lost = sum(kept.get(word[2], -1) < int(word[3]) for word in told if word[0] == "saved")
        missing = [float(word[4]) for word in told if word[0] == "streamed" and kept.get(word[2], 0) < int(word[3])]
        return lost, killed - min(missing, default=killed)
    finally:
        await store.close()


@pytest.mark.parametrize("number", range(6))
async def test_killed_while_streaming(data: Path, number: int) -> None:
    lost, seconds = await kill_while_streaming(data, 0.2 + random.Random(number).random() * 1.8)
    assert lost == 0
    assert seconds <= 1.2, "a second of the reply, and a little for a busy machine"
    # killed between two replies it leaves an empty file, which does not tell its owner and goes half a minute later
    assert not any(path.stat().st_size for path in data.glob("partial/*"))
