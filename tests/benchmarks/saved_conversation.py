"""Puts a long conversation into a data folder, as the application would have saved it."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

from bench_transcript import conversation as long_conversation

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles

END = "Here the long conversation ends."


def save_long_conversation(data: Path, messages: int) -> None:
    """Prompts and replies in turn, with code and tables; the last reply ends with `END`."""
    asyncio.run(_save(data, messages))


async def _save(data: Path, count: int) -> None:
    store = ConversationFiles(data)
    saved = Conversation(title="The long conversation", model="gemma-4-31B-it@metis")
    for number, message in enumerate(long_conversation(count), 1):
        text = f"{message.text}\n\n{END}" if number == count else message.text
        ours = dataclasses.replace(message, id=new_ulid(message.created_ms + number), parent=saved.head, text=text)
        saved.add(ours)
        await store.append(saved, ours)
    await store.close(60)
