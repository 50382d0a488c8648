"""Markdown source -> lines: a whole text, or one part of a long one. Knows nothing of widgets or messages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.blocks import BlockRenderer
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.parting import SourcePart, cut_markdown
from metis_tui.tui.rendering.plain import plain_lines
from metis_tui.tui.rendering.syntax import MAX_NESTING, is_too_hard, parse_blocks

if TYPE_CHECKING:
    from markdown_it.token import Token

_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S[^\n]*$", re.MULTILINE)
_MAX_DEFINITIONS = 2_000


@dataclass
class Rendered:
    """A rendered message: its lines and the source of its code blocks."""

    lines: list[Line] = field(default_factory=list)
    code_blocks: list[str] = field(default_factory=list)
    """The first is the rest of one from the part before when a part begins within code."""
    code_infos: dict[int, str] = field(default_factory=dict)
    """What stands behind the fences, by the number of the code block: mostly a language."""

    def add_codes(self, codes: list[str], *, is_continued: bool) -> None:
        """Takes the code blocks of the part that follows."""
        if is_continued and codes and self.code_blocks:
            self.code_blocks[-1] += "\n" + codes[0]
            codes = codes[1:]
        self.code_blocks += codes


def render_markdown(source: str, width: int, palette: Palette) -> Rendered:
    """The lines of a whole text; the source is sanitised first."""
    return render_as_it_is(printable(source), width, palette)


def render_as_it_is(text: str, width: int, palette: Palette) -> Rendered:
    """The same for a text that is not sanitised; its lines may not be shown."""
    rendered = Rendered()
    if text.strip():
        parts = cut_markdown(text)
        env = references_of(text) if len(parts) > 1 else {}
        for part in parts:
            more = render_part(text, part, width, palette, env, len(rendered.code_blocks))
            rendered.lines += more.lines
            rendered.add_codes(more.code_blocks, is_continued=part.is_within_code)
            rendered.code_infos = {**more.code_infos, **rendered.code_infos}
    return rendered


def render_part(
    text: str, part: SourcePart, width: int, palette: Palette, env: dict[str, Any], codes_before: int = 0
) -> Rendered:
    """The lines of one part of a sanitised text; `env` holds the references of all of it."""
    source, first_source, codes = text[part.start : part.end], part.first_line, 0
    if part.opening:
        source = f"{part.opening}\n{source}"
        first_source -= part.opening.count("\n") + 1
        codes = 1 if part.is_within_code else 0
    if is_too_hard(source):
        return Rendered(_joined(all_plain(text[part.start : part.end], part.first_line, width, palette), part))
    renderer = BlockRenderer(width, palette, env, codes_before - codes)
    lines: list[Line] = []
    source_lines: list[str] = []
    for block in top_blocks(parse_blocks(source, env)):
        if lines:
            lines.append(_blank_before(block, first_source))
        if is_cut(block):
            source_lines = source_lines or source.split("\n")
            lines += as_plain(block, source_lines, first_source, width, palette)
        else:
            lines += renderer.render(block, first_source)
    if part.opening:
        lines = [line for line in lines if line.source_start >= part.first_line]
    return Rendered(_joined(lines, part), renderer.code_blocks, renderer.code_infos)


def all_plain(text: str, first_line: int, width: int, palette: Palette) -> list[Line]:
    leading = len(text) - len(text.lstrip("\n"))
    return plain_lines(text.strip("\n"), width, palette.text, first_source=first_line + leading)


def _joined(lines: list[Line], part: SourcePart) -> list[Line]:
    """The lines of a part with what parts them from the part before."""
    if not lines or part.start == 0:
        return lines
    if part.join == "block":
        first = lines[0].source_start
        return [Line((), (first, first), "blank"), *lines]
    if part.is_continued:
        lines[0].glue = part.join
    return lines


def references_of(text: str) -> dict[str, Any]:
    """What a text's parts must know of each other: the addresses that links refer to."""
    env: dict[str, Any] = {}
    definitions = [match.group() for match in _DEFINITION.finditer(text)]
    if definitions:
        parse_blocks("\n\n".join(definitions[:_MAX_DEFINITIONS]), env)
    return env


def top_blocks(tokens: list[Token]) -> list[list[Token]]:
    """The tokens of each top-level block."""
    blocks: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            blocks.append([token])
        else:
            blocks[-1].append(token)
    return blocks


def is_cut(block: list[Token]) -> bool:
    """The parser left text out because it was nested too deeply."""
    return len(block) > MAX_NESTING and max(token.level for token in block) >= MAX_NESTING - 2


def as_plain(block: list[Token], source: list[str], first_source: int, width: int, palette: Palette) -> list[Line]:
    start, end = block[0].map or (0, 0)
    text = "\n".join(source[start:end]).rstrip("\n")
    return plain_lines(text, width, palette.text, first_source=first_source + start)


def _blank_before(block: list[Token], first_source: int) -> Line:
    start = first_source + (block[0].map[0] if block[0].map else 0)
    return Line((), (start, start), "blank")


def first_line(block: list[Token]) -> int:
    return block[0].map[0] if block[0].map else 0
