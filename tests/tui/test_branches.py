"""Branches in the application: edited prompts, other replies, siblings, forks, the tree, other windows."""

from __future__ import annotations

from pathlib import Path

from app_session import Session, StartSession
from textual.events import Key
from textual.widgets import Input, OptionList

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.screens.models import ModelPicker
from metis_tui.tui.screens.reply_parameters import ReplyParameters
from metis_tui.tui.screens.tree import Tree
from metis_tui.tui.widgets.tree_view import TreeView


def message(number: int, role: str, text: str, parent: str | None) -> ChatMessage:
    facts = {"model": "gemma-4-31B-it", "cluster": "metis", "stop": "stop"} if role == "assistant" else {}
    return ChatMessage(new_ulid(number * 1000), parent, role, text, number * 1000, **facts)  # type: ignore[arg-type]


async def saved(home: Path, *rows: tuple[str, str, int | None]) -> Conversation:
    """A saved conversation of (role, text, index of the parent) rows; its head is the last one."""
    store = ConversationFiles(home / "data")
    conversation = Conversation(title="Sums", model="gemma-4-31B-it@metis")
    ids: list[str] = []
    for number, (role, text, parent) in enumerate(rows):
        entry = message(number, role, text, None if parent is None else ids[parent])
        ids.append(entry.id)
        conversation.add(entry)
    await store.add(conversation)
    await store.close()
    return conversation


async def on_disk(home: Path, conversation_id: str) -> Conversation:
    store = ConversationFiles(home / "data")
    try:
        return await store.open(conversation_id)
    finally:
        await store.close()


def texts(session: Session) -> list[str]:
    return [message.text for message in session.chat.pane.conversation.path()]


LONG = "\n\n".join(f"Paragraph {n}." for n in range(30))
BRANCHED = (
    ("user", "first prompt", None),
    ("assistant", "first reply", 0),
    ("user", "second prompt", 1),
    ("assistant", f"old answer\n\n{LONG}", 2),
    ("user", "a follow-up", 3),
    ("assistant", "its answer", 4),
    ("assistant", f"new answer\n\n{LONG}", 2),
)


async def test_siblings_are_switched_in_place_and_remembered(start: StartSession, home: Path) -> None:
    conversation = await saved(home, *BRANCHED)
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session)[-1].startswith("new answer"))
        await session.pilot.press("escape", "[")
        await session.until(lambda: "a follow-up" in texts(session), "the whole old branch is back")
        transcript = session.chat.pane.transcript
        await session.until_shown("gemma-4-31B-it@metis · 1/2")
        assert "old answer" in session.screen_text()
        assert transcript.current == conversation.path()[2].id or transcript.current in conversation.messages
        await session.pilot.press("[")
        await session.until_shown("This is the first of 2.")
        session.app.clear_notifications()
        await session.until_shown("· 1/2")
        row = next(n for n, line in enumerate(session.screen_text().split("\n")) if "· 1/2" in line)
        await session.pilot.press("]")
        await session.until_shown("· 2/2")
        assert "· 2/2" in session.screen_text().split("\n")[row], "the heading stands where the other one stood"
        await session.pilot.press("[")
        await session.until(lambda: "a follow-up" in texts(session))
    stored = await on_disk(home, conversation.id)
    assert stored.path()[-1].text == "its answer", "the chosen branch is the one that opens next time"


async def test_an_earlier_prompt_is_edited_into_a_branch(start: StartSession, home: Path) -> None:
    conversation = await saved(home, *BRANCHED)
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session))
        await session.type("half a thought")
        await session.pilot.press("escape", "g", "e")
        assert session.chat.prompt.text == "first prompt"
        assert session.chat.focused is session.chat.prompt
        await session.until_shown("Enter sends a new branch · Esc cancels")
        await session.pilot.press("x")
        session.chat.save_draft()
        drafts = session.chat.services.drafts
        unsent = "first promptx\nhalf a thought"
        await session.until(lambda: drafts.load(conversation.id) == unsent, "a crash would cost nothing")
        await session.pilot.press("escape")
        assert session.chat.prompt.text == "half a thought"
        assert "Esc cancels" not in session.screen_text()
        await session.pilot.press("up")
        assert session.chat.prompt.text == "first promptx", "what was changed is not lost"
        await session.pilot.press("down", "escape", "e")
        assert session.chat.prompt.text == "first prompt", "the cursor is on that message still"
        await session.ask("What is 2+2?")
        assert session.last_sent["messages"] == [{"role": "user", "content": "What is 2+2?"}]
        assert session.chat.prompt.text == "half a thought"
        await session.until_shown("You · 2/2")
        await session.pilot.press("escape", "g", "[")
        await session.until(lambda: "first prompt" in texts(session))
        assert len(texts(session)) == 4
    stored = await on_disk(home, conversation.id)
    assert [m.text for m in stored.messages.values() if m.parent is None] == ["first prompt", "What is 2+2?"]


