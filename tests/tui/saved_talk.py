"""A conversation with headings, code, reasoning and two branches, saved before the application starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual import events

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles

REPLY = """# Shocks

Refine the mesh near the shock, then refine again.

```python
refine(mesh)
```

## Next

Wait.
"""
START_MS = 1_764_000_000_000


async def save_talk(home: Path, turns: int = 3) -> Conversation:
    """Prompts and replies in turn; the second prompt has another reply, of a branch that is not shown."""
    store = ConversationFiles(home / "data")
    saved = Conversation(title="Mesh refinement", model="gpt-oss-120b@metis", created_ms=START_MS)

    async def add(role: str, text: str, parent: str | None, **facts: str) -> str:
        stamp = START_MS + len(saved.messages) * 60_000
        message = ChatMessage(new_ulid(stamp), parent, "user" if role == "user" else "assistant", text, stamp)
        if role != "user":
            message = replace(message, model="gpt-oss-120b", cluster="metis", stop="stop", **facts)  # type: ignore[arg-type]
        saved.add(message)
        await store.append(saved, message)
        return message.id

    head: str | None = None
    for number in range(turns):
        prompt = head = await add("user", f"Question {number}?", head)
        head = await add("reply", REPLY, head, reasoning=f"A hidden thought {number}.", request_sha256="ab" * 32)
        if number == 1:
            await add("reply", "The zebra crosses. Another zebra waits.", prompt)
    await store.set_value(saved, "head", head)
    await store.close()
    return await ConversationFiles(home / "data").open(saved.id)


def keys(text: str) -> list[events.Key]:
    """The keys that type a text; "\\r" is Enter, "\\x1b" Esc."""
    names = {"\r": "enter", "\x1b": "escape", "\n": "ctrl+j", "\t": "tab", "/": "slash", " ": "space"}
    return [events.Key(names.get(key, key), key) for key in text]
