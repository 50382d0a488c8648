"""Where the application's conversations go: to disk, or to memory when the user wants nothing kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from metis_tui import wiring
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.cli import parser
from metis_tui.config.paths import find_paths
from metis_tui.config.settings import Settings
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.memory import MemoryStore


def store_for(*arguments: str) -> tuple[object, list[str]]:
    ground = wiring.Ground(find_paths(), Settings(), [])
    return wiring._store_for_application(parser.parse(arguments), ground)


async def save_one(text: str) -> Conversation:
    store = ConversationFiles(find_paths().data)
    conversation = Conversation(title=text)
    message = ChatMessage(new_ulid(), None, "user", text, 1)
    conversation.add(message)
    await store.append(conversation, message)
    await store.close()
    return conversation


def test_usually_on_disk(home: Path) -> None:
    store, problems = store_for()
    assert isinstance(store, ConversationFiles)
    assert problems == []


def test_a_folder_that_cannot_be_used_is_told_and_tried_again(home: Path) -> None:
    (home / "data").write_text("a file")
    store, problems = store_for()
    assert isinstance(store, ConversationFiles)
    assert len(problems) == 1
    assert str(home / "data") in problems[0]


def test_without_saving_the_conversation_to_continue_is_there_and_nothing_is_written(home: Path) -> None:
    saved = asyncio.run(save_one("kept"))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    store, problems = store_for("--no-save", "-c")
    assert isinstance(store, MemoryStore)
    assert problems == []
    assert [summary.id for summary in asyncio.run(store.list())] == [saved.id]
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_without_saving_and_with_nothing_to_continue_it_starts_all_the_same(home: Path) -> None:
    store, problems = store_for("--no-save", "--open", "zzzz")
    assert isinstance(store, MemoryStore)
    assert len(problems) == 1
    assert list(home.iterdir()) == []
