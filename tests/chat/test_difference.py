"""How two replies differ: the spans make up both texts, and say what a reader would."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.difference import Difference, code_blocks, word_diff
from metis_tui.chat.sequences import common_runs


def marked(difference: Difference) -> str:
    """The difference in one text, as `wdiff` writes it."""
    parts = []
    for span in difference.spans:
        gone, new = difference.a[span.a_start : span.a_end], difference.b[span.b_start : span.b_end]
        parts.append({"same": new, "gone": f"[-{gone.strip()}-] ", "new": f"{{+{new.strip()}+}} "}[span.kind])
    return "".join(parts)


def kinds(difference: Difference) -> list[str]:
    return [span.kind for span in difference.spans]


pieces = st.sampled_from(
    [
        "the ",
        "of ",
        "rank ",
        "2048 ",
        "MPI_Allreduce",
        "\n\n",
        "\n",
        "```py\n",
        "```\n",
        "~~~\n",
        "x = 1\n",
        " ",
        "é",
        "漢字",
        "> ",
        "- ",
    ]
)
replies = st.lists(pieces, max_size=40).map("".join)


@given(replies, replies)
def test_the_spans_make_up_both_texts(a: str, b: str) -> None:
    difference = word_diff(a, b)
    assert "".join(a[span.a_start : span.a_end] for span in difference.spans) == a
    assert "".join(b[span.b_start : span.b_end] for span in difference.spans) == b
    for span in difference.spans:
        gone, new = a[span.a_start : span.a_end], b[span.b_start : span.b_end]
        if span.kind == "same":
            assert gone.split() == new.split() or "".join(gone.split()) == "".join(new.split())
        else:
            assert bool(gone) == (span.kind == "gone")
            assert bool(new) == (span.kind == "new")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_it(a: str, b: str) -> None:
    difference = word_diff(a, b)
    assert "".join(a[span.a_start : span.a_end] for span in difference.spans) == a
    assert "".join(b[span.b_start : span.b_end] for span in difference.spans) == b


@given(replies)
def test_equal_texts_have_no_changes(text: str) -> None:
    difference = word_diff(text, text)
    assert difference.changes == []
    assert difference.same_share == 1


@given(st.lists(st.integers(0, 3), max_size=30), st.lists(st.integers(0, 3), max_size=30))
def test_runs_are_in_both_and_in_order(a: list[int], b: list[int]) -> None:
    at_a = at_b = 0
    for run in common_runs(a, b)[0]:
        assert run.size > 0
        assert run.a >= at_a
        assert run.b >= at_b
        at_a, at_b = run.a + run.size, run.b + run.size
        assert a[run.a : at_a] == b[run.b : at_b]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("Use 2048 ranks.", "Use 2,049 ranks.", "Use [-2048-] {+2,049+} ranks."),
        ("It is fast", "It isn't fast", "It [-is-] {+isn't+} fast"),
        ("one two\nthree", "one\n\ntwo three", "one\n\ntwo three"),
        ("", "new words", "{+new words+} "),
        ("see f(x)", "see g(x)", "see [-f-] {+g+} (x)"),
        ("我用漢字", "我用文字", "我用[-漢-] {+文+} 字"),
    ],
)
def test_prose_is_told_by_words(a: str, b: str, told: str) -> None:
    assert marked(word_diff(a, b)) == told


def test_words_in_common_by_chance_do_not_cut_a_change() -> None:
    a = "Start. The barrier of the communicator was never entered by everyone. End."
    b = "Start. Perhaps the buffer is larger than the limit of your interconnect. End."
    assert kinds(word_diff(a, b)) == ["same", "gone", "new", "same"]


def test_code_is_told_by_lines_and_within_a_line() -> None:
    a = "Run:\n\n```sh\nexport A=0\nmpiexec -n 2049 ./app\n```\nDone.\n"
    b = "Run:\n\n```sh\nexport A=1\nmpiexec -n 2049 ./app\nls\n```\nDone.\n"
    difference = word_diff(a, b)
    changed = [
        (span.kind, (a[span.a_start : span.a_end] or b[span.b_start : span.b_end]).strip(), span.is_code)
        for span in difference.spans
        if span.kind != "same"
    ]
    assert changed == [("gone", "0", True), ("new", "1", True), ("new", "ls", True)]


def test_indentation_counts_in_code_only() -> None:
    assert word_diff("a\n  b", "a\nb").changes == []
    assert len(word_diff("```\nif x:\n  y\n```", "```\nif x:\n    y\n```").changes) == 1


def test_code_blocks_are_paired_by_what_is_in_them() -> None:
    """A block that only one reply has does not shift the others."""
    loop = "```python\nfor rank in range(size):\n    comm.send(data, dest=rank)\n```\n"
    setup = "```sh\nmodule load cray-mpich\nexport MPICH_VERSION_DISPLAY=1\n```\n"
    difference = word_diff(f"First:\n{loop}", f"First:\n{setup}Then:\n{loop.replace('data', 'grid')}")
    told = [difference.b[s.b_start : s.b_end].strip() for s in difference.spans if s.kind == "new"]
    assert told[-1] == "grid"
    assert [difference.a[s.a_start : s.a_end].strip() for s in difference.spans if s.kind == "gone"] == ["data"]


def test_fences_may_be_open_nested_or_of_waves() -> None:
    text = "~~~~md\n```\nx\n```\n~~~~\n\n- a\n  ```py\n  y\n  ```\n`` ` ``\n```open\nz"
    found = [(block.language, text[block.start : block.end].split("\n")[0]) for block in code_blocks(text)]
    assert found == [("md", "~~~~md"), ("py", "  ```py"), ("open", "```open")]


def test_long_replies_are_compared_whole() -> None:
    chance = random.Random(1)
    words = [f"word{n}" for n in range(400)]
    a = [chance.choice(words) for _ in range(4000)]
    b = list(a)
    for at in range(0, 4000, 100):
        b[at] = "changed"
    difference = word_diff(" ".join(a), " ".join(b))
    assert not difference.is_coarse
    assert len(difference.changes) == 40


def test_what_is_too_different_and_too_long_is_admitted() -> None:
    difference = word_diff("a b " * 3000, "b c a " * 3000)
    assert difference.is_coarse
    assert kinds(difference) == ["gone", "new"]
