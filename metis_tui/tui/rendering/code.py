"""Code blocks -> lines: numbered, labelled, wrapped so that nothing is hidden, coloured when first looked at.

Knows Pygments, which is imported when the first code comes on screen; nothing of Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from rich.style import Style

from metis_tui.tui.rendering.lines import Line, Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.wrapping import chop, crop, expand_tabs, slice_pieces

PART_LINES = 150
MAX_COLOURED = 30_000
"""Characters of one part; longer lines stay in one colour."""
_MAX_LABEL = 24
GUTTER = "\u2502 "
CONTINUED = "\u21b3 "
_UNCOLOURED = frozenset(("", "text", "txt", "plain", "plaintext", "none", "output", "console-output"))


class Lexer(Protocol):
    """What is used of a Pygments lexer; Pygments has no types of its own."""

    def get_tokens_unprocessed(self, text: str) -> Iterable[tuple[int, object, str]]: ...


class CodeText:
    """The text of one code block and, once asked for, its colours."""

    def __init__(self, text: str, language: str, palette: Palette) -> None:
        self.lines = [expand_tabs(line) for line in text.split("\n")]
        self._language = language.lower()
        self._palette = palette
        self._parts: dict[int, _Part] = {}

    def pieces(self, row: int, start: int, end: int) -> list[Piece]:
        part = self._part_of(row)
        if row - part.first >= len(part.rows):
            return [(self.lines[row][start:end], self._palette.code_text)]
        pieces, starts = part.rows[row - part.first]
        return slice_pieces(pieces, starts, start, end)

    def _part_of(self, row: int) -> _Part:
        """The part a row is in. Very long code is coloured in parts, because all at once would be felt."""
        number = row // PART_LINES
        first = self._part_start(number)
        if row < first:
            number, first = number - 1, self._part_start(number - 1)
        part = self._parts.get(number)
        if part is None:
            lines = self.lines[first : self._part_start(number + 1)]
            part = self._parts[number] = _Part(first, _coloured_lines(lines, self._language, self._palette))
        return part

    def _part_start(self, number: int) -> int:
        """Parts begin after an empty line if there is one near, where a lexer seldom goes wrong."""
        first = number * PART_LINES
        if number == 0 or first >= len(self.lines):
            return min(first, len(self.lines))
        near = range(first, min(first + 30, len(self.lines)))
        return next((row + 1 for row in near if not self.lines[row].strip()), first)


class _Part(NamedTuple):
    first: int
    rows: list[tuple[list[Piece], list[int]]]


def code_lines(
    code: CodeText, width: int, palette: Palette, *, lead: list[Piece], number: int, first_source: int
) -> list[Line]:
    """The rows of the code itself; `lead` is drawn before the gutter and never copied."""
    lead_length = sum(len(text) for text, _ in lead) + len(GUTTER)
    room = max(4, width - lead_length)
    lines: list[Line] = []
    for row, text in enumerate(code.lines):
        for span in chop(text, room):
            before = [*lead, (CONTINUED if span.is_broken_word else GUTTER, palette.gutter)]
            part = text[span.start : span.end]
            lines.append(
                Line(
                    [*before, (part, palette.code_text)],
                    (first_source + row, first_source + row + 1),
                    "code",
                    lead=lead_length,
                    glue="" if span.is_broken_word else "\n",
                    block=number,
                    paint=_painter(code, before, row, span.start, span.end) if part else None,
                )
            )
    return lines


def label_line(language: str, width: int, palette: Palette, *, lead: list[Piece], number: int, source: int) -> Line:
    label = f"\u250c {number} \u00b7 {crop(language, _MAX_LABEL) if language else 'text'}"
    return Line(
        [*lead, (crop(label, max(4, width)), palette.gutter)], (source, source + 1), "code-label", block=number
    )


def _painter(code: CodeText, before: list[Piece], row: int, start: int, end: int) -> Any:
    return lambda: [*before, *code.pieces(row, start, end)]


def _coloured_lines(lines: list[str], language: str, palette: Palette) -> list[tuple[list[Piece], list[int]]]:
    lexer = None
    if language not in _UNCOLOURED and sum(map(len, lines)) <= MAX_COLOURED:
        lexer = _lexer(language)
    if lexer is None:
        return []
    rows: list[list[Piece]] = [[]]
    for _, kind, value in lexer.get_tokens_unprocessed("\n".join(lines) + "\n"):
        style = _style(str(kind), palette)
        first, *rest = value.split("\n")
        if first:
            rows[-1].append((first, style))
        for part in rest:
            rows.append([(part, style)] if part else [])
    coloured = []
    for row, line in zip(rows, lines, strict=False):
        if "".join(text for text, _ in row) != line:
            return []  # a lexer that does not keep the text may not change what is shown
        starts = [0]
        for text, _ in row:
            starts.append(starts[-1] + len(text))
        coloured.append((row, starts))
    return coloured


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    pygments = import_module("pygments.lexers")
    try:
        lexer: Lexer = pygments.get_lexer_by_name(language)
    except (pygments.ClassNotFound, ImportError):
        return None
    return lexer


@lru_cache(maxsize=512)
def _style(kind: str, palette: Palette) -> Style:
    kind = kind.removeprefix("Token.")
    for prefix, style in (
        ("Keyword", palette.keyword),
        ("Operator.Word", palette.keyword),
        ("Name.Tag", palette.keyword),
        ("Literal.String", palette.string),
        ("Literal.Number", palette.number),
        ("Comment", palette.comment),
        ("Name.Function", palette.name),
        ("Name.Class", palette.name),
        ("Name.Decorator", palette.name),
        ("Name.Builtin", palette.name),
        ("Generic.Deleted", palette.error),
        ("Generic.Inserted", palette.string),
        ("Generic.Heading", palette.heading),
        ("Generic.Subheading", palette.heading),
    ):
        if kind.startswith(prefix):
            return style
    return palette.code_text
