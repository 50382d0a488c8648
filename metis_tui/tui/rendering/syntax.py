"""The Markdown dialect: markdown-it with tables, strikethrough and math, and the limits that keep it fast.

Knows source and tokens; nothing of widths, styles or screens. markdown-it is imported at the first use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MAX_NESTING = 40
"""Levels of tokens; a list takes two of them. Beyond, markdown-it would drop the text, so it is shown plain."""
MAX_SOURCE = 400_000
MAX_INLINE = 60_000
MAX_MARKS = 6_000
MAX_PIPES = 30_000
MAX_LINES = 15_000
MAX_CELLS = 20_000
_MAX_MATH = 4_000
_DEEP = re.compile(r"^[ \t]*(?:(?:[>*+-]|\d{1,9}[.)])[ \t]*){17}(?<![-*\s][-*\s])(?=[^\n])", re.MULTILINE)
_DEEP_INDENT = re.compile(r"^[ \t]{64,}(?:[>*+-]|\d{1,9}[.)])", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t>]*[|:-][|: \t-]{60,}$", re.MULTILINE)
_MARKS = re.compile(r"[*_`~\[\]<!$\\]")


def is_too_hard(source: str) -> bool:
    """Source that would take the parser too long, or that it would cut: shown as plain text instead."""
    return (
        len(source) > MAX_SOURCE
        or (len(source) > MAX_PIPES and source.count("|") > MAX_PIPES)
        or source.count("\n") > MAX_LINES
        or _completed_cells(source) > MAX_CELLS
        or _DEEP.search(source) is not None
        or _nested_lines(source)
    )


def _nested_lines(source: str) -> bool:
    """Many deeply indented list items: each level would be scanned again by every level around it."""
    return sum(1 for _ in zip(_DEEP_INDENT.finditer(source), range(50), strict=False)) == 50


def _completed_cells(source: str) -> int:
    """Cells of the largest table there may be: short rows are filled up to the width of the header."""
    columns = max((match.group().count("|") for match in _TABLE_RULE.finditer(source)), default=0)
    return columns * source.count("\n")


def is_inline_too_hard(source: str) -> bool:
    return len(source) > MAX_INLINE or (len(source) > MAX_MARKS and len(_MARKS.findall(source)) > MAX_MARKS)


def parse_blocks(source: str, env: dict[str, Any]) -> list[Token]:
    """Block tokens with their inline content unparsed. `env` collects the link references."""
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(source, parser, env, tokens)
    return tokens


def parse_inline(source: str, env: dict[str, Any]) -> list[Token]:
    tokens: list[Token] = []
    parser = _parser()
    parser.inline.parse(source, parser, env, tokens)
    return tokens


def attribute(attributes: Mapping[str, str | int | float], name: str) -> str:
    return str(attributes.get(name, ""))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    # Links are only shown, never followed, so any address may stand there.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.inline.ruler.before("escape", "math", _inline_math)
    if hasattr(parser.inline, "add_terminator_char"):
        parser.inline.add_terminator_char("$")
    parser.block.ruler.before(
        "fence", "math_block", _block_math, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser


def _inline_math(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    found = _dollars(source, start, state.posMax) if source[start] == "$" else _brackets(source, start, state.posMax)
    if found is None:
        return False
    inner, end = found
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content = source[inner : end - (inner - start)]
        token.markup = source[start:inner]
    state.pos = end
    return True


def _dollars(source: str, start: int, limit: int) -> tuple[int, int] | None:
    """Where the formula begins and where its closing dollars end. `$5 and $10` is no formula."""
    limit = min(limit, start + _MAX_MATH)
    if source.startswith("$$", start):
        close = source.find("$$", start + 2, limit)
        return (start + 2, close + 2) if close > start + 2 else None
    if start + 1 >= limit or source[start + 1].isspace():
        return None
    close = start
    for _ in range(8):
        close = source.find("$", close + 1, limit)
        if close == -1:
            return None
        if source[close - 1] == "\\" or source[close - 1].isspace():
            continue
        if source[close + 1 : close + 2].isdigit():
            continue
        return start + 1, close + 1
    return None


def _brackets(source: str, start: int, limit: int) -> tuple[int, int] | None:
    closing = {"\\(": "\\)", "\\[": "\\]"}.get(source[start : start + 2])
    if closing is None:
        return None
    close = source.find(closing, start + 2, min(limit, start + _MAX_MATH))
    return (start + 2, close + 2) if close > start + 2 else None


def _block_math(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A formula on lines of its own, from `$$` or `\\[` to its end; no empty line may stand inside."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opening = state.src[begin : begin + 2]
    if opening not in ("$$", "\\[") or state.is_code_block(start_line):
        return False
    closing = "$$" if opening == "$$" else "\\]"
    line, search = start_line, begin + 2
    while line < end_line and line - start_line < 200 and not (line > start_line and state.isEmpty(line)):
        if line > start_line and state.sCount[line] < state.blkIndent:
            return False
        close = state.src.find(closing, search, state.eMarks[line])
        if close != -1:
            break
        line += 1
        search = state.bMarks[line] if line < end_line else search
    else:
        return False
    if line >= end_line or state.src[close + 2 : state.eMarks[line]].strip(" .,;"):
        return False
    if silent:
        return True
    token = state.push("math_block", "math", 0)
    token.content = state.getLines(start_line, line + 1, state.blkIndent, False)
    token.markup = opening
    token.map = [start_line, line + 1]
    state.line = line + 1
    return True
