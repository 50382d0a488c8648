"""Conversations for the exchange's tests, and a way through two real stores."""

from __future__ import annotations

import hashlib
from pathlib import Path

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, FailureNote, Timing, Usage
from metis_tui.chat.exchange import with_attachments
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles

START = 1_764_093_513_120
"""2025-11-25 17:58:33.120 UTC, in ms."""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf500f0003860180bf6ea0930000000049454e44ae426082"
)
"""A whole PNG image of one pixel."""
HOSTILE = (
    "\x1b[2J\x1b]52;c;aGk=\x07 <script>alert(1)</script> \u202eevil\u202c ---\n# Reply 9\n```\nnever closed <!--"
)


def ulid(number: int) -> str:
    return new_ulid(START + number, number.to_bytes(10, "big"))


def attachment(data: bytes, name: str = "plot.png", media_type: str = "image/png") -> Attachment:
    return Attachment(name, media_type, hashlib.sha256(data).hexdigest(), len(data), data)


def prompt(number: int, text: str, parent: str | None = None, **facts: object) -> ChatMessage:
    return ChatMessage(ulid(number), parent, "user", text, START + number, **facts)  # type: ignore[arg-type]


def reply(number: int, text: str, parent: str | None, **facts: object) -> ChatMessage:
    known: dict[str, object] = {
        "model": "gpt-oss-120b",
        "cluster": "metis",
        "framework": "api",
        "stop": "stop",
        "client": "metis-tui 0.1.0",
        "request_sha256": "ab" * 32,
        **facts,
    }
    return ChatMessage(ulid(number), parent, "assistant", text, START + number, **known)  # type: ignore[arg-type]


def rich_conversation() -> Conversation:
    """One with everything that a conversation can hold."""
    conversation = Conversation(
        id=ulid(0),
        title='Tokamaks: "the" basics',
        created_ms=START,
        model="gpt-oss-120b@metis",
        system="You are a plasma physicist.",
        params={"temperature": 0.2, "seed": 7},
        tags=("fusion", "ITER"),
        is_pinned=True,
        is_archived=True,
    )
    first = prompt(1, "What is a tokamak?", attachments=(attachment(PNG), attachment(PNG * 1000, "large.png")))
    good = reply(
        2,
        "A ring of plasma.\n\n```python\nprint('safety factor')\n```\n\n$q = \\frac{rB_t}{RB_p}$",
        first.id,
        reasoning="Magnets, mostly.",
        params={"temperature": 0.2, "stop": ["END"]},
        usage=Usage(10, 20, 30, 5),
        timing=Timing(1.2345, 0.1, 0.2),
        request_id="chatcmpl-1",
        model_version="3",
        extra={"x-lane": {"place": [1, None, True, 0.1]}},
    )
    failed = reply(
        3,
        "A ring of",
        first.id,
        stop="error",
        failure=FailureNote("Cut short", "The line broke.", "incomplete", "e-1"),
        extra={"parts": [{"kind": "x-sound", "length": 3}]},
    )
    further = reply(4, " plasma.", failed.id, is_continuation=True, stop="length", model="gemma-4-31B-it")
    other = prompt(5, "And a stellarator?", good.id)
    twisted = reply(6, "Twisted.", other.id, cluster="sophia", framework="vllm")
    hostile = prompt(7, HOSTILE, good.id, extra={"source_id": "7"})
    for message in (first, good, failed, further, other, twisted, hostile):
        conversation.add(message)
    conversation.head = twisted.id
    conversation.notes = {twisted.id: "Check this\nagainst the paper.", first.id: "Good question"}
    conversation.bookmarks = (twisted.id, first.id)
    conversation.votes = {good.id: "better", failed.id: {"score": -1}}
    conversation.origin = {"kind": "fork", "conv": ulid(900), "msg": ulid(901)}
    conversation.extras = (
        {"t": "conv", "x-colour": "red"},
        {"t": "x-comparison", "lanes": [1, 2]},
        {"t": "set", "key": "x-width", "val": 80},
    )
    return conversation


async def stored(folder: Path, conversations: list[Conversation]) -> list[Conversation]:
    """The conversations as a new store gives them back after they were added and everything was closed."""
    store = ConversationFiles(folder, app_version="1")
    for conversation in conversations:
        addition = await store.add(conversation)
        assert addition.is_saved
    await store.close()
    store = ConversationFiles(folder, app_version="1")
    found = [await with_attachments(await store.open(c.id), store) for c in conversations]
    await store.close()
    return found
