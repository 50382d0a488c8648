"""What the user marked, found or looks at while a reply streams and when it ends."""

from __future__ import annotations

from textual.pilot import Pilot
from transcript_host import REPLY, conversation, found, opened, painted, prompt, reply, screen, shown, until

from metis_tui.tui.widgets.transcript import Transcript

LONG = "These are many words of one paragraph, chosen so that the view breaks them into several rows.\n\n"


async def select(pilot: Pilot[None], transcript: Transcript, words: str) -> None:
    """Selects words of one row with the mouse."""
    row = next(y for y, line in enumerate(screen(transcript)) if words in line)
    column = screen(transcript)[row].index(words)
    await pilot.mouse_down(Transcript, offset=(column, row))
    await pilot.hover(Transcript, offset=(column + len(words) - 1, row))
    await pilot.mouse_up(Transcript, offset=(column + len(words) - 1, row))
    await pilot.pause()
    assert transcript.selected_text() == words


def marks(transcript: Transcript) -> list[str]:
    """The characters on screen that are drawn reversed: those found or selected."""
    strips = [transcript.render_line(y) for y in range(transcript.size.height)]
    return [segment.text for strip in strips for segment in strip if segment.style and segment.style.reverse]


async def test_a_selection_in_the_growing_paragraph_stays_and_is_still_there_at_the_end() -> None:
    async with opened(conversation(6), (60, 14)) as (transcript, pilot):
        transcript.begin_reply(reply(11, "", stop=None))
        transcript.add_text("Some **bold** words to be chosen, and")
        await until(pilot, lambda: "to be chosen" in shown(transcript))
        await select(pilot, transcript, "to be chosen")
        for number in range(12):
            transcript.add_text(f" more and more words {number}")
            drawn = transcript.drawn_deltas
            await until(pilot, lambda: transcript.drawn_deltas > drawn)  # noqa: B023
            assert transcript.selected_text() == "to be chosen"
        text = transcript.shown_message("r11").text
        transcript.end_reply(reply(11, text))
        await pilot.pause()
        assert transcript.selected_text() == "to be chosen"
        await pilot.resize_terminal(47, 14)
        await pilot.pause()
        assert transcript.selected_text() == "to be chosen"
        assert painted(transcript) == screen(transcript)


