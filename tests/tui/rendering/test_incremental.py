"""Streaming gives the lines that rendering at once gives, and does not do the same work again and again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metis_tui.tui.rendering.incremental import LONG_CODE, IncrementalMarkdown
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.markdown import render_markdown
from metis_tui.tui.rendering.palette import Palette

PALETTE = Palette()

BLOCKS = st.sampled_from(
    [
        "# Heading\n\n",
        "A paragraph with **bold**, `code` and\na second line.\n\n",
        "setext\n---\n",
        "- one\n- two\n  - nested\n- three\n\n",
        "1. first\n\n2. second\n\n",
        "- [ ] open\n- [x] done\n",
        "```python\ndef f():\n\n    return 1\n```\n",
        "~~~\nno language\n~~~\n\n",
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n",
        "> quoted\nlazy\n\n",
        "    indented code\n\n",
        "***\n",
        "$$\nx^2\n$$\n\n",
        "text with $x_i$ and \\(y\\)\n",
        "<div>\nhtml\n</div>\n\n",
        "#",
        "#\n",
        "-",
        "\n",
        "\n\n",
        "word ",
        "漢字かな e\u0301 \U0001f469\u200d\U0001f469\n",
        "\r\n",
        "\x1b[31m\r",
        "[bold]x[/]\n",
        "![alt](u) <https://a.b>\n\n",
    ]
)


def plain(lines: list[Line]) -> list[tuple[str, str, int, int]]:
    return [(line.text, line.kind, line.block, line.source_start) for line in lines]


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


@given(st.lists(BLOCKS, max_size=12), st.lists(st.integers(0, 10_000), max_size=40), st.sampled_from([20, 40, 76]))
@example(["A paragraph with **bold**, `code` and\na second line.\n\n", "#", "word "], list(range(80)), 40)
def test_streaming_ends_with_the_same_lines(blocks: list[str], cuts: list[int], width: int) -> None:
    text = "".join(blocks)
    incremental = IncrementalMarkdown(width, PALETTE)
    for piece in pieces_of(text, cuts):
        incremental.feed(piece)
        incremental.render()
    if not text.endswith(("\r", "\u0301")):  # such an end is shown with what follows it
        assert plain(incremental.lines) == plain(render_markdown(text, width, PALETTE).lines)
    finished = incremental.finish()
    assert plain(finished.lines) == plain(render_markdown(text, width, PALETTE).lines)


@given(st.text(max_size=300), st.lists(st.integers(0, 400), max_size=20))
def test_any_text_in_any_pieces_is_finished_like_at_once(text: str, cuts: list[int]) -> None:
    incremental = IncrementalMarkdown(30, PALETTE)
    for piece in pieces_of(text, cuts):
        incremental.feed(piece)
        incremental.render()
    assert plain(incremental.finish().lines) == plain(render_markdown(text, 30, PALETTE).lines)


@given(st.lists(BLOCKS, max_size=10), st.lists(st.integers(0, 10_000), max_size=20))
def test_render_names_the_first_changed_line(blocks: list[str], cuts: list[int]) -> None:
    incremental = IncrementalMarkdown(40, PALETTE)
    before: list[str] = []
    for piece in pieces_of("".join(blocks), cuts):
        incremental.feed(piece)
        first = incremental.render()
        assert [line.text for line in incremental.lines[:first]] == before[:first]
        before = [line.text for line in incremental.lines]


def test_finished_blocks_are_not_rendered_again() -> None:
    incremental = IncrementalMarkdown(76, PALETTE)
    for number in range(400):
        incremental.feed(f"Paragraph number {number}.\n\n")
        incremental.render()
    assert incremental.rendered_blocks <= 3 * 400
    assert incremental.unfinished_size < 100


@pytest.mark.parametrize(
    ("opening", "line"),
    [("```python\n", "value = compute()  # one more\n"), ("", "- an item of a list that never ends\n")],
)
def test_a_block_that_never_ends_is_cut_at_safe_places(opening: str, line: str) -> None:
    incremental = IncrementalMarkdown(76, PALETTE)
    incremental.feed(opening)
    sizes = []
    for _ in range(800):
        incremental.feed(line[:-5])
        incremental.render()
        incremental.feed(line[-5:])
        incremental.render()
        sizes.append(incremental.unfinished_size)
    assert max(sizes) < 4_000
    assert plain(incremental.lines) == plain(render_markdown(incremental.source, 76, PALETTE).lines)


def test_long_code_keeps_its_number_and_ends_where_its_fence_closes() -> None:
    code = "".join(f"line {n}\n" for n in range(3 * LONG_CODE))
    text = f"```\nshort\n```\n\n```text\n{code}```\n\nAfter.\n\n```sh\nls\n```\n"
    incremental = IncrementalMarkdown(76, PALETTE)
    for start in range(0, len(text), 7):
        incremental.feed(text[start : start + 7])
        incremental.render()
    assert plain(incremental.lines) == plain(render_markdown(text, 76, PALETTE).lines)


def test_a_reference_that_comes_late_is_right_at_the_end() -> None:
    text = "See [the manual][m].\n\nMore.\n\n[m]: https://example.org\n"
    incremental = IncrementalMarkdown(76, PALETTE)
    for character in text:
        incremental.feed(character)
        incremental.render()
    assert incremental.lines[0].text == "See [the manual][m]."
    assert incremental.finish().lines[0].text == "See the manual (https://example.org)."
