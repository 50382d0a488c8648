"""Text made to break a renderer: it is shown, in a bounded number of lines, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.tui.display.cells import is_shown
from metis_tui.tui.rendering import syntax
from metis_tui.tui.rendering.incremental import IncrementalMarkdown
from metis_tui.tui.rendering.markdown import render_markdown
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.wrapping import cells

PALETTE = Palette()

HOSTILE = {
    "nested list in one line": "- " * 10_000 + "end",
    "nested list by indentation": "\n".join("  " * n + "- end" for n in range(800)),
    "nested quotes": ">" * 10_000 + " end",
    "nested quotes on many lines": "\n".join("> " * 60 + "end" for _ in range(300)),
    "table of 5,000 columns": "|" + "a|" * 5_000 + "\n|" + "-|" * 5_000 + "\n|" + "end|" * 5_000,
    "table filled up": "|" + "a|" * 200 + "\n|" + "-|" * 200 + "\n" + "|end\n" * 300,
    "one long word": "x" * 1_000_000 + " end",
    "one long line": "word " * 200_000 + "end",
    "one long line of wide characters": "漢" * 200_000 + " end",
    "one long line of code": "```\n" + "x" * 900_000 + " end\n```",
    "zero-width flood": "a" + "\u064b" * 100_000 + " end",
    "joiner flood": "\u200d" * 100_000 + " end",
    "marks on marks": ("a" + "\u0300" * 50) * 5_000 + " end",
    "open brackets": "[" * 50_000 + " end",
    "open links": "[a](" * 15_000 + " end",
    "stars": "*a **b " * 10_000 + " end",
    "backticks": "".join("`" * n + " " for n in range(300)) + " end",
    "dollars": "$a " * 15_000 + " end",
    "angles": "<a" * 20_000 + " end",
    "escapes": "\\(" * 20_000 + " end",
    "fences": "```\n~~~\n" * 3_000 + "end",
    "definitions": "[a]: b\n" * 5_000 + "\nend",
    "items": "- a\n" * 10_000 + "- end",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_shown_whole_and_bounded(name: str) -> None:
    source = HOSTILE[name]
    lines = render_markdown(source, 80, PALETTE).lines
    assert lines
    assert "end" in "".join(line.text for line in lines[-1000:])
    assert len(lines) <= source.count("\n") * 2 + len(source) // 8 + 20
    assert max(len(line.text) for line in lines) <= 2_000
    if "list" not in name and "quotes" not in name:
        assert max(cells(line.text) for line in lines) <= 80


@pytest.mark.parametrize("name", ["nested quotes", "items", "fences", "stars"])
def test_hostile_text_streams(name: str) -> None:
    source = HOSTILE[name][:20_000]
    incremental = IncrementalMarkdown(80, PALETTE)
    for start in range(0, len(source), 2_000):
        incremental.feed(source[start : start + 2_000])
        incremental.render()
    assert incremental.lines
    assert len(incremental.finish().lines) == len(render_markdown(source, 80, PALETTE).lines)


def test_text_below_the_limit_of_nesting_is_rendered_and_above_shown_plain() -> None:
    modest = "\n".join("  " * n + "- item" for n in range(10))
    assert render_markdown(modest, 80, PALETTE).lines[-1].text.strip() == "▪ item"
    deep = "\n".join("  " * n + f"- level {n}" for n in range(40))
    text = "\n".join(line.text for line in render_markdown(deep, 200, PALETTE).lines)
    assert all(f"level {n}" in text for n in range(40))


def test_ordinary_text_is_never_too_hard() -> None:
    for source in (
        "- " * 10 + "x",
        "> " * 10 + "x",
        "- - -\n" * 50,
        "* * * * * * * * * * * * * * * * * * * *",
        "|" * 500,
    ):
        assert not syntax.is_too_hard(source), source


REFERENCES = [
    *(f"&#{code};" for code in (0, 7, 9, 10, 12, 13, 27, 127, 0x9B, 0xAD, 0x2028, 0x202E, 0xFEFF, 0xD800, 0xE0041)),
    *("&rlm;", "&lrm;", "&ZeroWidthSpace;", "&NoBreak;", "&Tab;", "&NewLine;", "&shy;", "&zwj;", "&#x1b;[31m"),
]
AROUND = [
    "a",
    " ",
    "*",
    "**",
    "`",
    "[",
    "](",
    ")",
    "!",
    "<",
    ">",
    "|",
    "\n",
    "|-|\n",
    "$",
    "# ",
    "- ",
    "```",
    "http://a.b/",
]


@given(st.lists(st.sampled_from([*REFERENCES, *AROUND]), max_size=40).map("".join))
def test_references_never_become_what_a_terminal_obeys(source: str) -> None:
    """The parser turns `&#x202e;` into the character itself, behind the sanitiser's back."""
    for line in render_markdown(source, 80, PALETTE).lines:
        assert all(is_shown(character) for character in line.text), ascii(line.text)


def test_a_reference_to_a_control_is_shown_as_its_picture() -> None:
    (line,) = render_markdown("a&#13;b &#x202e;evil [x](y&#12;z)", 80, PALETTE).lines
    assert line.text == "a\u240db evil x (y\u240cz)"
