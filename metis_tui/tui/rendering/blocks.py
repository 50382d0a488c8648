"""Block tokens -> lines at a width. Knows the tokens of one top-level block at a time; nothing of streaming."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from rich.style import Style

from metis_tui.tui.rendering.code import CodeText, code_lines, label_line
from metis_tui.tui.rendering.inline import inline_text
from metis_tui.tui.rendering.lines import Line, LineKind, Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.plain import plain_lines
from metis_tui.tui.rendering.syntax import attribute
from metis_tui.tui.rendering.tables import Row, Table, table_lines
from metis_tui.tui.rendering.tex import tex_to_unicode
from metis_tui.tui.rendering.wrapping import wrap_pieces

if TYPE_CHECKING:
    from markdown_it.token import Token

_BULLETS = "\u2022\u25e6\u25aa"
_TASKS = {"[ ] ": "\u2610 ", "[x] ": "\u2611 ", "[X] ": "\u2611 "}
_QUOTE_BAR = "\u258e "
_MIN_ROOM = 12
"""Cells that nesting always leaves to the text: deeper containers are no longer indented."""


class _Container:
    """What a list item or quote draws before its rows: once the marker, then the same space."""

    __slots__ = ("first", "rest", "width")

    def __init__(self, first: Piece, rest: Piece, width: int) -> None:
        self.first: Piece | None = first
        self.rest = rest
        self.width = width


class BlockRenderer:
    """Renders the blocks of one message in order; counts its code blocks and keeps their source."""

    def __init__(self, width: int, palette: Palette, env: dict[str, Any], codes_before: int = 0) -> None:
        self.width = max(4, width)
        self.palette = palette
        self.env = env
        self.code_blocks: list[str] = []
        self.code_infos: dict[int, str] = {}
        """What stands behind the fence of a code block, by its number."""
        self._codes_before = codes_before
        self._containers: list[_Container] = []
        self._first_source = 0
        self._lines: list[Line] = []

    def render(self, tokens: Sequence[Token], first_source: int) -> list[Line]:
        """The lines of one top-level block; its token maps count from source line `first_source`."""
        self._lines, self._containers, self._first_source = [], [], first_source
        self._blocks(tokens, 0, len(tokens), is_tight=False, base=self.palette.text)
        return self._lines

    def continued_code(self, text: str, language: str, first_source: int) -> list[Line]:
        """More rows of the code block that was begun last, without a label."""
        return code_lines(
            CodeText(text, language, self.palette),
            self.width,
            self.palette,
            lead=[],
            number=self._codes_before + len(self.code_blocks),
            first_source=first_source,
        )

    def _blocks(self, tokens: Sequence[Token], start: int, end: int, *, is_tight: bool, base: Style) -> None:
        index = start
        while index < end:
            token = tokens[index]
            close = index + 1 if token.nesting == 0 else _closing(tokens, index, end)
            if index > start and not is_tight:
                self._blank(token)
            self._block(tokens, index, close, base)
            index = close

    def _block(self, tokens: Sequence[Token], index: int, close: int, base: Style) -> None:
        token = tokens[index]
        match token.type:
            case "paragraph_open":
                self._text(tokens[index + 1].content, token, base)
            case "heading_open":
                major = token.tag in ("h1", "h2")
                style = self.palette.heading_major if major else self.palette.heading
                self._text(tokens[index + 1].content, token, style, "heading")
            case "bullet_list_open" | "ordered_list_open":
                self._list(tokens, index, close, base)
            case "blockquote_open":
                with_bar = (_QUOTE_BAR, self.palette.gutter)
                self._inside(
                    _Container(with_bar, with_bar, 2), tokens, index, close, False, base + self.palette.quote
                )
            case "fence" | "code_block":
                self._code(token)
            case "table_open":
                self._table(tokens, index, close)
            case "hr":
                room = min(self._room(), 40)
                self._emit([("\u2500" * room, self.palette.gutter)], self._source(token), "rule")
            case "math_block":
                self._math(token)
            case _:
                self._verbatim(token.content.rstrip("\n"), token, self.palette.muted)

    # --- containers -------------------------------------------------------------------------------

    def _inside(
        self, container: _Container, tokens: Sequence[Token], index: int, close: int, is_tight: bool, base: Style
    ) -> None:
        if self._room() - container.width < _MIN_ROOM and self._containers:
            container = _Container(("", base), ("", base), 0) if container.width == 2 else container
        self._containers.append(container)
        before = len(self._lines)
        self._blocks(tokens, index + 1, close - 1, is_tight=is_tight, base=base)
        if len(self._lines) == before:
            self._emit([], self._source(tokens[index]))
        self._containers.pop()

    def _list(self, tokens: Sequence[Token], index: int, close: int, base: Style) -> None:
        is_ordered = tokens[index].type == "ordered_list_open"
        level = tokens[index].level
        is_tight = not any(
            token.type == "paragraph_open" and token.level == level + 2 and not token.hidden
            for token in tokens[index:close]
        )
        depth = sum(
            1 for container in self._containers if container.width != len(_QUOTE_BAR) or container.rest[0] == "  "
        )
        number = int(attribute(tokens[index].attrs, "start") or 1)
        count = sum(1 for token in tokens[index:close] if token.type == "list_item_open" and token.level == level + 1)
        size = len(str(number + count - 1)) + 2 if is_ordered else 2
        item = index + 1
        while item < close - 1:
            end = _closing(tokens, item, close)
            if item > index + 1 and not is_tight:
                self._blank(tokens[item])
            marker = f"{number}. ".rjust(size) if is_ordered else f"{_BULLETS[min(depth, 2)]} "
            number += 1
            container = _Container((marker, self.palette.marker), (" " * size, self.palette.text), size)
            self._inside(container, tokens, item, end, is_tight, base)
            item = end

    # --- leaves -----------------------------------------------------------------------------------

    def _text(self, source: str, token: Token, base: Style, kind: LineKind = "text") -> None:
        item = self._containers[-1] if self._containers else None
        if item is not None and item.first and item.first[0][:1] in tuple(_BULLETS) and source[:4] in _TASKS:
            item.first = _TASKS[source[:4]], self.palette.marker
            source = source[4:]
        inline = inline_text(source, base, self.palette, self.env)
        first, _ = self._source(token)
        for row in wrap_pieces(inline.pieces, self._room()):
            line = first + bisect_right(inline.breaks, row.start)
            self._emit(row.pieces, (line, line + 1), kind, glue=row.glue)

    def _verbatim(self, text: str, token: Token, style: Style, kind: LineKind = "text") -> None:
        first, _ = self._source(token)
        for line in plain_lines(text, self._room(), style, first_source=first):
            self._emit(line.pieces, (line.source_start, line.source_end), kind, glue=line.glue)

    def _math(self, token: Token) -> None:
        content = token.content.strip()
        shown = tex_to_unicode(content[2:-2].strip()) if "\n" not in content[2:-2].strip() else None
        self._verbatim(shown or token.content.rstrip("\n"), token, self.palette.math, "math")

    def _code(self, token: Token) -> None:
        text = token.content
        text = text.removesuffix("\n")
        self.code_blocks.append(text)
        number = self._codes_before + len(self.code_blocks)
        self.code_infos[number] = token.info.strip() if token.info else ""
        language = token.info.strip().split(" ")[0].strip("{}.") if token.info else ""
        first, _ = self._source(token)
        label_lead = self._lead()
        label = label_line(language, self._room(), self.palette, lead=label_lead, number=number, source=first)
        body_first = first + 1 if token.type == "fence" else first
        self._lines.append(label)
        self._lines += code_lines(
            CodeText(text, language, self.palette),
            self.width,
            self.palette,
            lead=self._lead(),
            number=number,
            first_source=body_first,
        )

    def _table(self, tokens: Sequence[Token], index: int, close: int) -> None:
        table, row = Table(), Row()
        for position in range(index, close):
            token = tokens[position]
            if token.type == "tr_open":
                row = Row(source=self._source(token)[0])
            elif token.type in ("th_open", "td_open"):
                is_header = token.type == "th_open"
                base = self.palette.strong if is_header else self.palette.text
                row.cells.append(inline_text(tokens[position + 1].content, base, self.palette, self.env).pieces)
                if is_header:
                    table.alignments.append(attribute(token.attrs, "style").removeprefix("text-align:"))
            elif token.type == "tr_close":
                if table.header.cells:
                    table.rows.append(row)
                else:
                    table.header = row
        for line in table_lines(table, self._room(), self.palette):
            self._emit(line.pieces, (line.source_start, line.source_end), "table")

    # --- rows -------------------------------------------------------------------------------------

    def _source(self, token: Token) -> tuple[int, int]:
        first, last = token.map if token.map else (0, 0)
        return self._first_source + first, self._first_source + last

    def _room(self) -> int:
        return max(1, self.width - sum(container.width for container in self._containers))

    def _lead(self) -> list[Piece]:
        """What the containers draw before the next row; markers are used up."""
        lead: list[Piece] = []
        for container in self._containers:
            lead.append(container.first or container.rest)
            container.first = None
        return lead

    def _emit(
        self, pieces: Sequence[Piece], source: tuple[int, int], kind: LineKind = "text", *, glue: str = "\n"
    ) -> None:
        before = self._lead()
        # A row that goes on is copied without what stands before it, every row without the bars of quotes.
        bars = before if glue != "\n" else list(takewhile(lambda piece: piece[0] == _QUOTE_BAR, before))
        lead = sum(len(text) for text, _ in bars)
        self._lines.append(Line([*before, *pieces], source, kind, lead=lead, glue=glue))

    def _blank(self, token: Token) -> None:
        first, _ = self._source(token)
        lead = [container.rest for container in self._containers]
        while lead and not lead[-1][0].strip():
            lead.pop()
        self._lines.append(Line(lead, (first, first), "blank"))


def _closing(tokens: Sequence[Token], index: int, end: int) -> int:
    """The position after the token that closes the one at `index`."""
    token = tokens[index]
    if token.nesting == 0:
        return index + 1
    for position in range(index + 1, end):
        if tokens[position].level == token.level and tokens[position].nesting == -1:
            return position + 1
    return end
