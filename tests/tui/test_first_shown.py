"""What the application shows first: a file of conversations, or the saved ones with a search."""

from __future__ import annotations

import time
from pathlib import Path

from app_session import StartSession

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.config.settings import Settings
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.screens.first_shown import tidy


def one_turn(title: str, reply: str) -> Conversation:
    conversation = Conversation(title=title)
    prompt = ChatMessage(new_ulid(), None, "user", title, conversation.created_ms)
    conversation.add(prompt)
    answer = ChatMessage(new_ulid(), prompt.id, "assistant", reply, conversation.created_ms + 1, stop="stop")
    conversation.add(answer)
    return conversation


async def test_a_file_is_shown_read_only_and_a_fork_of_it_is_saved(start: StartSession, home: Path) -> None:
    """Also: what is damaged is told once, not with every look at it."""
    saved = one_turn("Of mine", "Kept.")
    store = ConversationFiles(home / "data")
    await store.add(saved)
    await store.close()
    (segment,) = (home / "data").glob("conversations/*/*")
    segment.write_bytes(segment.read_bytes() + b"{damaged}\n")
    file = home / "sent.json"
    sent = one_turn("Somebody else's", "Plasma.")
    file.write_bytes(FileExchange().export([sent], "json"))
    async with start(file=str(file)) as session:
        await session.until_shown("read-only: sent.json · Somebody else's")
        await session.ready()
        await session.type("And then?")
        await session.pilot.press("enter")
        await session.until_shown("This conversation is read-only")
        assert len(session.chat.pane.conversation.messages) == 2
        assert session.demo.requests == [] or "chat" not in session.demo.requests[-1].path
        await session.chat.branching.fork()
        await session.until_shown("(fork)")
        assert not session.chat.pane.conversation.is_read_only
        await session.ask("And then?")
        fork = session.chat.pane.conversation.id
        for is_told in (True, False):
            session.app.clear_notifications()
            await session.chat.open_conversation(saved.id)
            await session.pilot.pause()
            assert ("cannot be read" in session.screen_text()) == is_told
            await session.chat.open_conversation(fork)
    ids = {path.name[:26] for path in (home / "data").glob("conversations/*/*")}
    assert ids == {saved.id, fork}


async def test_the_trash_is_emptied_by_itself_unless_it_must_not_be(home: Path) -> None:
    store = ConversationFiles(home / "data", clock=lambda: time.time() - 31 * 86_400)
    trashed = one_turn("Old", "Gone.")
    await store.add(trashed)
    await store.trash(trashed.id)
    await store.close()
    for days, is_there in ((0, True), (32, True), (30, False)):
        store = ConversationFiles(home / "data")
        await tidy(store, Settings(trash_days=days))
        assert bool(await store.list(include_trashed=True)) == is_there
        await store.close()


async def test_a_search_named_at_the_start_is_on_screen(start: StartSession, home: Path) -> None:
    store = ConversationFiles(home / "data")
    wanted = one_turn("Of tokamaks", "A ring of plasma.")
    for conversation in (wanted, one_turn("Of cats", "They purr.")):
        await store.add(conversation)
    await store.close()
    async with start(history_query="plasma") as session:
        await session.until_shown("A ring of plasma.")
        assert "Of tokamaks" in session.screen_text()
        assert "Of cats" not in session.screen_text()
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.conversation.id == wanted.id, "it is opened")


async def test_a_file_of_several_conversations_is_a_list_of_them(start: StartSession, home: Path) -> None:
    store = ConversationFiles(home / "data")
    await store.add(one_turn("Of mine", "Kept."))
    await store.close()
    file = home / "sent.metis.zip"
    file.write_bytes(FileExchange().export([one_turn("First", "One."), one_turn("Second", "Two.")], "bundle"))
    before = sorted((home / "data").rglob("*"))
    async with start(size=(80, 24), file=str(file)) as session:
        await session.until(lambda: {"First", "Second"} <= set(session.screen_text().split()), "both are listed")
        assert "Of mine" not in session.screen_text()
        await session.pilot.press("enter")
        await session.until_shown("read-only: sent.metis.zip")
    assert sorted((home / "data").rglob("*")) == before
