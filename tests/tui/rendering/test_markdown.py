"""Markdown source -> plain lines, at several widths."""

from __future__ import annotations

import pytest

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.markdown import render_markdown
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.wrapping import cells

PALETTE = Palette()


def shown(source: str, width: int = 76) -> list[str]:
    return [line.text for line in render_markdown(source, width, PALETTE).lines]


def style_of(lines: list[Line], text: str) -> str:
    return next(str(style) for line in lines for part, style in line.pieces if text in part)


@pytest.mark.parametrize(
    ("source", "width", "expected"),
    [
        ("one two three four five", 20, ["one two three four", "five"]),
        ("soft\nbreak", 20, ["soft break"]),
        ("hard  \nbreak\\\nagain", 20, ["hard", "break", "again"]),
        ("# Title\n\ntext", 40, ["Title", "", "text"]),
        ("a\n\n\n\nb", 20, ["a", "", "b"]),
        ("**bold** *it* ~~no~~ `code`", 40, ["bold it no code"]),
        ("[bold]x[/] and [/] stay", 40, ["[bold]x[/] and [/] stay"]),
        ("[label](https://a.b)", 40, ["label (https://a.b)"]),
        ("<https://a.b>", 40, ["https://a.b"]),
        ("![chart](c.png)", 40, ["[image: chart] (c.png)"]),
        ("- a\n- b", 20, ["• a", "• b"]),
        ("- a\n\n- b", 20, ["• a", "", "• b"]),
        ("- a\n  - b\n    - c", 20, ["• a", "  ◦ b", "    ▪ c"]),
        ("9. a\n10. b", 20, [" 9. a", "10. b"]),
        ("- [ ] to do\n- [x] done", 20, ["☐ to do", "☑ done"]),
        ("- words that wrap at twenty", 20, ["• words that wrap at", "  twenty"]),
        ("> quoted\n> text", 40, ["▎ quoted text"]),
        ("> a\n>\n> > b", 40, ["▎ a", "▎ ", "▎ ▎ b"]),
        ("***", 20, ["─" * 20]),
        ("<div>\n<b>x</b>", 40, ["<div>", "<b>x</b>"]),
        ("a <b>x</b>", 40, ["a <b>x</b>"]),
        ("```py\nx = 1\n```", 40, ["┌ 1 · py", "│ x = 1"]),
        ("    x = 1", 40, ["┌ 1 · text", "│ x = 1"]),
        ("```\na\tb\n```", 40, ["┌ 1 · text", "│ a   b"]),
        ("```\n" + "0123456789" * 3 + "\n```", 20, ["┌ 1 · text", "│ 012345678901234567", "↳ 890123456789"]),
        ("- a\n  ```\n  x\n  ```", 40, ["• a", "  ┌ 1 · text", "  │ x"]),
        ("```\n```", 40, ["┌ 1 · text", "│ "]),
        ("漢字漢字漢字漢字漢字漢字", 20, ["漢字漢字漢字漢字漢字", "漢字"]),
        ("漢字漢字漢字漢字漢字。", 20, ["漢字漢字漢字漢字漢", "字。"]),
        ("x" * 25, 20, ["x" * 20, "x" * 5]),
        ("", 20, []),
        (" \n\n ", 20, []),
        ("&amp; &copy; \\*", 20, ["& © *"]),
    ],
)
def test_lines(source: str, width: int, expected: list[str]) -> None:
    assert shown(source, width) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$x^2$", "x²"),
        ("a $\\alpha_i \\le \\frac{1}{2}$ b", "a αᵢ ≤ 1/2 b"),
        ("\\(a + b\\)", "a + b"),
        ("\\[ \\sum_{i=1}^n x_i \\]", "∑ᵢ₌₁ⁿ xᵢ"),
        ("$\\log n$", "log n"),
        ("$\\mystery{x}$", "$\\mystery{x}$"),
        ("\\(\\mystery*a*\\)", "\\(\\mystery*a*\\)"),
        ("costs $5 and $10 or $3-$4", "costs $5 and $10 or $3-$4"),
        ("`$x^2$`", "$x^2$"),
        ("$$\nE = mc^2\n$$", "E = mc²"),
        ("\\$5 and $", "$5 and $"),
    ],
)
def test_math(source: str, expected: str) -> None:
    assert shown(source) == [expected]


def test_math_that_is_not_known_keeps_its_source() -> None:
    source = "$$\n\\begin{aligned}\na &= b \\\\\n- c &= d\n\\end{aligned}\n$$"
    assert shown(source) == source.split("\n")


TABLE = "| Name | Value |\n|:---|---:|\n| alpha | 1 |\n| `beta` | 22 |"


def test_a_table_that_fits() -> None:
    assert shown(TABLE, 40) == [
        "Name  │ Value",
        "──────┼──────",
        "alpha │     1",
        "beta  │    22",
    ]


def test_a_wide_table_wraps_in_its_cells() -> None:
    source = "| a | long |\n|---|---|\n| 1 | " + "many words " * 6 + "|\n| 2 | b |"
    lines = shown(source, 40)
    assert max(map(len, lines)) <= 40
    assert lines[2].startswith("1 │ many words")
    assert lines[3].startswith("  │ ")
    assert sum(line.startswith("─") for line in lines) == 2  # rows that wrap are parted by rules


