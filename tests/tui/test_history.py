"""The history screen as a user meets it: real files, a real index, keys one by one and in one piece."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app_session import Session, StartSession
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from metis_tui.chat.comparison import comparisons_in
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.screens.dialogs import AskKey, AskText
from metis_tui.tui.screens.export_dialog import AskExport
from metis_tui.tui.screens.history import History
from metis_tui.tui.screens.models import ModelPicker
from metis_tui.tui.screens.review import Review
from metis_tui.tui.screens.tag_dialog import AskTags
from metis_tui.tui.screens.vote_only import VoteOnly

_CHARACTERS = {"space": " ", "colon": ":", "slash": "/", "question_mark": "?"}
DAY_MS = 86_400_000
START_MS = 1_750_000_000_000


def conversation(number: int, title: str, *texts: str, **more: object) -> Conversation:
    """Prompts and replies in turn; the later its number the newer."""
    created = START_MS + number * DAY_MS
    made = Conversation(id=new_ulid(created), title=title, created_ms=created, model="gemma-4-31B-it@metis")
    parent = None
    for place, text in enumerate(texts):
        is_prompt = place % 2 == 0
        message = ChatMessage(
            new_ulid(created + place),
            parent,
            "user" if is_prompt else "assistant",
            text,
            created + place,
            **({} if is_prompt else {"model": "gemma-4-31B-it", "cluster": "metis", "stop": "stop"}),
        )
        made.add(message)
        parent = message.id
    for name, value in more.items():
        setattr(made, name, value)
    return made


def lattices() -> list[Conversation]:
    long = "\n\n".join(f"Paragraph {n} about phonons." for n in range(60))
    return [
        conversation(
            1, "First steps", "How are lattices relaxed?", f"{long}\n\nThe lattice constant follows.", "ok", "yes"
        ),
        conversation(2, "Tensors", "What is a tensor?", "A multilinear map.", tags=("maths",)),
        conversation(3, "Lattice in the title only", "Hello", "Hi there"),
        conversation(4, "Put away", "An archived lattice", "Indeed", is_archived=True),
    ]


async def saved(home: Path, conversations: Sequence[Conversation]) -> None:
    store = ConversationFiles(home / "data")
    for one in conversations:
        await store.add(one)
    await store.close()


async def opened(session: Session, *keys: str) -> History:
    await session.pilot.press("ctrl+r")
    await session.until(lambda: isinstance(session.app.screen, History))
    screen = session.app.screen
    assert isinstance(screen, History)
    await session.until(screen.is_loaded.is_set, "all conversations are known")
    await session.pilot.press(*keys)
    return screen


def send(session: Session, *keys: str) -> None:
    """Keys in one piece, as fast as a slow line may bring them."""
    for key in keys:
        session.app.post_message(Key(key, key if len(key) == 1 else _CHARACTERS.get(key)))


def words(text: str) -> list[str]:
    """The keys of a text."""
    names = {character: name for name, character in _CHARACTERS.items()}
    return [names.get(character, character) for character in text]


def asks(session: Session, dialog: type[Screen[Any]]) -> bool:
    """Whether the dialog is there with its field."""
    return isinstance(session.app.screen, dialog) and bool(session.app.screen.query(Input))


def titles(screen: History) -> list[str]:
    return [row.summary.title for row in screen.rows_view.rows]


async def reread(home: Path, one: Conversation) -> Conversation:
    """As another program would find it now."""
    store = ConversationFiles(home / "data")
    found = await store.open(one.id)
    await store.close()
    return found


async def test_words_are_searched_as_they_are_typed_and_opened_where_they_are(
    start: StartSession, home: Path
) -> None:
    first, *_ = some = lattices()
    await saved(home, some)
    async with start(size=(120, 40)) as session:
        screen = await opened(session)
        assert titles(screen) == ["Lattice in the title only", "Tensors", "First steps"]
        await session.until_shown("1 archived")
        send(session, "slash", *"lattice")
        await session.until(
            lambda: len(screen.rows_view.rows) == 3 and screen.box.value == "lattice", "hits and titles"
        )
        await session.until(screen.settled.is_set)
        assert titles(screen) == ["Put away", "Lattice in the title only", "First steps"]
        await session.until_shown("[archived] Put away")
        await session.until_shown("2 hits")
        await session.pilot.press("enter", "G")
        await session.until_shown("How are lattices relaxed?")
        await session.pilot.press("n")
        await session.until_shown("The lattice constant follows.")
        await session.pilot.press("v")
        await session.until(lambda: isinstance(session.app.screen, Review))
        await session.until_shown("Find lattice")
        await session.pilot.press("q")
        await session.until(lambda: session.app.screen is screen, "back in the list")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.conversation.id == first.id, "it is open")
        await session.until_shown("The lattice constant follows.")
        reply = first.path()[1]
        await session.until(lambda: session.chat.pane.transcript.current == reply.id, "at the hit")
        await session.until(lambda: session.chat.pane.transcript.has_focus)


async def test_hits_lead_from_one_conversation_to_the_next(start: StartSession, home: Path) -> None:
    await saved(home, lattices())
    async with start(size=(120, 40)) as session:
        screen = await opened(session)
        send(session, "slash", *"lattice", "enter")
        await session.until(lambda: screen.box.value == "lattice")
        await session.until(lambda: screen.settled.is_set() and len(screen.rows_view.rows) == 3)
        await session.until_shown("An archived lattice")
        await session.until(lambda: screen.preview.current is not None, "the preview is at the hit")
        seen = [screen.current.id]
        for _ in range(3):
            await session.pilot.press("n")
            await session.pilot.pause(0.1)
            seen.append(screen.current.id)
        assert len(set(seen)) == 3
        await session.pilot.press("N", "N", "N")
        await session.until(lambda: screen.current.id == seen[0], "back at the first")


async def test_filters_and_what_is_wrong_with_them(start: StartSession, home: Path) -> None:
    await saved(home, lattices())
    async with start() as session:
        screen = await opened(session)
        send(session, "slash", *words("is:archived"))
        await session.until(lambda: titles(screen) == ["Put away"])
        send(session, "escape", "slash", *words("tag:maths"))
        await session.until(lambda: titles(screen) == ["Tensors"])
        send(session, "escape", "slash", *words("tensor role:user"), "enter")
        await session.until(lambda: [len(row.hits) for row in screen.rows_view.rows] == [1])
        send(session, "escape", "slash", *words("after:never"), "enter")
        await session.until(screen.search_words, "what is wrong is told")
        send(session, "escape", "question_mark")
        await session.until_shown("Words and filters")


async def test_changes_are_saved_and_taken_back(start: StartSession, home: Path) -> None:
    first, tensors, third, _ = some = lattices()
    await saved(home, some)
    async with start() as session:
        screen = await opened(session)
        send(session, "j", "d")  # Tensors
        await session.until(lambda: titles(screen) == ["Lattice in the title only", "First steps"])
        await session.until_shown("1 trashed")
        send(session, "u")
        await session.until(lambda: titles(screen) == ["Lattice in the title only", "Tensors", "First steps"])
        send(session, "A", "T")
        await session.until(lambda: asks(session, AskTags))
        await session.until_shown("Tags of 3 conversations")
        await session.pilot.press(*words("+physics -ma"), "tab", "enter")
        await session.until_shown("#physics")
        send(session, "escape", "g", "P", "G", "a")
        await session.until(lambda: titles(screen) == ["Lattice in the title only", "Tensors"])
        await session.until(lambda: screen.unsaved_count == 0, "all is saved")
        store = session.chat.services.store
        assert (await store.open(tensors.id)).tags == ("physics",)
        assert (await store.open(third.id)).is_pinned
        assert (await store.open(first.id)).is_archived
        send(session, "u", "u", "u")
        await session.until(lambda: len(titles(screen)) == 3 and screen.unsaved_count == 0, "all is saved")
        back = [await store.open(one.id) for one in (first, tensors, third)]
        assert [(c.is_archived, c.is_pinned, c.tags) for c in back] == [
            (False, False, ()),
            (False, False, ("maths",)),
            (False, False, ()),
        ]
        send(session, "g", "d", "slash", *words("is:trash"), "enter", "u", "escape")
        await session.until(lambda: len(screen.rows_view.rows) == 3, "restored from the list of the trash")


async def test_renaming_and_the_conversation_in_the_chat(start: StartSession, home: Path) -> None:
    first, *_ = some = lattices()
    await saved(home, some)
    async with start(conversation_id=first.id) as session:
        await session.until(lambda: session.chat.pane.conversation.id == first.id)
        screen = await opened(session)
        assert screen.current is not None
        assert screen.current.id == first.id
        await session.until_shown("[open] First steps")
        await session.pilot.press("d")
        await session.until_shown("start another one first")
        await session.pilot.press("e")
        await session.until(lambda: asks(session, AskText))
        session.app.screen.query_one(Input).value = "Renamed \x1b[31m"
        await session.pilot.press("enter")
        await session.until_shown("[open] Renamed ␛[31m")
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat)
        await session.until_shown("Renamed")


async def test_keys_in_one_piece_keep_their_order(start: StartSession, home: Path) -> None:
    """As over a slow line. Words and the key behind them must never meet the list from before the search."""
    first, *_ = some = lattices()
    await saved(home, some)
    async with start() as session:
        send(session, "ctrl+r", "slash", *"phonx", "backspace", *"ons", "enter", "d", "u", "e", *"ab")
        await session.until(lambda: asks(session, AskText), "it asks for a title")
        screen = next(s for s in session.app.screen_stack if isinstance(s, History))
        assert screen.box.value == "phonons"
        await session.until(lambda: session.app.screen.query_one(Input).value == "First stepsab")
        assert not screen.shelf.summaries[first.id].is_trashed, "it was, and came back"
        assert not any(summary.is_trashed for summary in screen.shelf.summaries.values())
        await session.pilot.press("escape", "escape", "escape")
        await session.until(lambda: session.app.screen is session.chat)


async def test_marked_conversations_are_exported_into_one_new_file(start: StartSession, home: Path) -> None:
    await saved(home, lattices())
    target = home / "out.json"
    async with start() as session:
        await opened(session, "space", "space", "x")
        await session.until(lambda: asks(session, AskExport))
        await session.pilot.press("tab", "tab")
        await session.until_shown("can be imported again")
        session.app.screen.query_one(Input).value = str(target)
        await session.pilot.press("enter")
        await session.until_shown("2 conversations in")
        assert "What is a tensor?" in target.read_text()
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        before = target.read_bytes()
        await session.pilot.press("x")
        await session.until(lambda: asks(session, AskExport))
        session.app.screen.query_one(Input).value = str(target)
        await session.pilot.press("enter")
        await session.until_shown("is there already")
        assert target.read_bytes() == before


async def test_the_last_prompts_are_asked_again_of_another_model(start: StartSession, home: Path) -> None:
    first, tensors, *_ = some = lattices()
    await saved(home, some)
    async with start() as session:
        await session.ready()
        await opened(session, "j", "space", "space", "R")
        await session.until(lambda: asks(session, ModelPicker))
        session.app.screen.query_one(Input).value = "gpt-oss-120b@metis"
        await session.until_shown("gpt-oss-120b")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, AskKey))
        await session.pilot.press("y")
        await session.until_shown("2 of 2 were asked again")
        assert session.chat.rerun is None
        for one in (first, tensors):
            found = await reread(home, one)
            assert found.head == one.head, "the branch shown stays"
            new = [m for m in found.messages.values() if m.id not in one.messages]
            assert [(m.role, m.served_by) for m in new] == [("assistant", "gpt-oss-120b@metis")]
            assert new[0].parent == [m for m in one.path() if m.role == "user"][-1].id
            [record] = comparisons_in(found).values()
            assert [lane["head"] for lane in record["lanes"]] == [one.head, new[0].id]
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat, "nothing is marked or running any more")


async def test_all_prompts_are_asked_again_with_fresh_replies_and_voted_on(start: StartSession, home: Path) -> None:
    """Is the new model as good on my conversations? Its branch is beside the old one, and both are voted on blind."""
    some = lattices()[:2]
    await saved(home, some)
    async with start() as session:
        await session.ready()
        await opened(session, "A", "R")
        await session.until(lambda: isinstance(session.app.screen, ModelPicker))
        session.app.screen.query_one(Input).value = "gpt-oss-120b@metis"
        await session.until_shown("gpt-oss-120b")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, AskKey))
        await session.pilot.press("f")
        await session.until_shown("2 of 2 were asked again")
        for one in some:
            found = await reread(home, one)
            assert (found.head, found.model) == (one.head, one.model)
            [record] = comparisons_in(found).values()
            fresh = replace(found, head=record["lanes"][1]["head"]).path()
            prompts = [m.text for m in one.path() if m.role == "user"]
            assert [m.text for m in fresh if m.role == "user"] == prompts
            assert {m.served_by for m in fresh if m.role == "assistant"} == {"gpt-oss-120b@metis"}
        await session.pilot.press("A", "c")
        for number in (1, 2):
            await session.until_shown(f"vote {number} of 2")
            await session.pilot.press("A")
            await session.until_shown("A is best")
            await session.pilot.press("enter")
        await session.until(lambda: not isinstance(session.app.screen, VoteOnly), "all is voted on")
        for one in some:
            assert len((await reread(home, one)).votes) == 1


async def test_asking_again_is_stopped_and_leaves_out_what_cannot_be_asked(start: StartSession, home: Path) -> None:
    slow = conversation(1, "Slow", "Write 3000 tokens at 100 tokens/s", "short")
    waiting = conversation(2, "Waiting", "Is somebody there?")
    await saved(home, [slow, waiting])
    async with start() as session:
        await session.ready()
        await opened(session, "A", "R")
        await session.until(lambda: asks(session, ModelPicker))
        session.app.screen.query_one(Input).value = "gpt-oss-120b@metis"
        await session.until_shown("gpt-oss-120b")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, AskKey))
        await session.pilot.press("y")
        await session.until_shown("Esc stops it")
        await session.until(lambda: session.chat.rerun is not None and session.chat.rerun.words.endswith("2 of 2"))
        await session.until(lambda: session.last_sent["messages"][-1]["content"].startswith("Write 3000"))
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.rerun is None, "it has ended")
        await session.until_shown("stopped")
        found = await reread(home, slow)
        assert found.head == slow.head
