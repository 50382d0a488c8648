"""Long conversations and giant messages: only what is looked at is rendered, and nothing twice."""

from __future__ import annotations

import pytest
from transcript_host import REPLY, conversation, found, opened, painted, prompt, reply, screen, shown, until

from metis_tui.tui.code_blocks import code_blocks
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_document import TranscriptDocument
from metis_tui.tui.widgets.transcript_entry import Layout
from metis_tui.tui.widgets.transcript_kept import KEPT_CHARACTERS, KEPT_ENTRIES, KEPT_ROWS

MARKDOWN = "".join(f"## Section {n}\n\n{REPLY}\nSome words of section {n}.\n\n" for n in range(12_000))
GIANTS = {
    "markdown": MARKDOWN,
    "one line": "words of a line that does not end " * 30_000,
    "no space": "x" * 1_000_000,
    "code": "```python\n" + "value = compute(1)  # three\n" * 36_000 + "```\n",
    "table": "| a | b |\n|---|---|\n" + "| 1 | two words |\n" * 60_000,
    "list": "".join(f"- item {n}\n" for n in range(70_000)),
}


async def test_opening_renders_each_message_once() -> None:
    async with opened(conversation(200), (60, 20)) as (transcript, pilot):
        document = transcript.document
        bodies = [part for entry in document.entries for part in (entry.rows.parts if entry.rows else ())]
        bodies = [part for part in bodies if part.kind == "body"]
        assert 0 < document.rendered_entries == sum(part.is_exact for part in bodies) < 20
        last = document.locate(document.height)
        # The neighbourhood follows while idle: as much as scrolling passes below.
        await until(pilot, lambda: not any(document.near(transcript._top, last, 60)))
        rendered = document.rendered_entries
        for _ in range(40):
            transcript.action_scroll_up()
        assert document.rendered_entries == rendered


async def test_coming_back_renders_nothing_again() -> None:
    first, other = conversation(12), [prompt(900, "another"), reply(901)]
    async with opened(first, (60, 20)) as (transcript, pilot):
        for _ in range(12):  # every message is seen, so that none is rendered later while idle
            transcript.action_page_up()
        await pilot.pause()
        before, heights = transcript.document.rendered_entries, transcript.document.height
        transcript.show(other)
        await pilot.pause()
        others = transcript.document.rendered_entries - before
        transcript.show(first)
        await pilot.pause()
        assert transcript.document.rendered_entries - before == others
        assert transcript.document.height == heights
        assert painted(transcript) == screen(transcript)
        transcript.show([*first[:-1], reply(11, "Another text")])
        await pilot.pause()
        assert transcript.document.rendered_entries - before == others + 1
        assert "   Another text" in screen(transcript)


async def test_another_width_and_back_renders_nothing_again() -> None:
    async with opened(conversation(3), (60, 20)) as (transcript, pilot):
        transcript.first()
        transcript.last()
        before, height = screen(transcript), transcript.document.height
        await pilot.resize_terminal(90, 20)
        transcript.first()
        transcript.last()
        rendered = transcript.document.rendered_entries
        await pilot.resize_terminal(60, 20)
        assert transcript.document.rendered_entries == rendered
        assert transcript.document.height == height
        assert screen(transcript) == before


async def test_folding_and_unfolding_renders_the_text_once_for_each() -> None:
    async with opened([prompt(0), reply(1, reasoning="thought\n" * 9)], (60, 40)) as (transcript, _):
        transcript.toggle_reasoning("r1")
        transcript.toggle_raw("r1")
        rendered = transcript.document.rendered_entries
        for _ in range(3):
            transcript.toggle_raw("r1")
            transcript.toggle_reasoning("r1")
            transcript.toggle_raw("r1")
            transcript.toggle_reasoning("r1")
        assert transcript.document.rendered_entries <= rendered + 2


async def test_what_is_drawn_of_kept_rows_is_of_now() -> None:
    """The message cursor, the words found and the theme may have changed since the rows were drawn."""
    first = conversation(6)
    async with opened(first, (60, 20)) as (transcript, pilot):
        await pilot.press("k")
        transcript.find("short")
        await pilot.pause()
        assert "▌" in shown(transcript)
        transcript.show([prompt(99)])
        transcript.find("")
        transcript.app.theme = "textual-light"
        transcript.show(first)
        await pilot.pause()
        assert "▌" not in shown(transcript)
        styles = {str(segment.style.bgcolor) for segment in transcript.render_line(2) if segment.style}
        assert len(styles) == 1
        assert painted(transcript) == screen(transcript)