def test_a_table_too_narrow_for_columns_is_stacked() -> None:
    source = "| first | second | third |\n|---|---|---|\n| 1 | 2 | 3 |\n| 4 | 5 | 6 |"
    assert shown(source, 13) == [
        "first: 1",
        "second: 2",
        "third: 3",
        "────────",
        "first: 4",
        "second: 5",
        "third: 6",
    ]


EVERYTHING = """# A title that is long enough to wrap at narrow widths

Text with **bold words that wrap**, `some inline code`, [a link](https://example.org/a/long/path) and \
漢字かな交じり文 and \U0001f469\u200d\U0001f469\u200d\U0001f467 emoji and e\u0301 marks.

- item one
  - nested item with more words than fit into twenty cells
    1. deeper still, with words
       > and a quote inside it

| Name | Meaning | Number |
|---|:-:|--:|
| alpha beta | a cell with quite a few words in it | 12345 |

```python
def function(argument):  # with a comment that is too long for a narrow screen
    return argument
```

> quote with words that wrap around

$$\\int_0^1 x dx$$
"""


@pytest.mark.parametrize("width", [4, 8, 20, 40, 76, 120, 250])
def test_no_line_is_wider_than_asked(width: int) -> None:
    for line in render_markdown(EVERYTHING, max(width, 16), PALETTE).lines:
        assert cells(line.text) <= max(width, 16), line.text
    assert render_markdown(EVERYTHING, width, PALETTE).lines  # very narrow: nothing breaks


@pytest.mark.parametrize("width", [16, 40, 120])
def test_no_word_is_lost(width: int) -> None:
    joined = "".join("".join(shown(EVERYTHING, width)).split())
    for word in ("title", "inline", "https://example.org", "漢字", "deeper", "alpha", "12345", "argument", "around"):
        assert word in joined or width == 16, word


def test_lines_know_their_source() -> None:
    lines = render_markdown("# T\n\nfirst\nsecond word\n\n```py\na\nb\n```\n", 8, PALETTE).lines
    where = {line.text: (line.source_start, line.kind, line.block) for line in lines}
    assert where["T"] == (0, "heading", 0)
    assert where["first"] == (2, "text", 0)
    assert where["second"] == (3, "text", 0)
    assert where["│ a"] == (6, "code", 1)
    assert where["│ b"] == (7, "code", 1)


def test_copied_code_has_no_gutter_and_no_breaks_of_the_screen() -> None:
    rendered = render_markdown("```\nabcdefghijklmnopqrstuvwxyz\nsecond\n```", 12, PALETTE)
    code = [line for line in rendered.lines if line.kind == "code"]
    copied = "".join(("" if n == 0 else line.glue) + line.copied_text for n, line in enumerate(code))
    assert copied == "abcdefghijklmnopqrstuvwxyz\nsecond"
    assert rendered.code_blocks == ["abcdefghijklmnopqrstuvwxyz\nsecond"]


def test_code_is_coloured_only_when_looked_at() -> None:
    palette = Palette()
    lines = render_markdown("```python\ndef f(): return 'x'\n```", 60, palette).lines
    assert lines[1]._pieces[1] == ("def f(): return 'x'", palette.code_text)
    assert ("def", palette.keyword) in lines[1].pieces
    assert "".join(text for text, _ in lines[1].pieces) == lines[1].text


def test_very_long_code_is_coloured_in_parts_and_keeps_every_line() -> None:
    code = [f"x{n} = 'text'" if n % 7 else "" for n in range(700)]
    lines = render_markdown("```python\n" + "\n".join(code) + "\n```", 60, PALETTE).lines[1:]
    assert [line.text[2:] for line in lines] == code
    for line in reversed(lines):
        assert "".join(text for text, _ in line.pieces) == line.text
        assert line.text == "│ " or (
            "'text'" in line.text and any(style == PALETTE.string for _, style in line.pieces)
        )


@pytest.mark.parametrize("language", ["nonsense", "", "text", "{.python .numberLines}", "../../x", "Python"])
def test_any_language_label_is_fine(language: str) -> None:
    lines = render_markdown(f"```{language}\nx = '1\n```", 60, PALETTE).lines
    assert lines[1].text == "│ x = '1"
    assert "".join(text for text, _ in lines[1].pieces) == lines[1].text


def test_control_characters_are_shown_as_symbols() -> None:
    assert shown("a\x1b[31mred\x07 \u202eright\n\n`\x9b1m`") == ["a␛[31mred␇ right", "", "�1m"]


def test_styles_tell_without_colours() -> None:
    lines = render_markdown("# H\n\n**b** *i* ~~s~~ [l](u)", 60, PALETTE).lines
    assert "bold" in style_of(lines, "H")
    assert "bold" in style_of(lines, "b")
    assert "italic" in style_of(lines, "i")
    assert "strike" in style_of(lines, "s")
    assert "underline" in style_of(lines, "l")
