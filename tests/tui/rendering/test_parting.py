"""Long texts in parts: nothing is lost, and parts cut between blocks look like the whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.markdown import references_of, render_markdown, render_part
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.parting import PART_SIZE, SourcePart, cut_markdown, cut_plain

PALETTE = Palette()
BLOCKS = st.sampled_from(
    [
        "# Heading\n\n",
        "A paragraph with **bold**, `code` and\na second line.\n\n",
        "Setext\n---\n",
        "- one\n- two\n\n  second paragraph\n\n- three\n\n",
        "1. first\n2. second\n\n",
        "```python\ndef f():\n\n    return 1\n```\n\n",
        "~~~~ text\n```\n\nstill code\n~~~~\n",
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n",
        "> quoted\n>\n> more\n\n",
        "    indented code\n\n    more of it\n\n",
        "$$\nx^2\n$$\n\n",
        "<pre>\n\nkept\n\n</pre>\n\n",
        "<!-- a\n\ncomment -->\n\n",
        "- ```\n  code in a list\n\n  more\n  ```\n\n",
        "See [the manual][m].\n\n",
        "[m]: https://example.org\n\n",
        "\n\n",
    ]
)


def plain(lines: list[Line]) -> list[tuple[str, str, int, int]]:
    return [(line.text, line.kind, line.block, line.source_start) for line in lines]


def rendered(text: str, parts: list[SourcePart], width: int = 40) -> list[Line]:
    env = references_of(text)
    lines: list[Line] = []
    codes = 0
    for part in parts:
        more = render_part(text, part, width, PALETTE, env, codes)
        lines += more.lines
        codes += len(more.code_blocks) - part.is_within_code
    return lines


def seams(text: str, parts: list[SourcePart]) -> list[str]:
    """What lies between one part and the next."""
    return [text[part.end : following.start] for part, following in pairwise(parts)]


@given(st.lists(BLOCKS, min_size=2, max_size=14), st.integers(8, 60))
def test_parts_that_begin_with_a_block_look_like_the_whole(blocks: list[str], size: int) -> None:
    text = "".join(blocks).lstrip("\n")
    parts = cut_markdown(text, size=size)
    begins_block = [part.join == "block" and text[part.start] not in " -*+>|<1" for part in parts[1:]]
    if all(begins_block):
        assert plain(rendered(text, parts)) == plain(render_markdown(text, 40, PALETTE).lines)


@given(st.lists(BLOCKS, max_size=14), st.integers(8, 60))
def test_parts_are_all_of_the_text(blocks: list[str], size: int) -> None:
    text = "".join(blocks)
    for parts in (cut_markdown(text, size=size), cut_plain(text, size)):
        assert parts[0].start == 0
        assert parts[-1].end == len(text)
        assert set(seams(text, parts)) <= {"", " ", "\n"}
        assert [part.first_line for part in parts] == [text.count("\n", 0, part.start) for part in parts]


@pytest.mark.parametrize("line", ["    value = compute(1)  # three\n", "\n", "x\n"])
def test_code_in_parts_is_one_block_with_one_number(line: str) -> None:
    text = (
        "```\nfirst\n```\n\n```python\n" + line * (6 * PART_SIZE // len(line)) + "```\n\nAfter.\n\n```\nlast\n```\n"
    )
    parts = cut_markdown(text)
    assert len(parts) > 2
    lines = rendered(text, parts, 76)
    labels = [line.text for line in lines if line.kind == "code-label"]
    assert labels == ["┌ 1 · text", "┌ 2 · python", "┌ 3 · text"]
    assert "\n".join(line.copied_text for line in lines if line.block == 2)[13:] == line * (
        6 * PART_SIZE // len(line) - 1
    ) + line.removesuffix("\n")
    assert [block[:5] for block in render_markdown(text, 76, PALETTE).code_blocks] == [
        "first",
        (line * 5)[:5],
        "last",
    ]


def test_a_table_in_parts_has_its_header_once() -> None:
    text = "| name | value |\n|---|---|\n" + "".join(f"| row {n} | {n} |\n" for n in range(2_000))
    parts = cut_markdown(text)
    assert len(parts) > 2
    lines = [line.text for line in rendered(text, parts, 76)]
    assert sum("name" in line for line in lines) == 1
    assert [line.split("│")[0].strip() for line in lines[2:]] == [f"row {n}" for n in range(2_000)]


@pytest.mark.parametrize(
    "text",
    [
        "word " * 20_000,
        "x" * 100_000,
        "漢字かな" * 25_000,
        "- item\n" * 15_000,
        "> quoted\n" * 12_000,
        "line\n" * 20_000,
    ],
    ids=["words", "noise", "wide", "list", "quote", "lines"],
)
def test_giant_blocks_are_cut_and_nothing_is_lost(text: str) -> None:
    parts = cut_markdown(text)
    assert max(part.end - part.start for part in parts) <= 3 * PART_SIZE
    shown = "".join(
        (line.glue if number else "") + line.copied_text for number, line in enumerate(rendered(text, parts, 76))
    )
    wanted = text.replace("> ", "").replace("- ", "• ").split()
    assert shown.split() == wanted


def test_plain_text_is_joined_as_it_was() -> None:
    text = "a line with words in it\n" * 500 + "word " * 10_000 + "\n" + "x" * 50_000
    parts = cut_plain(text)
    joined = "".join(
        {"line": "\n", "block": "\n"}.get(part.join, part.join) + text[part.start : part.end] for part in parts
    )
    assert joined[1:] == text