async def test_another_reply_and_another_model_leave_the_conversation_its_own(
    start: StartSession, home: Path
) -> None:
    conversation = await saved(home, *BRANCHED[:6])
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session))
        pane = session.chat.pane
        await session.pilot.press("escape", "g", "j", "r")
        await session.until(lambda: len(texts(session)) == 2 and not pane.is_running, "a second first reply")
        assert pane.transcript.document.entries[-1].marks == "2/2"
        await session.pilot.press("R")
        await session.until(lambda: isinstance(session.app.screen, ModelPicker))
        session.app.screen.query_one(Input).value = "gpt-oss-120b"
        await session.until(lambda: len(session.app.screen.query_one(OptionList).options) < 8)
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, ReplyParameters))
        for settings, trouble in (("top_k=1", "top_k is not a parameter"), ("seed = 7; stop = [1, 2]", "stop takes")):
            session.app.screen.query_one(Input).value = settings
            await session.pilot.press("enter")
            await session.until_shown(trouble)
        field = session.app.screen.query_one(Input)
        field.value = "seed = 7, temperature = 0.33"
        field.action_end()
        for key in ("backspace", "backspace", "5", "enter"):  # in one piece, as over a slow line
            session.app.post_message(Key(key, key if key == "5" else None))
        await session.until(lambda: len(pane.conversation.messages) == 8 and not pane.is_running)
        reply = pane.conversation.path()[-1]
        assert (dict(reply.params), reply.served_by) == ({"seed": 7, "temperature": 0.5}, "gpt-oss-120b@metis")
        assert (pane.conversation.params, pane.conversation.model) == ({}, "gemma-4-31B-it@metis")
        assert session.chat.model is not None
        assert session.chat.model.name == "gemma-4-31B-it"
        assert pane.transcript.document.entries[-1].marks == "3/3"


async def test_a_streaming_reply_keeps_its_place(start: StartSession, home: Path) -> None:
    conversation = await saved(home, *BRANCHED)
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session))
        await session.type("Write 3000 tokens at 400 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 10, "text streams")
        for way in ("/previous", "/fork"):
            await session.type(way)
            await session.pilot.press("enter")
            await session.until_shown("A reply is streaming")
            session.app.clear_notifications()
        await session.pilot.press("escape")
        await session.until(lambda: not session.chat.pane.is_running)
        assert texts(session)[-2] == "Write 3000 tokens at 400 tokens/s"
        assert len(session.chat.pane.conversation.messages) == len(BRANCHED) + 2


async def test_the_tree_shows_branches_and_forks(start: StartSession, home: Path) -> None:
    conversation = await saved(home, *BRANCHED)
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session))
        await session.pilot.press("ctrl+x", "b")
        await session.until(lambda: isinstance(session.app.screen, Tree) and "├─○" in session.screen_text())
        assert session.app.screen.query_one(TreeView).virtual_size.height == 7
        assert "1/2  old answer" in session.screen_text()
        await session.pilot.press("g", "h")
        await session.until_shown("+6 folded")
        await session.pilot.press("l", "]", "enter")
        await session.until(lambda: session.app.screen is session.chat)
        await session.until(lambda: "a follow-up" in texts(session), "the branch is shown")
        await session.pilot.press("T")
        await session.until(lambda: isinstance(session.app.screen, Tree))
        await session.pilot.press("f")
        await session.until(lambda: session.chat.pane.conversation.title == "Sums (fork)")
        fork = session.chat.pane.conversation
        assert [m.text[:10] for m in fork.path()] == ["first prom", "first repl", "second pro", "old answer"]
        await session.until_shown("Forked")
        await session.until(lambda: session.chat.services.store.status.is_saved)
        await session.pilot.press("escape")
        for key in "fed":  # in one piece, as over a slow line: e and d are keys of the transcript and of lists
            session.app.post_message(Key(key, key))
        await session.until(lambda: session.chat.pane.conversation.title == "Sums (fork 2)")
        await session.until(lambda: session.chat.prompt.text == "ed", "what was typed behind f is the fork's")
    assert (await on_disk(home, conversation.id)).messages.keys() == conversation.messages.keys()
    stored = await on_disk(home, fork.id)
    assert stored.origin["conv"] == conversation.id
    assert stored.path() == fork.path()


async def test_what_another_window_adds_is_shown_without_moving_the_reader(start: StartSession, home: Path) -> None:
    conversation = await saved(home, *BRANCHED[:4])
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.ready()
        await session.until(lambda: texts(session))
        await session.type("typing")
        transcript = session.chat.pane.transcript
        other = ConversationFiles(home / "data")
        theirs = await other.open(conversation.id)
        beside = message(10, "assistant", "another answer", theirs.path()[2].id)
        theirs.add(beside)
        await other.append(theirs, beside)
        session.chat.other_windows.look_soon()
        await session.until_shown("on another branch")
        await session.until(lambda: transcript.document.entries[-1].marks == "1/2")
        assert texts(session)[-1].startswith("old answer")
        top = transcript.scroll_y
        theirs.head = conversation.path()[-1].id
        more = message(11, "user", "a prompt from there", theirs.head)
        theirs.add(more)
        await other.append(theirs, more)
        await other.close()
        transcript.scroll_rows(-5)
        await session.pilot.pause()
        top = transcript.scroll_y
        session.chat.other_windows.look_soon()
        await session.until(lambda: transcript.last_id == more.id)
        assert transcript.scroll_y == top
        assert session.chat.prompt.text == "typing"
