"""Review, notes, bookmarks and provenance: what is marked is kept, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

from app_session import Session, StartSession
from saved_talk import keys, save_talk

from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.screens.marks import Marks
from metis_tui.tui.screens.note import NoteDialog, NoteInput
from metis_tui.tui.screens.provenance import ProvenanceScreen
from metis_tui.tui.screens.review import Review
from metis_tui.tui.widgets.review_bar import ReviewFacts, fitted


def send(session: Session, text: str) -> None:
    """Keys that arrive in one piece, as over a slow line."""
    for key in keys(text):
        session.app.post_message(key)


async def into_review(session: Session) -> Review:
    await session.pilot.press("escape")
    await session.until(lambda: session.chat.pane.is_reading)
    await session.pilot.press("v")
    await session.until(lambda: isinstance(session.app.screen, Review))
    review = session.app.screen
    assert isinstance(review, Review)
    await session.until(lambda: review.reading_transcript.has_focus)
    return review


async def test_a_conversation_is_read_and_marked_and_nothing_is_sent(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        requests = len(session.demo.requests)
        review = await into_review(session)
        ids = [message.id for message in saved.path()]
        await session.pilot.press("g")
        await session.until_shown("message 1 of 6")
        assert "REVIEW" in session.screen_text()
        await session.pilot.press("J")
        assert review.reading_transcript.current == ids[2]
        # A bookmark and a note, shown at once and kept.
        await session.pilot.press("b")
        await session.until_shown("★ You")
        await session.pilot.press("j", "a")
        await session.until(lambda: isinstance(session.app.screen, NoteDialog))
        send(session, "check\nthis\r")
        await session.until_shown("» Your note")
        await session.until_shown("» check")
        await session.until_shown("1 note · 1 bookmark")
        # What would send or branch elsewhere is refused with words; Enter does nothing.
        await session.pilot.press("enter", "e")
        await session.until_shown("Review only reads")
        # The list goes to what is marked.
        send(session, "4G")
        await session.until_shown("message 4 of 6")
        await session.pilot.press("G", "L")
        await session.until(lambda: isinstance(session.app.screen, Marks))
        await session.until_shown("check this")
        await session.pilot.press("g", "enter")
        await session.until(lambda: review.reading_transcript.current == ids[2])
        # Back in the chat, the reader is where he was, and the marks are there.
        await session.pilot.press("i")
        await session.until(lambda: session.app.screen is session.chat)
        await session.until(lambda: session.chat.pane.transcript.current == ids[2])
        assert session.chat.prompt.has_focus
        assert "» check" in session.screen_text()
        assert [request for request in session.demo.requests[requests:] if "chat" in request.path] == []
    kept = await ConversationFiles(home / "data").open(saved.id)
    assert kept.bookmarks == (ids[2],)
    assert kept.notes == {ids[3]: "check\nthis"}
    assert kept.head == saved.head


async def test_marks_in_the_chat_and_what_is_not_saved_is_asked_for(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.pane.is_reading)
        ids = [message.id for message in saved.path()]
        conversation = session.chat.pane.conversation
        send(session, "gbjbGaone\ntwo\r")
        await session.until(lambda: conversation.notes == {ids[5]: "one\ntwo"})
        assert conversation.bookmarks == (ids[0], ids[1])
        assert session.chat.prompt.text == ""
        # The next bookmark, around the end.
        await session.until(lambda: isinstance(session.app.screen, type(session.chat)))
        await session.pilot.press("B")
        assert session.chat.pane.transcript.current == ids[0]
        await session.until_shown("From the first bookmark again.")
        await session.pilot.press("B")
        assert session.chat.pane.transcript.current == ids[1]
        # One Esc does not throw a changed note away; an empty one takes the note away.
        await session.pilot.press("G", "a")
        await session.until(lambda: isinstance(session.app.screen, NoteDialog))
        await session.pilot.press("x", "escape")
        await session.until_shown("Not saved yet")
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat)
        assert conversation.notes == {ids[5]: "one\ntwo"}
        await session.pilot.press("a")
        await session.until(lambda: isinstance(session.app.screen, NoteDialog))
        session.app.screen.query_one(NoteInput).text = ""
        await session.pilot.press("enter")
        await session.until(lambda: not conversation.notes)
        # The command writes without asking.
        await session.pilot.press("i")
        await session.type("/note ask Tom")
        await session.pilot.press("enter")
        await session.until_shown("» ask Tom")
        # The bookmark goes as it came.
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.pane.is_reading)
        await session.pilot.press("g", "b")
        await session.until(lambda: conversation.bookmarks == (ids[1],))


async def test_provenance_is_shown_and_copied(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.pane.is_reading)
        await session.pilot.press("k", "p")
        await session.until(lambda: isinstance(session.app.screen, ProvenanceScreen))
        await session.until_shown("gpt-oss-120b")
        await session.until_shown("temperature")
        await session.pilot.press("y")
        copied = home / "state" / "last-copy.txt"
        await session.until(copied.exists)
        assert "SHA-256 of the request: " + "ab" * 32 in copied.read_text()
        await session.pilot.press("G", "g", "escape")
        await session.until(lambda: session.app.screen is session.chat)
        # A prompt has a provenance, too.
        await session.pilot.press("g", "p")
        await session.until_shown("Where this message comes from")
        await session.until_shown("Written (UTC)")


async def test_a_reply_streams_on_and_is_there_when_it_has_ended(start: StartSession, home: Path) -> None:
    async with start(model="gpt-oss-120b", size=(80, 24)) as session:
        await session.ready()
        await session.type("Write 300 tokens at 300 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 5, "some text")
        await session.chat.action_review()
        review = session.app.screen
        assert isinstance(review, Review)
        await session.until_shown("a reply streams")
        await session.until(lambda: not session.chat.pane.is_running, "the reply has ended")
        await session.until_shown("of 2")
        assert session.replies[-1].stop == "stop"
        await session.pilot.press("q")
        await session.until(lambda: session.app.screen is session.chat)


async def test_branches_are_read_without_choosing_one(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        review = await into_review(session)
        send(session, "gjjj")
        await session.pilot.press("right_square_bracket")
        await session.until_shown("The zebra crosses.")
        await session.until_shown("message 4 of 4")
        await session.pilot.press("right_square_bracket")
        await session.until_shown("no further branch")
        await session.pilot.press("left_square_bracket")
        await session.until_shown("of 6")
        send(session, "/zebra\t")
        await session.until_shown("1 of 2")
        await session.pilot.press("escape", "escape", "q")
        await session.until(lambda: session.app.screen is session.chat)
        # Opened at what was searched for elsewhere, as from the history.
        reply = next(message for message in saved.messages.values() if "zebra" in message.text)
        store = session.chat.services.store
        await session.app.push_screen(Review(saved, store, at=reply.id, words=("waits", "zebra")))
        await session.until_shown("message 4 of 4")
        await session.until_shown("1 of 3")
        await session.pilot.press("n")
        await session.until_shown("2 of 3")
        assert saved.head == review.reading_conversation.head == session.chat.pane.conversation.head


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    words = ReviewFacts(7, 42, 2, 1, True, True).words()
    assert fitted(words, 200) == "message 7 of 42 · a reply streams · 2 notes · 1 bookmark · [ ] branches"
    assert fitted(words, 30) == "message 7 of 42"
    assert fitted(words, 3) == ""