async def test_a_selection_whose_words_change_ends() -> None:
    async with opened([prompt(0)], (60, 14)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("See [the manual][m] of it")
        await select(pilot, transcript, "manual][m] of")
        transcript.end_reply(reply(1, "See [the manual][m] of it\n\n[m]: https://example.org\n"))
        await pilot.pause()
        assert "See the manual (https://example.org) of it" in shown(transcript)
        assert transcript.selected_text() is None


async def test_a_selection_stays_when_a_message_above_is_unfolded() -> None:
    messages = [prompt(0), reply(1, reasoning="thought\n" * 4), prompt(2, "words of the prompt")]
    async with opened(messages, (60, 24)) as (transcript, pilot):
        await select(pilot, transcript, "of the")
        transcript.toggle_reasoning("r1")
        transcript.toggle_raw("r1")
        await pilot.pause()
        assert transcript.selected_text() == "of the"


async def test_dragging_goes_on_where_it_began_while_rows_are_made_again() -> None:
    async with opened([prompt(0)], (60, 20)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("- [x] first\n- second item\n\nlast words")
        await until(pilot, lambda: "last words" in shown(transcript))
        row = next(y for y, line in enumerate(screen(transcript)) if "last words" in line)
        await pilot.mouse_down(Transcript, offset=(3, row))
        await pilot.hover(Transcript, offset=(6, row))
        await pilot.pause()
        assert transcript.selected_text() == "last"
        transcript.add_reasoning("thought")  # one more row above
        await until(pilot, lambda: "▸ reasoning" in shown(transcript))
        assert transcript.selected_text() == "last"
        await pilot.hover(Transcript, offset=(12, row + 1))
        await pilot.mouse_up(Transcript, offset=(12, row + 1))
        await pilot.pause()
        assert transcript.selected_text() == "last words"


async def test_a_wrapped_paragraph_is_copied_as_one_line() -> None:
    async with opened([prompt(0, "p " * 40), reply(1, LONG + "> " + LONG + "- " + LONG)], (40, 30)) as (
        transcript,
        _,
    ):
        transcript.screen.text_select_all()
        copied = transcript.selected_text()
        assert copied is not None
        lines = [line for line in copied.split("\n") if "many words" in line]
        assert lines == [LONG.strip(), LONG.strip(), "• " + LONG.strip()]


async def test_words_of_the_reply_that_streams_are_found_marked_and_gone_to() -> None:
    async with opened(conversation(20), (60, 12)) as (transcript, pilot):
        transcript.begin_reply(reply(99, "", stop=None))
        transcript.add_text("The nee")
        assert await found(transcript, pilot, "needle") == []
        transcript.add_text("dle is here.\n\n" + "More text.\n\n" * 30)
        await until(pilot, lambda: transcript.document.entries[-1].height > 50)
        assert await found(transcript, pilot, "needle") == ["r99"]
        assert transcript.next_found() == "r99"
        await pilot.pause()
        assert marks(transcript) == ["needle"]
        assert not transcript.follow
        before = screen(transcript)
        transcript.add_text("A second needle.\n\n")
        drawn = transcript.drawn_deltas
        await until(pilot, lambda: transcript.drawn_deltas > drawn)
        assert screen(transcript) == before
        transcript.end_reply(reply(99, transcript.shown_message("r99").text))
        assert await found(transcript, pilot, "needle") == ["r99"]
        assert transcript.next_found() == "r99"
        assert transcript.next_found() == "r99"
        await pilot.pause()
        assert "A second needle." in shown(transcript)
        assert marks(transcript) == ["needle"]


async def test_a_phrase_that_a_break_parts_is_marked_when_its_end_arrives() -> None:
    async with opened([prompt(0)], (40, 16)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("These words are many, so that the view brea")
        transcript.find("that the view breaks them")
        await pilot.pause()
        assert marks(transcript) == []
        transcript.add_text("ks them.")
        await until(pilot, lambda: "them." in shown(transcript))
        assert " ".join(marks(transcript)) == "that the view breaks them"
        assert painted(transcript) == screen(transcript)
        assert await found(transcript, pilot, "that the view breaks them") == ["r1"]
        assert transcript.next_found() == "r1"


async def test_only_what_is_shown_is_found() -> None:
    secret = reply(1, "Visible *text*.\n\n[m]: https://hidden.example\n", reasoning="a thought")
    async with opened([prompt(0), secret, prompt(2)], (60, 24)) as (transcript, pilot):
        assert await found(transcript, pilot, "hidden.example") == []
        assert transcript.next_found() is None
        assert await found(transcript, pilot, "*text*") == []
        assert await found(transcript, pilot, "visible text") == ["r1"]
        assert await found(transcript, pilot, "a thought") == ["r1"]
        assert marks(transcript) == []
        assert await found(transcript, pilot, "gpt-oss") == []
        transcript.toggle_reasoning("r1")
        assert await found(transcript, pilot, "a thought") == ["r1"]
        assert transcript.next_found() == "r1"
        assert marks(transcript) == ["a thought"]
        transcript.toggle_raw("r1")
        assert await found(transcript, pilot, "*text*") == ["r1"]
        assert marks(transcript) == ["*text*"]
        assert await found(transcript, pilot, "hidden.example") == ["r1"]


async def test_formulas_are_found_as_they_are_drawn() -> None:
    async with opened([prompt(0), reply(1, "With $\\alpha \\le \\beta$ and a &amp; b.")]) as (transcript, pilot):
        assert await found(transcript, pilot, "α ≤ β") == ["r1"]
        assert await found(transcript, pilot, "a & b") == ["r1"]
        assert await found(transcript, pilot, "alpha") == []


async def test_the_view_stays_in_the_reply_when_it_ends() -> None:
    async with opened(conversation(4), (60, 16)) as (transcript, pilot):
        transcript.begin_reply(reply(9, "", stop=None))
        text = "".join(f"{LONG}Paragraph {number}.\n\n" for number in range(400))
        transcript.add_text(text)
        await until(pilot, lambda: "Paragraph 399." in shown(transcript))
        transcript.scroll_rows(-300)
        await pilot.pause()
        before = screen(transcript)
        transcript.end_reply(reply(9, text))
        await pilot.pause()
        assert screen(transcript) == before
        await pilot.resize_terminal(100, 16)
        await pilot.pause()
        assert any("Paragraph" in line for line in screen(transcript))


async def test_a_lower_frame_rate_holds_from_the_next_frame_on() -> None:
    async with opened([prompt(0)]) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.set_frame_rate(0.01)
        transcript.add_text("first ")
        transcript.add_text("second ")
        await pilot.pause(0.2)
        assert transcript.drawn_deltas == 1
        transcript.set_frame_rate(60)
        await until(pilot, lambda: "first second" in shown(transcript))


async def test_raw_and_reasoning_grow_while_they_are_open() -> None:
    async with opened([prompt(0)], (60, 30)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_reasoning("one\n")
        transcript.toggle_reasoning("r1")
        transcript.toggle_raw("r1")
        transcript.add_reasoning("two\n" * 3)
        transcript.add_text(REPLY)
        await until(pilot, lambda: "A *short*" in shown(transcript))
        assert shown(transcript).count("┆ two") == 3
        assert painted(transcript) == screen(transcript)
        transcript.add_text("more\n" * 10_000)
        drawn = transcript.drawn_deltas
        await until(pilot, lambda: transcript.drawn_deltas > drawn)
        assert screen(transcript)[-3] == "   more"
        assert painted(transcript) == screen(transcript)
        transcript.toggle_raw("r1")
        await pilot.pause()
        assert painted(transcript) == screen(transcript)
