"""Whatever the screens are: after each update the terminal shows what it should, cell by cell, text and style."""

from __future__ import annotations

import pytest
from emulated import JUNK, STYLES, UNSURE, Emulated, Screen, changed, drawn_by_textual, strips
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from metis_tui.tui.display.screen_copy import ScreenCopy

COLUMNS, ROWS = 30, 9
HOME = (0, 0)


def put(copy: ScreenCopy, screen: Screen) -> None:
    for y, strip in enumerate(screen):
        copy.put(0, y, strip, strip.cell_length)


def first_screens(*, is_sure: bool = True) -> st.SearchStrategy[Screen]:
    return st.lists(strips(COLUMNS, is_sure=is_sure), min_size=ROWS, max_size=ROWS)


@given(data=st.data(), fills_background=st.booleans())
def test_each_update_leaves_what_textual_would_have_drawn(data: st.DataObject, fills_background: bool) -> None:
    copy, emulated = ScreenCopy((COLUMNS, ROWS), fills_background=fills_background), Emulated(COLUMNS, ROWS, JUNK)
    screen = data.draw(first_screens())
    for _ in range(data.draw(st.integers(1, 5))):
        put(copy, screen)
        emulated.feed(copy.paint(data.draw(st.sampled_from([HOME, (3, 4), (COLUMNS - 1, ROWS - 1)]))))
        assert emulated.cells() == drawn_by_textual(screen, COLUMNS)
        screen = data.draw(changed(screen, COLUMNS))


@given(data=st.data())
def test_characters_of_unsure_width_spoil_nothing(data: st.DataObject) -> None:
    """Terminals draw these as they like; the cells around them are right, and the same as in a fresh drawing."""
    copy, emulated = ScreenCopy((COLUMNS, ROWS)), Emulated(COLUMNS, ROWS, JUNK)
    screen = data.draw(first_screens(is_sure=False))
    for _ in range(data.draw(st.integers(1, 4))):
        put(copy, screen)
        emulated.feed(copy.paint(HOME))
        fresh, again = ScreenCopy((COLUMNS, ROWS)), Emulated(COLUMNS, ROWS, JUNK)
        put(fresh, screen)
        again.feed(fresh.paint(HOME))
        assert emulated.cells() == again.cells()
        screen = data.draw(changed(screen, COLUMNS, is_sure=False))


@given(data=st.data())
def test_parts_of_rows(data: st.DataObject) -> None:
    """Textual updates pieces of rows; half a wide character at a piece's edge is a blank."""
    copy, emulated = ScreenCopy((COLUMNS, ROWS)), Emulated(COLUMNS, ROWS, JUNK)
    screen = data.draw(first_screens())
    put(copy, screen)
    emulated.feed(copy.paint(HOME))
    for _ in range(4):
        y, x = data.draw(st.integers(0, ROWS - 1)), data.draw(st.integers(0, COLUMNS - 1))
        part = data.draw(strips(data.draw(st.integers(1, COLUMNS - x))))
        copy.put(x, y, part, part.cell_length)
        left, right = screen[y].crop(0, x), screen[y].crop(x + part.cell_length, COLUMNS)
        screen[y] = Strip.join([left, part, right])
        emulated.feed(copy.paint(HOME))
        assert emulated.cells() == drawn_by_textual(screen, COLUMNS)


@given(data=st.data(), narrower=st.integers(1, 12))
def test_a_terminal_that_is_narrower_than_it_said(data: st.DataObject, narrower: int) -> None:
    """What has room stands where it belongs: nothing wraps, nothing goes astray."""
    real = COLUMNS - narrower
    copy, emulated = ScreenCopy((COLUMNS, ROWS)), Emulated(real, ROWS, JUNK)
    screen = data.draw(first_screens())
    for _ in range(3):
        put(copy, screen)
        emulated.feed(copy.paint((COLUMNS - 1, 2)))
        expected = drawn_by_textual([strip.crop(0, real) for strip in screen], real)
        # A wide character that begins in the last cells may be cut either way.
        assert [row[: real - 2] for row in emulated.cells()] == [row[: real - 2] for row in expected]
        screen = data.draw(changed(screen, COLUMNS))


@given(data=st.data(), junk=st.sampled_from(["", JUNK, "\x1b[2J", "\x1b(0\x1b[3;4r\x1b[?6h\x0e"]))
def test_what_others_drew_is_gone_after_forgetting(data: st.DataObject, junk: str) -> None:
    copy, emulated = ScreenCopy((COLUMNS, ROWS)), Emulated(COLUMNS, ROWS)
    screen = data.draw(first_screens())
    put(copy, screen)
    emulated.feed(copy.paint(HOME))
    emulated.feed(junk)
    copy.forget()
    emulated.feed(copy.paint(HOME))
    assert emulated.cells() == drawn_by_textual(screen, COLUMNS)


def rows(*texts: str, style: Style | None = None) -> Screen:
    return [Strip([Segment(text, style)]).adjust_cell_length(COLUMNS, style) for text in texts]


