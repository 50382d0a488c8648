"""Untrusted text becomes safe to show; what is stored stays as exact as UTF-8 allows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.printable import printable, printable_line, storable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("tab\tand\nnewline", "tab\tand\nnewline"),
        ("two\r\nlines", "two\nlines"),
        ("over\rwrite", "over␍write"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]52;c;cm0=\x07", "␛]52;c;cm0=␇"),
        ("\x9b2J", "\ufffd2J"),
        ("nul\x00", "nul␀"),
        ("del\x7f", "del␡"),
        ("a\u202eb\u202c", "ab"),
        ("zero\u200bwidth\u2060joined\ufeff", "zerowidthjoined"),
        ("one\u2028two\u2029three", "one\ntwo\nthree"),
        ("half \ud83d", "half \ufffd"),
        ("tag\U000e0041", "tag"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("naïve — Ω 你好 🚀", "naïve — Ω 你好 🚀"),
    ],
)
def test_what_is_shown(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=200))
def test_nothing_that_commands_a_terminal_survives(text: str) -> None:
    shown = printable(text)
    for character in shown:
        assert character in "\t\n" or unicodedata.category(character) not in ("Cc", "Cs"), ascii(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
    assert printable(shown) == shown
    shown.encode("utf-8")


def test_a_flood_of_combining_marks_is_cut_to_eight() -> None:
    assert printable("e" + "\u0301" * 500) == "e" + "\u0301" * 8


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=400), st.integers(2, 80))
def test_a_line_is_one_line_of_limited_length(text: str, limit: int) -> None:
    line = printable_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert "\t" not in line


def test_stored_text_only_loses_what_utf8_cannot_hold() -> None:
    assert storable("\x1b[31m \u202e \r\n 你好") == "\x1b[31m \u202e \r\n 你好"
    assert storable("a\ud800b\x00c") == "a\ufffdb␀c"
