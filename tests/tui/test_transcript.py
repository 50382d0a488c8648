"""The transcript as its user sees it, in a tiny host application."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any

import pytest
from textual.geometry import Offset
from textual.selection import Selection
from transcript_host import (
    REPLY,
    Host,
    conversation,
    found,
    heard,
    opened,
    painted,
    prompt,
    reply,
    screen,
    shown,
    until,
)

from metis_tui.chat.conversation import FailureNote, Timing, Usage
from metis_tui.tui.widgets.transcript import Transcript
from metis_tui.tui.widgets.transcript_kept import KEPT_ROWS


async def test_headings_bodies_and_notes() -> None:
    facts = reply(
        1,
        reasoning="Let me think.\nWell.",
        usage=Usage(10, 1204, 1214, 312),
        timing=Timing(2.18, 0.31, 2.11),
        stop="length",
    )
    async with opened([prompt(0, "Why?\n  [bold]indented[/]"), facts]) as (transcript, _):
        assert screen(transcript)[:14] == [
            " You                                                                     00:00",
            "   Why?",
            "     [bold]indented[/]",
            "",
            " gpt-oss-120b@metis           first 0.31 s · 643 tok/s · 1,204 tokens · length",
            "   ▸ reasoning (1.8 s, 312 tokens)",
            "   A short paragraph.",
            "",
            "   • one",
            "   • two",
            "",
            "   ┌ 1 · python",
            "   │ x = 1",
            "   ■ reached the length limit",
        ]


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"stop": "cancelled"}, "■ stopped by you"),
        ({"stop": "interrupted"}, "■ interrupted: the program ended while it streamed"),
        (
            {"stop": "error", "failure": FailureNote("Rate limit", "try in 20 s [b]\x1b", "rate")},
            "✕ Rate limit — try in 20 s [b]␛",
        ),
        ({"stop": "error"}, "✕ failed"),
        ({"stop": None}, "■ incomplete: how it ended is not known"),
    ],
)
async def test_why_a_reply_is_incomplete_is_said_and_not_copied(facts: dict[str, Any], note: str) -> None:
    async with opened([prompt(0), reply(1, "Half a", **facts)]) as (transcript, _):
        assert f"   {note}" in screen(transcript)
        message = transcript.shown_message("r1")
        assert message is not None
        assert message.text == "Half a"


@pytest.mark.parametrize("width", [20, 30, 40, 60, 100, 250])
async def test_every_width_works(width: int) -> None:
    message = reply(1, usage=Usage(1, 1204, 1205), timing=Timing(2.0, None, 0.3), reasoning="x")
    async with opened([prompt(0), message], (width, 24)) as (transcript, _):
        heading = next(line for line in screen(transcript) if "gpt" in line)
        assert len(heading) < width
        assert width < 30 or heading.endswith("stop")
        assert "  • one" in shown(transcript) or "• one" in shown(transcript)


async def test_opens_at_the_end_and_renders_only_what_is_seen() -> None:
    async with opened(conversation(1000)) as (transcript, pilot):
        assert transcript.document.rendered_entries < 20
        assert transcript.follow
        assert transcript.is_vertical_scroll_end
        await pilot.pause(0.5)  # idle: the neighbourhood is refined, not everything
        assert transcript.document.rendered_entries < 80
        await pilot.press("home")
        assert screen(transcript)[1] == "   Prompt number 0"
        assert not transcript.follow


async def test_rows_that_were_not_seen_for_long_are_dropped() -> None:
    async with opened(conversation(600)) as (transcript, pilot):
        for _ in range(150):
            transcript.action_page_up()
        await pilot.pause()
        parts = [part for entry in transcript.document.entries if entry.rows for part in entry.rows.parts]
        assert sum(len(part.lines or ()) for part in parts) <= KEPT_ROWS


async def test_scrolling_moves_by_exactly_the_rows_asked_for() -> None:
    """Estimated heights above the view once made it jump when they were replaced by true ones."""
    async with opened(conversation(300), (60, 20)) as (transcript, pilot):
        for _ in range(25):
            before = screen(transcript)
            await pilot.press("up", "up", "up")
            assert screen(transcript)[3:] == before[:-3]
        for _ in range(12):
            before = screen(transcript)
            await pilot.press("down", "down")
            assert screen(transcript)[:-2] == before[2:]


async def test_the_view_stays_while_heights_are_refined() -> None:
    async with opened(conversation(400), (60, 20)) as (transcript, pilot):
        transcript.scroll_to(y=transcript.document.height // 2, animate=False)
        await pilot.pause()
        before, rendered = screen(transcript), transcript.document.rendered_entries
        await until(pilot, lambda: transcript.document.rendered_entries > rendered)
        assert screen(transcript) == before


async def test_resize_keeps_the_message_in_view() -> None:
    async with opened(conversation(200), (100, 24)) as (transcript, pilot):
        transcript.scroll_to_message("p100")
        await pilot.pause()
        top = transcript.document.entries[transcript._top.entry].message.id
        for size in ((50, 20), (120, 30), (100, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert transcript.document.entries[transcript._top.entry].message.id == top
            assert any("Prompt number 100" in line for line in screen(transcript))


async def test_resize_renders_only_what_is_visible() -> None:
    async with opened(conversation(1000)) as (transcript, pilot):
        before = transcript.document.rendered_entries
        await pilot.resize_terminal(60, 24)
        assert transcript.document.rendered_entries - before < 30
        assert transcript.is_vertical_scroll_end


async def test_streaming_is_followed_and_drawn_in_frames() -> None:
    async with opened([prompt(0)], (60, 12)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.set_activity("waiting 3 s")
        await pilot.pause()
        assert screen(transcript)[3].endswith("waiting 3 s")
        for number in range(200):
            transcript.add_text(f"Line {number}\n\n")
        assert transcript.drawn_deltas <= 3
        await until(pilot, lambda: "   Line 199" in screen(transcript))
        assert transcript.drawn_deltas <= 8
        assert transcript.follow
        final = "".join(f"Line {number}\n\n" for number in range(200))
        transcript.end_reply(reply(1, final, usage=Usage(1, 900, 901)))
        await pilot.pause()
        assert "   Line 199" in screen(transcript)
        await pilot.press("home")
        assert screen(transcript)[3].endswith("900 tokens · stop")


async def test_the_first_piece_is_drawn_at_once() -> None:
    async with opened([prompt(0)]) as (transcript, _):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("Hello")
        assert "   Hello" in screen(transcript)


async def test_scrolling_up_ends_following_and_the_end_resumes_it() -> None:
    async with opened(conversation(20), (60, 12)) as (transcript, pilot):
        transcript.begin_reply(reply(99, "", stop=None))
        transcript.add_text("begin\n\n")
        await pilot.press("pageup")
        assert not transcript.follow
        assert heard(transcript)[-1] is False
        before = screen(transcript)
        for number in range(50):
            transcript.add_text(f"more {number}\n\n")
        await pilot.pause(0.2)
        assert screen(transcript) == before
        await pilot.press("end")
        await until(pilot, lambda: transcript.follow and "   more 49" in screen(transcript))
        assert heard(transcript)[-1] is True
        transcript.add_text("and more\n\n")
        await until(pilot, lambda: "   and more" in screen(transcript))
        await pilot.press("pageup", "pagedown", "pagedown")
        assert transcript.follow


async def test_live_reasoning_is_one_folded_line_until_opened() -> None:
    async with opened([prompt(0)]) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_reasoning("First thought.\nSecond thought")
        await until(pilot, lambda: "   ▸ reasoning · Second thought" in screen(transcript))
        transcript.toggle_reasoning()
        assert "   ┆ First thought." in screen(transcript)
        transcript.add_text("Text")
        await until(pilot, lambda: "   Text" in screen(transcript))
        transcript.end_reply(reply(1, "Text", reasoning="First thought.\nSecond thought"))
        assert "   ┆ Second thought" in screen(transcript)
        transcript.toggle_reasoning("r1")
        assert "   ▸ reasoning" in screen(transcript)
        assert "   ┆ Second thought" not in screen(transcript)


async def test_opening_reasoning_of_the_last_reply_keeps_its_heading_in_view() -> None:
    thoughts = "\n".join(f"thought {n}" for n in range(100))
    async with opened([prompt(0), reply(1, reasoning=thoughts)]) as (transcript, pilot):
        await pilot.press("t")
        assert "   ┆ thought 0" in screen(transcript)
        assert not transcript.follow


async def test_the_cursor_walks_over_messages_with_a_bar() -> None:
    async with opened(conversation(6), (60, 40)) as (transcript, pilot):
        assert transcript.current is None
        await pilot.press("g")
        assert transcript.current == "p0"
        assert [line[0] for line in screen(transcript)[:2]] == ["▌", "▌"]
        await pilot.press("j")
        assert transcript.current == "r1"
        assert screen(transcript)[0][:1] == " "
        await pilot.press("k", "k")
        assert transcript.current == "p0"
        await pilot.press("G")
        assert transcript.current == "r5"
        assert transcript.follow
        assert heard(transcript)[-1] in ("r5", True)


async def test_the_cursor_brings_its_message_on_screen() -> None:
    async with opened(conversation(100), (60, 12)) as (transcript, pilot):
        await pilot.press("g")
        for number in range(1, 12):
            await pilot.press("j")
            assert transcript.current == f"{'pr'[number % 2]}{number}"
            assert any(line.startswith("▌") for line in screen(transcript))


async def test_raw_shows_the_source() -> None:
    async with opened([prompt(0), reply(1)]) as (transcript, pilot):
        await pilot.press("m")
        assert "   A *short* paragraph." in screen(transcript)
        assert "   ```python" in screen(transcript)
        await pilot.press("m")
        assert "   A short paragraph." in screen(transcript)


async def test_replace_and_add() -> None:
    async with opened([prompt(0), reply(1)]) as (transcript, _):
        transcript.replace(reply(1, "Other text"))
        assert "   Other text" in screen(transcript)
        transcript.replace(reply(2, "Unknown so far"))
        transcript.add(prompt(3))
        assert "   Unknown so far" in screen(transcript)
        assert "   Prompt number 3" in screen(transcript)
        assert len(transcript.document.entries) == 4
        transcript.show([])
        assert not shown(transcript).strip()
        assert transcript.shown_message("r1") is None


async def test_a_streaming_reply_is_given_as_far_as_it_has_arrived() -> None:
    async with opened([prompt(0)]) as (transcript, _):
        transcript.begin_reply(reply(2, "", stop=None))
        transcript.add_reasoning("hm")
        transcript.add_text("```\nhalf")
        message = transcript.shown_message("r2")
        assert message is not None
        assert (message.text, message.reasoning) == ("```\nhalf", "hm")


async def test_mouse_selection_copies_the_text_without_decoration() -> None:
    async with opened([prompt(0), reply(1, "First *line*.\n\n```\ncode here\nmore\n```\n")]) as (transcript, pilot):
        rows = screen(transcript)
        start, end = rows.index("   First line."), rows.index("   │ more")
        await pilot.mouse_down(Transcript, offset=(3, start))
        await pilot.hover(Transcript, offset=(20, end))
        await pilot.mouse_up(Transcript, offset=(20, end))
        await pilot.pause()
        assert transcript.selected_text() == "First line.\n\n1 · text\ncode here\nmore".replace("1 ·", "┌ 1 ·")
        assert transcript.screen.get_selected_text() == transcript.selected_text()


async def test_a_selection_stays_right_while_text_streams() -> None:
    async with opened(conversation(10), (60, 16)) as (transcript, pilot):
        transcript.begin_reply(reply(11, "", stop=None))
        transcript.add_text("chosen words\n\n")
        await until(pilot, lambda: "   chosen words" in screen(transcript))
        row = screen(transcript).index("   chosen words")
        await pilot.mouse_down(Transcript, offset=(3, row))
        await pilot.hover(Transcript, offset=(8, row))
        await pilot.mouse_up(Transcript, offset=(8, row))
        await pilot.pause()
        assert transcript.selected_text() == "chosen"
        for number in range(30):
            transcript.add_text(f"more {number}\n\n")
        await pilot.pause(0.2)
        assert transcript.selected_text() == "chosen"


async def test_everything_can_be_selected() -> None:
    async with opened(conversation(4)) as (transcript, _):
        everything = transcript.get_selection(Selection(None, None))
        assert everything is not None
        assert everything[0].startswith("You")
        assert "Prompt number 2" in everything[0]
        part = transcript.get_selection(Selection(None, Offset(4, 0)))
        assert part == ("You", "\n")


async def test_another_theme_changes_colours_and_nothing_else() -> None:
    async with opened(conversation(10)) as (transcript, pilot):
        await pilot.press("g", "j")
        before, styles = screen(transcript), [str(s.style) for s in transcript.render_line(0)]
        transcript.app.theme = "textual-light"
        await pilot.pause()
        assert screen(transcript) == before
        assert [str(s.style) for s in transcript.render_line(0)] != styles


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "nord"])
async def test_themes_work(theme: str) -> None:
    async with opened(conversation(4)) as (transcript, pilot):
        transcript.app.theme = theme
        transcript.invalidate_theme()
        await pilot.pause()
        assert "• one" in shown(transcript)


async def test_find_marks_words_and_names_messages() -> None:
    async with opened(conversation(6), (60, 40)) as (transcript, pilot):
        assert await found(transcript, pilot, "number 2") == ["p2"]
        transcript.scroll_to_message("p2")
        row = next(y for y, line in enumerate(screen(transcript)) if "Prompt number 2" in line)
        marked = [s.text for s in transcript.render_line(row) if s.style and s.style.reverse]
        assert marked == ["number 2"]
        assert await found(transcript, pilot, "") == []


async def test_rows_that_are_not_drawn_again_are_still_right() -> None:
    """Only the rows that changed are drawn again; none may be forgotten."""
    chance = random.Random(5)
    text = (REPLY + "| a | b |\n|---|---|\n| 1 | 2 |\n\n1. x\n\n2. y\n\nsetext\n===\n") * 4
    async with opened([prompt(0), reply(1, "short", reasoning="thought\n" * 5)], (60, 16)) as (transcript, pilot):
        transcript.begin_reply(reply(2, "", stop=None))
        position = 0
        while position < len(text):
            step = chance.randint(1, 40)
            transcript.add_text(text[position : position + step])
            position += step
            transcript._draw_streaming()
            match chance.randint(0, 12):
                case 0:
                    await pilot.press("pageup")
                case 1:
                    await pilot.press("end")
                case 2:
                    await pilot.press("k")
                case 3:
                    transcript.set_activity(f"{position} tok/s")
                    transcript.toggle_reasoning("r1")
                case 4:
                    await pilot.press("m")
                case 5:
                    await pilot.press("up")
            await pilot.pause()
            assert painted(transcript) == screen(transcript)
        transcript.end_reply(reply(2, text))
        await pilot.pause()
        assert painted(transcript) == screen(transcript)


async def test_going_from_hit_to_hit_and_around() -> None:
    async with opened(conversation(60), (60, 12)) as (transcript, pilot):
        await pilot.press("g")
        assert len(await found(transcript, pilot, "short")) == 30
        assert transcript.next_found() == "r1"
        seen = [transcript.next_found() for _ in range(3)]
        assert seen == ["r1", "r3", "r5"]
        await pilot.pause()
        assert any("A short" in line for line in screen(transcript))
        assert transcript.next_found(-1) == "r3"
        assert transcript.next_found(-1) == "r1"
        assert transcript.next_found(-1) == "r1"
        assert transcript.next_found(-1) == "r59"
        assert transcript.next_found() == "r1"
        transcript.find("")
        assert transcript.next_found() is None


async def test_a_click_on_the_fold_opens_it_and_chooses_the_message() -> None:
    async with opened([prompt(0), reply(1, reasoning="thought")]) as (transcript, pilot):
        row = next(y for y, line in enumerate(screen(transcript)) if "▸" in line)
        await pilot.click(Transcript, offset=(5, row))
        assert "▌  ┆ thought" in screen(transcript)
        assert transcript.current == "r1"


async def test_nothing_is_drawn_before_the_widget_has_a_size() -> None:
    transcript = Transcript()
    transcript.document.show([])
    app = Host([])
    async with app.run_test(size=(80, 24)) as pilot:
        hidden = Transcript()
        hidden.display = False
        await app.mount(hidden)
        hidden.show(conversation(4))
        hidden.begin_reply(reply(9, "", stop=None))
        hidden.add_text("early text")
        await pilot.pause()
        hidden.display = True
        app.query(Transcript).first().display = False
        await pilot.pause()
        await pilot.pause()
        assert "   early text" in screen(hidden)


async def test_appending_a_delta_is_cheap() -> None:
    async with opened([prompt(0)]) as (transcript, _):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.add_text("first")
        began = time.perf_counter()
        for _ in range(10_000):
            transcript.add_text("x ")
        assert time.perf_counter() - began < 1.0
        assert transcript.drawn_deltas <= 2
        transcript.end_reply(replace(reply(1), text="done"))
        assert "   done" in screen(transcript)