def painted(before: Screen, after: Screen) -> str:
    copy = ScreenCopy((COLUMNS, len(before)))
    put(copy, before)
    copy.paint(HOME)
    put(copy, after)
    return copy.paint(HOME)


def test_nothing_new_is_nothing_written() -> None:
    screen = rows("one", "two", "three")
    assert painted(screen, screen) == ""


def test_a_letter_more_is_a_letter_and_the_ways_to_it_and_back() -> None:
    assert painted(rows("one", "two"), rows("one", "twos")) == "\x1b[2;4Hs\x1b[H"


def test_styles_are_written_as_differences() -> None:
    red, bold_red = Style(color="#ff0000", bgcolor="#102030"), Style(color="#ff0000", bgcolor="#102030", bold=True)
    after = [Strip([Segment("a", red), Segment("b", bold_red), Segment("c", red)]).adjust_cell_length(COLUMNS)]
    written = painted(rows(""), after)
    assert written.count("38;2;255;0;0") == 1
    assert "\x1b[1mb\x1b[22mc" in written


def test_lines_that_moved_up_are_scrolled() -> None:
    lines = [f"a line of text, number {n}" for n in range(12)]
    written = painted(rows(*lines[:8], "status"), rows(*lines[3:11], "status"))
    assert "\x1b[1;8r\x1b[8H\n\n\n\x1b[r" in written
    assert "number 4" not in written
    assert "number 9" in written
    assert len(written) < 130


def test_lines_that_moved_down_within_a_part_are_scrolled() -> None:
    lines = [f"a line of text, number {n}" for n in range(12)]
    written = painted(rows("title", *lines[4:11], "status"), rows("title", *lines[2:9], "status"))
    assert "\x1b[2;8r\x1b[2H\x1bM\x1bM\x1b[r" in written
    assert "number 6" not in written


def test_lists_in_the_same_update_scroll_in_both_directions() -> None:
    up = [f"an item of the upper list, {n}" for n in range(9)]
    down = [f"another of the lower one, {n}" for n in range(9)]
    written = painted(rows(*up[:6], "rule", *down[2:8]), rows(*up[1:7], "rule", *down[1:7]))
    assert "\n" in written
    assert "\x1bM" in written
    assert len(written) < 140


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_blank_ends_are_erased_only_when_that_draws_the_same(style: Style | None) -> None:
    before, after = rows("x" * COLUMNS), rows("x", style=style)
    emulated = Emulated(COLUMNS, 1)
    copy = ScreenCopy((COLUMNS, 1))
    for screen in (before, after):
        put(copy, screen)
        emulated.feed(copy.paint(HOME))
    assert emulated.cells() == drawn_by_textual(after, COLUMNS)


def test_without_background_erasing_is_for_the_default_background_only() -> None:
    """GNU screen erases with the terminal's own background, whatever the colours in use."""
    copy = ScreenCopy((COLUMNS, 1), fills_background=False)
    put(copy, rows("x" * COLUMNS))
    copy.paint(HOME)
    put(copy, rows("x", style=Style(bgcolor="#102030")))
    assert "\x1b[K" not in copy.paint(HOME)


@pytest.mark.parametrize(
    "text", [*UNSURE, "\x9b2J", "\x1b]0;title\x07", "\u2028", "\ud800", "\x00", "a\x7f", "\u2067"]
)
def test_no_control_character_ever_reaches_the_terminal(text: str) -> None:
    copy = ScreenCopy((COLUMNS, 1))
    put(copy, [Strip([Segment(f"<{text}>")])])
    copy.paint(HOME)
    before = copy.paint(HOME)
    assert before == ""
    fresh = ScreenCopy((COLUMNS, 1))
    put(fresh, [Strip([Segment(f"<{text}>")])])
    written = fresh.paint(HOME)
    for sequence in ("\x1b]", "\x9b", "\x07", "\u202e", "\u2067", "\u2028", "\x7f", "\x00", "\t", "\ud800", "\u200b"):
        assert sequence not in written
    written.encode("utf-8")


def test_a_link_ends_with_its_text_and_cannot_break_out() -> None:
    good, bad = Style(link="https://example.org/a"), Style(link="https://example.org/\x1b\\\x1b[2J")
    written = painted(rows("", ""), [*rows("go", style=good), *rows("no", style=bad)])
    assert written.count("\x1b]8;id=") == written.count("\x1b]8;;\x1b\\") == 1
    assert "\x1b[2J" not in written


def test_endless_new_styles_and_clusters_do_not_fill_the_memory() -> None:
    copy, emulated = ScreenCopy((COLUMNS, 1)), Emulated(COLUMNS, 1)
    for number in range(6000):
        copy.put(0, 0, Strip([Segment("x", Style(meta={"at": number}))]), COLUMNS)
    assert len(copy._pens._of_style) <= 4096
    emulated.feed(copy.paint(HOME))
    assert emulated.screen.display[0].startswith("x")
