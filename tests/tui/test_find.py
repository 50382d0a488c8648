"""Finding words in a conversation: the bar, its keys, and what is found where."""

from __future__ import annotations

from pathlib import Path

from app_session import Session, StartSession
from saved_talk import REPLY, keys, save_talk
from transcript_host import conversation, found, opened, prompt, reply, screen, shown, until

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
from metis_tui.tui.widgets.find_bar import found_words
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_search import Found


def transcript_of(session: Session) -> ConversationTranscript:
    return session.chat.pane.transcript


async def send(session: Session, text: str) -> None:
    """Keys that arrive in one piece, as over a slow line."""
    for key in keys(text):
        session.app.post_message(key)
    await session.pilot.pause()


async def test_words_are_counted_gone_to_and_let_go(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        transcript = transcript_of(session)
        # Ctrl+F from the prompt, each letter searches; the view was at the end.
        await session.pilot.press("ctrl+f")
        await send(session, "refine")
        await session.until_shown("of 9")
        assert "Find refine" in session.screen_text()
        await session.pilot.press("down")
        number = transcript.found.number
        assert number is not None
        # Enter leaves the keys to n and N; the place found is pointed at.
        await session.pilot.press("enter", "N")
        assert transcript.has_focus
        assert transcript.found.number == number - 1
        assert any(line.startswith("►") and "efine" in line for line in session.screen_text().splitlines())
        # Around the end, with a word about it.
        await send(session, "n" * (10 - transcript.found.number))
        await session.until_shown("went around · 1 of 9")
        # Esc closes the bar, Esc again takes the marks away, and only then the prompt has the keys.
        await session.pilot.press("escape")
        await session.until(lambda: "Find refine" not in session.screen_text())
        assert transcript.is_searching
        await session.pilot.press("escape")
        assert not transcript.is_searching
        assert transcript.has_focus
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.prompt.has_focus)
        # The command finds at once.
        await session.type("/find thought 1")
        await session.pilot.press("enter")
        await session.until_shown("1 of 1")
        await session.until_shown("A hidden thought 1.")


async def test_keys_in_one_piece_go_to_the_bar_and_back(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        transcript = transcript_of(session)
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.pane.is_reading)
        await send(session, "g/refine\rnn")
        await session.until(lambda: transcript.found.number == 3, "the third place")
        assert "Find refine" in session.screen_text()
        assert session.chat.prompt.text == ""
        assert not session.chat.pane.conversation.bookmarks


async def test_words_in_another_branch_are_told_and_shown(start: StartSession, home: Path) -> None:
    saved = await save_talk(home)
    async with start(conversation_id=saved.id) as session:
        await session.until_shown("Question 2?")
        await session.pilot.press("ctrl+f")
        await send(session, "zebra")
        await session.until_shown("nothing found · 2 more in other branches: Tab")
        await session.pilot.press("tab")
        await session.until_shown("1 of 2")
        await session.until_shown("The zebra crosses.")
        assert "Question 2?" not in session.screen_text()


async def test_folded_reasoning_is_opened_at_the_place() -> None:
    messages = [prompt(0), reply(1, REPLY, reasoning="First.\n\nA hidden thought."), prompt(2), reply(3)]
    async with opened(messages, (60, 16)) as (transcript, pilot):
        await pilot.press("g")
        assert await found(transcript, pilot, "hidden thought") == ["r1"]
        assert "A hidden thought." not in shown(transcript)
        transcript.next_found()
        await pilot.pause()
        assert "►  ┆ A hidden thought." in screen(transcript)
        assert transcript.found == Found(1, 1, True, False)
        # Folded again, its place is still counted, and gone to.
        transcript.toggle_reasoning("r1")
        await until(pilot, lambda: transcript.found.is_complete)
        assert transcript.found.total == 1
        transcript.next_found()
        await pilot.pause()
        assert "►  ┆ A hidden thought." in screen(transcript)
        # It folds by itself when the view goes on to another message, unless the reader opened it.
        await found(transcript, pilot, "hidden", "number 2")
        assert [transcript.next_found(), transcript.next_found()] == ["r1", "p2"]
        await pilot.pause()
        assert "A hidden thought." not in shown(transcript)
        transcript.toggle_reasoning("r1")
        await until(pilot, lambda: transcript.found.is_complete)
        assert [transcript.next_found(), transcript.next_found()] == ["r1", "p2"]
        assert transcript.document.entries[1].is_reasoning_open


async def test_each_place_of_a_row_counts_and_several_phrases_are_found() -> None:
    async with opened([prompt(0, "one two one"), reply(1, "**two** three one")]) as (transcript, pilot):
        assert await found(transcript, pilot, "one") == ["p0", "r1"]
        assert transcript.found.total == 3
        transcript.first()
        assert [transcript.next_found() for _ in range(4)] == ["p0", "p0", "r1", "p0"]
        assert transcript.found == Found(1, 3, True, True)
        assert transcript.next_found(-1) == "r1"
        assert transcript.next_found(1, wraps=False) is None
        assert await found(transcript, pilot, "three one", "two one") == ["p0", "r1"]
        assert transcript.found.total == 2
        assert transcript.go_to_found("r1")
        assert transcript.found.number == 2
        assert not transcript.go_to_found("nobody")


