"""Differences as rows: nothing is lost, and what changed shows without colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.difference import word_diff
from metis_tui.tui.rendering.difference import DifferenceRows, DifferenceStyles, difference_rows
from metis_tui.tui.rendering.wrapping import cells

A = "Use 2049 ranks.\nThis line stays.\n\n```sh\nexport N=0\nrun\n```\nDone.\n"
B = "Use 2048 ranks.\nThis line stays.\n\n```sh\nexport N=1\nrun --all\n```\nDone. Really.\n"


def rows(a: str, b: str, width: int) -> DifferenceRows:
    return difference_rows(word_diff(a, b), width, DifferenceStyles())


def texts(found: DifferenceRows) -> list[str]:
    return ["".join(text for text, _ in row.pieces).rstrip() for row in found.rows]


def test_in_one_column_changes_stand_in_brackets_with_signs_in_the_margin() -> None:
    found = rows(A, B, 60)
    assert texts(found) == [
        "± Use [-2049-] {+2048+} ranks.",
        "  This line stays.",
        "",
        "  ```sh",
        "± export N=[-0-]{+1+}",
        "+ run{+ --all+}",
        "  ```",
        "+ Done. {+Really.+}",
    ]
    assert found.changes == [0, 4, 5, 7]


def test_side_by_side_equal_lines_stand_beside_each_other() -> None:
    found = rows(A, B, 100)
    halves = [[half.rstrip() for half in text.split("│")] for text in texts(found)]
    assert halves[0] == ["- Use 2049 ranks.", " + Use 2048 ranks."]
    assert halves[1] == ["  This line stays.", "   This line stays."]
    assert halves[4] == ["- export N=0", " + export N=1"]
    assert halves[7] == ["  Done.", " + Done. Really."]
    assert found.changes == [0, 4, 5, 7]


def test_a_line_that_one_side_lacks_leaves_a_gap() -> None:
    halves = [text.split("│") for text in texts(rows("one\n\nthree\n", "one\n\ntwo\n\nthree\n", 100))]
    assert [(left.strip(), right.strip()) for left, right in halves] == [
        ("one", "one"),
        ("", ""),
        ("", "+ two"),
        ("", "+"),
        ("three", "three"),
    ]


def test_places_in_the_texts_are_found_again() -> None:
    for width in (60, 100):
        found = rows(A, B, width)
        for side, text in enumerate((A, B)):
            assert found.row_of(side, text.index("This")) == 1
            assert found.row_of(side, text.index("export")) == 4


@pytest.mark.parametrize("width", [30, 100])
def test_no_row_is_wider_than_the_screen(width: int) -> None:
    found = rows("漢字 " * 60 + "x" * 200, "word\t" * 60 + "\x1b[31mred", width)
    assert all(cells(text) <= width for text in texts(found))
    assert not any("\x1b" in text for text in texts(found))


pieces = st.sampled_from(["a ", "bb ", "\n", "\n\n", "```\n", "ccc", " ", "  d"])
replies = st.lists(pieces, max_size=25).map("".join)


@given(replies, replies, st.sampled_from([40, 110]))
def test_every_word_and_every_change_is_there(a: str, b: str, width: int) -> None:
    difference = word_diff(a, b)
    found = difference_rows(difference, width, DifferenceStyles())
    shown = "".join("".join(text for text, _ in row.pieces[1:]) for row in found.rows)
    for sign in ("[-", "-]", "{+", "+}", "│"):
        shown = shown.replace(sign, "")
    if width < 99:
        parts = (b[s.b_start : s.b_end] or a[s.a_start : s.a_end] for s in difference.spans)
        assert "".join(shown.split()) == "".join("".join(parts).split())
    else:
        assert sorted("".join(shown.replace("+", "").split())) == sorted("".join((a + b).split()))
    assert len(found.changes) <= len(difference.changes)
    assert found.changes == sorted(found.changes)
