"""Makes a message's Markdown fit for a larger document: it stays what it is but cannot reach out of its place.

Headings go below those of the document, a fence that was never closed is closed, HTML that would swallow or close
what is around it is shown as text. Code is not touched. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.token import Token

from metis_tui.chat.printable import printable
from metis_tui.exchange.code_block import code_block

_PASSES = 8
_END = "end of the message"
_HARMFUL = {
    *block_names,
    *("script", "style", "pre", "textarea", "template", "svg", "math", "button", "select", "object"),
}
_TAG = re.compile(rf"<(?=/?(?:{'|'.join(sorted(_HARMFUL))})(?:[\s/>]|$)|!--|!\[CDATA\[|![A-Za-z]|\?)", re.IGNORECASE)
_NEEDS_WORK = re.compile(r"<|^ {0,3}(?:#|=+[ \t]*$|-+[ \t]*$|```|~~~)", re.MULTILINE)
"""Without these there is nothing that could reach out of its place."""
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)


def contained(text: str, depth: int) -> str:
    """The text as a part of a document whose own headings have levels up to `depth`."""
    text = printable(text).rstrip()
    if _NEEDS_WORK.search(text) is None:
        return text
    made = _contained(text.split("\n"), depth)
    # What is a table for some readers is a heading or the beginning of code for others: it must be harmless to both.
    if "|" in text and not all(_is_harmless(made, depth, has_tables=has_tables) for has_tables in (True, False)):
        return code_block(text)
    return made


def _contained(lines: list[str], depth: int) -> str:
    tokens = _blocks(lines)
    for _ in range(_PASSES):
        blocks = [token for token in tokens if token.type == "html_block"]
        if not blocks:
            break
        for token in blocks:
            for number in _numbers(token):
                lines[number] = lines[number].replace("<", "&lt;")
        tokens = _blocks(lines)  # what was inside is Markdown now
    for token in tokens:
        if token.type == "inline":
            _escape_tags(lines, token)
    lowered = _with_lower_headings(lines, tokens, depth)
    if tokens and (last := tokens[-1]).type == "fence" and not _is_closed(lines, last):
        lowered.append(last.markup)
    return "\n".join(lowered)


def _is_harmless(text: str, depth: int, *, has_tables: bool) -> bool:
    """Whether a reader finds no heading of the document's levels in the text, nothing open and no HTML."""
    tokens = _parser(has_tables).parse(f"{text}\n\n# {_END}")
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open" and token.level == 0]
    ends = len(tokens) > 1 and tokens[-2].content == _END and levels[-1:] == [1]
    return ends and min(levels[:-1], default=6) > depth and not any(token.type == "html_block" for token in tokens)


def escaped(text: str) -> str:
    """One line of plain text as Markdown."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>#|~$&!" else character for character in text)


def _blocks(lines: list[str]) -> list[Token]:
    return _parser(True).parse("\n".join(lines))


@lru_cache(maxsize=2)
def _parser(has_tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    if has_tables:
        parser.enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _numbers(token: Token) -> range:
    start, end = token.map or (0, 0)
    return range(start, end)


def _escape_tags(lines: list[str], token: Token) -> None:
    numbers = _numbers(token)
    text = "\n".join(lines[number] for number in numbers)
    if _TAG.search(text) is None:
        return
    made, at = [], 0
    for span in _CODE_SPAN.finditer(text):
        made += [_TAG.sub("&lt;", text[at : span.start()]), span.group()]
        at = span.end()
    made.append(_TAG.sub("&lt;", text[at:]))
    for number, line in zip(numbers, "".join(made).split("\n"), strict=True):
        lines[number] = line


def _with_lower_headings(lines: list[str], tokens: list[Token], depth: int) -> list[str]:
    """The lines with top-level headings `depth` levels lower, at most at level 6; all of them as # headings."""
    lowered: list[str] = []
    done = 0
    for token in tokens:
        if token.type != "heading_open" or token.level != 0:
            continue
        numbers = _numbers(token)
        lowered += lines[done : numbers.start]
        marks = "#" * min(6, int(token.tag[1]) + depth)
        if token.markup.startswith("#"):
            lowered.append(f"{marks}{lines[numbers.start].lstrip().lstrip('#')}")
        else:
            words = " ".join(lines[number].strip() for number in numbers[:-1])
            lowered.append(f"{marks} {words}")
        done = numbers.stop
    return lowered + lines[done:]


def _is_closed(lines: list[str], fence: Token) -> bool:
    numbers = _numbers(fence)
    last = lines[numbers.stop - 1].strip()
    return len(numbers) > 1 and set(last) == {fence.markup[0]} and len(last) >= len(fence.markup)
