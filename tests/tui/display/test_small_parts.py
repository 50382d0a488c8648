"""Pens, the terminal's traits, the answers among the keys, and Textual's updates."""

from __future__ import annotations

import os
import pty
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual.app import App

from metis_tui.tui.answer_splitter import AnswerSplitter
from metis_tui.tui.display import updates
from metis_tui.tui.display.cells import SIMPLE, SURELY_WIDE
from metis_tui.tui.display.metered_file import MeteredFile
from metis_tui.tui.display.pens import DEFAULT_PEN, UNKNOWN_PEN, Pen, Pens, pen_of
from metis_tui.tui.display.terminal_traits import fills_background
from metis_tui.tui.display.window import ANSWER


def test_a_style_becomes_attributes_and_colours() -> None:
    style = Style(bold=True, underline=True, color="#0a0b0c", bgcolor="color(17)", meta={"x": 1})
    assert pen_of(style, ColorSystem.TRUECOLOR) == Pen(frozenset({"1", "4"}), "38;2;10;11;12", "48;5;17")
    assert pen_of(Style(color="bright_red", bgcolor="green"), ColorSystem.STANDARD) == Pen(frozenset(), "91", "42")
    assert pen_of(Style(color="default", bgcolor="default"), ColorSystem.TRUECOLOR) == Pen()


def test_few_colours_make_few_pens() -> None:
    pens = Pens(ColorSystem.STANDARD)
    assert pens.of(Style(color="#ff0000")) == pens.of(Style(color="#fe0000"))
    assert pens.of(None) == pens.of(Style()) == DEFAULT_PEN


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        (Style(), Style(bold=True), "\x1b[1m"),
        (Style(bold=True), Style(), "\x1b[m"),
        (Style(bold=True, dim=True), Style(dim=True), "\x1b[0;2m"),
        (Style(color="red", bold=True), Style(color="red"), "\x1b[22m"),
        (Style(color="red", bgcolor="blue"), Style(bgcolor="blue"), "\x1b[39m"),
        (Style(underline2=True, color="red"), Style(color="red"), "\x1b[0;31m"),
        (Style(link="https://a/"), Style(), "\x1b]8;;\x1b\\"),
    ],
)
def test_the_shortest_way_from_pen_to_pen(old: Style, new: Style, written: str) -> None:
    pens = Pens()
    assert pens.change(pens.of(old), pens.of(new)) == written


def test_the_unknown_pen_is_no_pen() -> None:
    with pytest.raises(LookupError):
        Pens().pen(UNKNOWN_PEN)


def characters(bracket: str) -> list[str]:
    found: list[str] = []
    body = bracket[1:-1]
    place = 0
    while place < len(body):
        if body[place + 1 : place + 2] == "-":
            found += map(chr, range(ord(body[place]), ord(body[place + 2]) + 1))
            place += 3
        else:
            found.append(body[place])
            place += 1
    return found


def test_sure_widths_are_those_that_textual_lays_out_with() -> None:
    assert {c for c in characters(SIMPLE) if get_character_cell_size(c) != 1} == set()
    assert {c for c in characters(SURELY_WIDE) if get_character_cell_size(c) != 2} == set()


@pytest.mark.parametrize(
    ("environment", "fills"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen-256color", "TMUX": "x", "TERM_PROGRAM": "tmux"}, True),
        ({"TERM": "screen-256color", "TMUX": "x"}, False),
        ({"TERM": "screen.xterm-256color", "STY": "1.a"}, False),
        ({"TERM": "xterm-256color", "STY": "1.a"}, False),
        ({"TERM": "vt100"}, False),
        ({}, False),
    ],
)
def test_which_terminals_erase_with_the_background(environment: dict[str, str], fills: bool) -> None:
    assert fills_background(environment) is fills


@given(
    st.lists(st.sampled_from(["a", "\x1b", "\x1b[A", ANSWER, "\x1b[0", "n", "\x1b[0;1H", "é"]), max_size=8), st.data()
)
def test_answers_are_found_however_they_arrive(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    splitter, rest, count, place = AnswerSplitter(), "", 0, 0
    while place < len(text):
        length = data.draw(st.integers(1, 4))
        keys, answers = splitter.feed(text[place : place + length])
        rest, count, place = rest + keys, count + answers, place + length
    rest += splitter.release()
    assert count == text.count(ANSWER)
    assert rest == text.replace(ANSWER, "")


def test_a_lone_escape_is_kept_back_only_while_an_answer_is_due() -> None:
    assert AnswerSplitter().feed("\x1b", is_expecting=False) == ("\x1b", 0)


def test_textual_is_as_the_display_knows_it() -> None:
    assert updates.changed_hook() == ""


def test_another_textual_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(App, "_display", lambda self, screen, renderable, extra: None)
    assert "extra" in updates.changed_hook()


def test_a_metered_file_counts_what_the_line_takes() -> None:
    master, terminal = pty.openpty()
    waits: list[float] = []
    with os.fdopen(terminal, "w") as file:
        metered = MeteredFile(file, waits.append)
        assert metered.write("é\ud800x") == 3
        assert metered.byte_count == len("é?x".encode())
        assert metered.isatty()
        os.set_blocking(terminal, False)
        metered.write("more")
    read = b""
    while len(read) < len("é?xmore".encode()):  # a terminal hands on each write by itself
        read += os.read(master, 100)
    assert read == "é?xmore".encode()
    assert len(waits) == 2
    os.close(master)


@pytest.mark.skipif(sys.platform != "linux", reason="what a closed terminal says differs")
def test_a_metered_file_tells_that_its_terminal_has_gone() -> None:
    master, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as file:
        metered = MeteredFile(file, lambda _: None)
        os.close(master)
        with pytest.raises(OSError, match="Input/output"):
            metered.write("x")