def test_what_is_kept_of_conversations_left_is_bounded() -> None:
    document = TranscriptDocument(Layout(60, Palette()))
    for start in range(0, 3 * KEPT_ENTRIES, 10):
        document.show([reply(n, "x" * 9_000) for n in range(start, start + 10)])
        document.end(400)
        document.trim()
    document.show([])
    kept = list(document._earlier._entries.values())
    assert 0 < len(kept) <= KEPT_ENTRIES
    assert sum(len(entry.message.text) for entry in kept) <= KEPT_CHARACTERS
    assert sum(len(part.lines or ()) for part in document._rows._parts) <= KEPT_ROWS


@pytest.mark.parametrize("name", GIANTS)
async def test_a_giant_message_is_rendered_where_it_is_looked_at(name: str) -> None:
    text = GIANTS[name]
    async with opened([prompt(0), reply(1, text)], (80, 24)) as (transcript, pilot):
        document = transcript.document
        assert document.rendered_entries <= 4
        await pilot.pause(0.2)
        assert document.rendered_entries <= 8
        end = text.split()[-1][-20:].removesuffix("|")
        assert end in shown(transcript) or name in ("code", "table")
        for _ in range(3):
            transcript.action_page_up()
            transcript.action_scroll_up()
            assert painted(transcript) == screen(transcript)
        transcript.scroll_to(y=document.height // 2, animate=False)
        await pilot.pause()
        assert painted(transcript) == screen(transcript)
        await pilot.resize_terminal(50, 24)
        transcript.first()
        assert screen(transcript)[0].endswith("00:00")
        assert document.rendered_entries <= 30
        parts = [part for entry in document.entries if entry.rows for part in entry.rows.parts]
        assert sum(len(part.lines or ()) for part in parts) <= KEPT_ROWS


async def test_scrolling_through_a_giant_message_skips_no_row() -> None:
    async with opened([reply(1, MARKDOWN)], (60, 30)) as (transcript, pilot):
        transcript.scroll_to(y=transcript.document.height // 3, animate=False)
        await pilot.pause()
        for _ in range(12):
            before = screen(transcript)
            transcript.scroll_rows(-20)
            assert screen(transcript)[20:] == before[:-20]


async def test_words_far_inside_a_giant_message_are_gone_to_without_rendering_all() -> None:
    async with opened([prompt(0), reply(1, MARKDOWN)], (80, 24)) as (transcript, pilot):
        rendered = transcript.document.rendered_entries
        assert await found(transcript, pilot, "words of section 6000.") == ["r1"]
        assert transcript.next_found() == "r1"
        assert "►  Some words of section 6000." in screen(transcript)
        assert transcript.document.rendered_entries - rendered < 6


async def test_code_blocks_of_a_giant_message_have_the_numbers_on_screen() -> None:
    text = "    indented code counts too\n\n" + "".join(f"Text {n}\n\n```\ncode {n}\n```\n\n" for n in range(2_000))
    async with opened([reply(1, text)], (60, 30)) as (transcript, pilot):
        blocks = code_blocks(text)
        assert len(blocks) == 2_001
        await pilot.press("home")
        await pilot.press("end")
        await pilot.pause()
        label = next(y for y, line in enumerate(screen(transcript)) if "┌" in line)
        number = int(screen(transcript)[label].split()[1])
        assert screen(transcript)[label + 1] == f"   │ {blocks[number - 1].text}"


async def test_a_giant_reply_that_streams_is_drawn_in_small_steps() -> None:
    async with opened([prompt(0)], (80, 24)) as (transcript, pilot):
        transcript.begin_reply(reply(1, "", stop=None))
        transcript.set_frame_rate(60)
        for start in range(0, 600_000, 60_000):
            drawn = transcript.drawn_deltas
            transcript.add_text(MARKDOWN[start : start + 60_000])
            await until(pilot, lambda: transcript.drawn_deltas > drawn)  # noqa: B023
            assert painted(transcript) == screen(transcript)
        transcript.end_reply(reply(1, MARKDOWN[:600_000]))
        await pilot.pause()
        assert painted(transcript) == screen(transcript)
        assert transcript.document.rendered_entries < 30
