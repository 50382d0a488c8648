"""Keeps TeX in Markdown as it is written: $…$, $$…$$, \\(…\\) and \\[…\\]. Rules for markdown-it; sets no math."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_LONGEST = 4000
"""Characters of one formula within a line, and ..."""
_MOST_LINES = 200
"""... lines of one that stands alone; what is longer is no formula, and is not searched again and again."""
_INLINE = re.compile(r"\$(?![\s$])([^$\n]{0,1000}?[^$\s\\])\$(?![\d$])")
_PAIRS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"))
_BLOCKS = {"$$": "$$", "\\[": "\\]"}


def keep_math(parser: MarkdownIt) -> None:
    """Adds the token types math_inline and math_block; their content is the source with its marks."""
    parser.inline.ruler.before("escape", "math_inline", _inline)
    parser.block.ruler.before(
        "fence", "math_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _inline(state: StateInline, silent: bool) -> bool:
    end = _end_of_math(state.src, state.pos, state.posMax)
    if end is None:
        return False
    if not silent:
        state.push("math_inline", "", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _end_of_math(text: str, start: int, stop: int) -> int | None:
    if text[start] not in "$\\":
        return None
    for opening, closing in _PAIRS:
        if text.startswith(opening, start):
            at = text.find(closing, start + 2, min(stop, start + _LONGEST))
            return at + 2 if at > start + 2 else None
    match = _INLINE.match(text, start, stop)
    return match.end() if match else None


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    opening = state.src[state.bMarks[start] + state.tShift[start] :][:2]
    closing = _BLOCKS.get(opening)
    if closing is None:
        return False
    known: dict[str, int] = state.env.setdefault("lines without the end of a formula", {})
    last = min(end, start + _MOST_LINES)
    for line in range(max(start, min(known.get(closing, 0), last - 1)), last):
        if line > start and state.sCount[line] < state.blkIndent:
            return False
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
        if text.endswith(closing) and (line > start or len(text) > 4):
            break
    else:
        known[closing] = last
        return False
    if not silent:
        token = state.push("math_block", "", 0)
        token.content = state.getLines(start, line + 1, state.blkIndent, False).strip()
        token.map = [start, line + 1]
        state.line = line + 1
    return True