async def test_a_long_conversation_is_looked_through_in_slices() -> None:
    """Nothing of it but its end was ever on screen; the view stays where it is meanwhile."""
    messages = conversation(200)
    messages[20] = reply(20, "The needle is here.", reasoning="needle")
    async with opened(messages, (60, 12)) as (transcript, pilot):
        before = screen(transcript)
        transcript.find("short")
        assert screen(transcript)[0].replace("A short", "") == before[0].replace("A short", "")
        await until(pilot, lambda: transcript.found.is_complete)
        assert transcript.found.total == sum(message.text.count("short") for message in messages)
        assert [line.strip("▌►") for line in screen(transcript)] == [line.strip("▌►") for line in before]
        transcript.begin_find()
        transcript.find("needle", goes=True)
        await until(pilot, lambda: transcript.found.number is not None and transcript.found.is_complete)
        assert transcript.current == "r20"
        assert transcript.found.total == 2
        # Nothing found: back to where the search began.
        transcript.find("needless", goes=True)
        await until(pilot, lambda: transcript.found.is_complete)
        assert [line.strip("▌►") for line in screen(transcript)] == [line.strip("▌►") for line in before]


async def test_the_place_gone_to_stays_when_the_width_changes() -> None:
    async with opened(conversation(30), (80, 16)) as (transcript, pilot):
        await found(transcript, pilot, "short")
        transcript.first()
        for _ in range(4):
            transcript.next_found()
        number, at = transcript.found.number, transcript.current
        await pilot.resize_terminal(40, 16)
        await until(pilot, lambda: transcript.found.is_complete)
        assert (transcript.found.number, transcript.current) == (number, at)
        assert any(line.startswith("►") and "short" in line for line in screen(transcript))
        transcript.next_found()
        assert transcript.found.number == (number or 0) + 1


async def test_a_note_is_found_and_raw_source_too() -> None:
    from metis_tui.tui.widgets.transcript_heading import Remarks

    async with opened([prompt(0), reply(1, "See **this**.")]) as (transcript, pilot):
        transcript.remark({"p0": Remarks(note="Ask the vendor.")})
        assert await found(transcript, pilot, "vendor") == ["p0"]
        transcript.next_found()
        await pilot.pause()
        assert any(line.startswith("►") and "Ask the vendor." in line for line in screen(transcript))
        assert await found(transcript, pilot, "**this") == []
        transcript.toggle_raw("r1")
        assert await found(transcript, pilot, "**this") == ["r1"]


async def test_a_place_found_in_view_stays_there_while_a_reply_streams() -> None:
    """The view followed the reply, and what had just been found went out at the top."""
    async with opened([prompt(0)], (60, 12)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("The needle.\n\n")
        await until(pilot, lambda: "needle" in shown(transcript))
        transcript.begin_find()
        transcript.find("needle", goes=True)
        transcript.add_text("More text.\n\n" * 20)
        await until(pilot, lambda: transcript.document.entries[-1].height > 20)
        assert "►  The needle." in screen(transcript)


def test_places_in_sources_are_counted() -> None:
    text = "Mesh here,\nmesh  refinement there"
    assert Search("mesh").count_in(text) == 2
    assert Search("MESH refinement").count_in(text) == 1
    assert Search("here", "refinement").count_in(text) == 3
    assert Search(" ").count_in(text) == 0


def test_the_count_says_what_is_known() -> None:
    assert found_words(Found(3, 17, True, False), 0, is_wide=True) == "3 of 17"
    assert found_words(Found(3, 17, False, False), 0, is_wide=True) == "3 of 17…"
    assert found_words(Found(1, 17, True, True), 0, is_wide=False) == "↻ 1 of 17"
    assert found_words(Found(None, 0, True, False), 4, is_wide=False) == "nothing found +4 Tab"
    assert found_words(Found(None, 0, False, False), 0, is_wide=True) == "searching…"


async def test_jumps_reach_what_was_never_on_screen() -> None:
    sections = reply(3, "# Top\n\ntext\n\n```\ncode\n```\n\n## Below\n\ntext\n")
    plain = [ChatMessage(f"m{n}", None, "assistant", f"Plain {n}.\n\n" * 5, 0, stop="stop") for n in range(60)]
    async with opened([prompt(1), sections, *plain, prompt(9), reply(10, "Setext\n===\n")], (60, 12)) as (
        transcript,
        pilot,
    ):
        await pilot.press("g", "right_curly_bracket")
        assert "►  Top" in screen(transcript)
        await pilot.press("greater_than_sign")
        assert any(line.startswith("►  ┌ 1") for line in screen(transcript))
        await pilot.press("right_curly_bracket")
        assert "►  Below" in screen(transcript)
        await pilot.press("right_curly_bracket")
        assert "►  Setext" in screen(transcript)
        assert transcript.current == "r10"
        await pilot.press("K")
        assert transcript.current == "p9"
        await pilot.press("K")
        assert transcript.current == "p1"
        await pilot.press("G", "left_curly_bracket")
        assert "►  Below" in screen(transcript)
        await pilot.press("less_than_sign")
        assert any(line.startswith("►  ┌ 1") for line in screen(transcript))
