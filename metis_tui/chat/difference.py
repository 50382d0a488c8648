"""How two replies differ: prose by words, code blocks by lines with the changed parts of a line. Pure.

Code blocks that are alike are found first and compared with each other only; what lies between two such pairs is
compared as prose. White space in prose does not count: a paragraph that is wrapped elsewhere is the same. In code it
counts, but for the ends of lines. Words that two changes have in common by chance ("the", "of") do not cut a change
in pieces. Knows nothing of screens: see `tui/rendering/difference.py` for how it is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from metis_tui.chat.sequences import common_runs

Kind = Literal["same", "gone", "new"]

_MOST_PAIRS = 2_500
"""Code blocks of one reply times those of the other up to which each is compared with each."""
_ALIKE = 0.3
_SHORT_RUN = 4
"""Words in common up to which they may be chance."""
_LARGE_HUNK = 60_000
"""Characters of changed lines beyond which the changes within them are not looked for."""


class Span(NamedTuple):
    """A stretch of both texts; "gone" is empty in the second, "new" in the first."""

    kind: Kind
    a_start: int
    a_end: int
    b_start: int
    b_end: int
    is_code: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """All of both texts, in spans that follow each other in both. A "gone" comes before the "new" in its place."""

    a: str
    b: str
    spans: tuple[Span, ...]
    is_coarse: bool = False
    """Some part is too large and too different to be compared word by word: it is shown as gone and new."""

    @property
    def changes(self) -> list[int]:
        """Indexes of the spans at which a change begins: a gone and the new in its place are one change."""
        starts = []
        for index, span in enumerate(self.spans):
            if span.kind != "same" and (index == 0 or self.spans[index - 1].kind == "same"):
                starts.append(index)
        return starts

    @property
    def same_share(self) -> float:
        """The part of both texts that is the same, by characters; 1 for equal texts."""
        whole = len(self.a) + len(self.b)
        same = sum(s.a_end - s.a_start + s.b_end - s.b_start for s in self.spans if s.kind == "same")
        return same / whole if whole else 1.0


def word_diff(a: str, b: str) -> Difference:
    """The difference of two replies in Markdown. A few hundred ms for 20,000 words each: call off the event loop."""
    spans: list[Span] = []
    is_coarse = False
    a_blocks, b_blocks = code_blocks(a), code_blocks(b)
    a_from, b_from = 0, 0
    a_before: list[CodeBlock] = []
    b_before: list[CodeBlock] = []
    pairs = [*_paired(a, b, a_blocks, b_blocks), (len(a_blocks), len(b_blocks))]
    a_index, b_index = 0, 0
    for a_at, b_at in pairs:
        a_before, b_before = a_blocks[a_index:a_at], b_blocks[b_index:b_at]
        a_block = a_blocks[a_at] if a_at < len(a_blocks) else CodeBlock(len(a), len(a), "")
        b_block = b_blocks[b_at] if b_at < len(b_blocks) else CodeBlock(len(b), len(b), "")
        a_tokens = list(_prose_tokens(a, a_from, a_block.start, a_before, "a"))
        b_tokens = list(_prose_tokens(b, b_from, b_block.start, b_before, "b"))
        is_coarse |= _compare(a_tokens, b_tokens, spans)
        is_coarse |= _compare_code(a, b, a_block, b_block, spans)
        a_from, b_from, a_index, b_index = a_block.end, b_block.end, a_at + 1, b_at + 1
    return Difference(a, b, tuple(_tidied(spans)), is_coarse)


# Code blocks


class CodeBlock(NamedTuple):
    """A fenced block, its fences included."""

    start: int
    end: int
    language: str


_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced code blocks of a text; one that is not closed goes on to the end."""
    blocks: list[CodeBlock] = []
    opened: tuple[int, str, str] | None = None
    for match in _FENCE.finditer(text):
        fence, rest = match[1], match[2].strip()
        if opened is None:
            if "`" not in rest or fence[0] == "~":
                opened = (match.start(), fence, rest.split()[0].casefold() if rest else "")
        elif not rest and fence.startswith(opened[1]):
            blocks.append(CodeBlock(opened[0], min(match.end() + 1, len(text)), opened[2]))
            opened = None
    if opened is not None:
        blocks.append(CodeBlock(opened[0], len(text), opened[2]))
    return blocks


def _paired(a: str, b: str, a_blocks: Sequence[CodeBlock], b_blocks: Sequence[CodeBlock]) -> list[tuple[int, int]]:
    """Indexes of blocks that belong together, in ascending order: the choice that is most alike in all."""
    if len(a_blocks) * len(b_blocks) > _MOST_PAIRS:
        return [(at, at) for at in range(min(len(a_blocks), len(b_blocks)))]
    a_words = [_code_words(a, block) for block in a_blocks]
    b_words = [_code_words(b, block) for block in b_blocks]
    best: list[list[float]] = [[0.0] * (len(b_blocks) + 1) for _ in range(len(a_blocks) + 1)]
    alike: dict[tuple[int, int], float] = {}
    is_one_each = len(a_blocks) == len(b_blocks)
    for i in range(len(a_blocks) - 1, -1, -1):
        for j in range(len(b_blocks) - 1, -1, -1):
            worth = _likeness(a_words[i], b_words[j])
            if a_blocks[i].language == b_blocks[j].language:
                worth += 0.1 + (0.15 if is_one_each and i == j else 0.0)
            alike[i, j] = worth if worth >= _ALIKE else -1.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + alike[i, j])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a_blocks) and j < len(b_blocks):
        if alike[i, j] > 0 and best[i][j] == best[i + 1][j + 1] + alike[i, j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _code_words(text: str, block: CodeBlock) -> Counter[str]:
    return Counter(re.findall(r"\w+|[^\w\s]", text[block.start : block.end].partition("\n")[2]))


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    whole = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / whole if whole else 1.0


# Tokens


class _Token(NamedTuple):
    """A piece of a text with the white space after it, and what it is compared by."""

    key: Hashable
    start: int
    end: int
    weight: int
    """Characters that count."""
    is_code: bool


_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_CJK}]|(?:(?![{_CJK}])\w)+(?:['’](?:(?![{_CJK}])\w)+)*|[^\w\s]")
_CODE_WORD = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")


def _prose_tokens(text: str, start: int, end: int, blocks: Sequence[CodeBlock], side: str) -> Iterator[_Token]:
    """The words of a part; a code block in it that has no partner is one token which nothing equals."""
    for block in blocks:
        yield from _words(text, start, block.start)
        yield _Token((side, block.start), block.start, block.end, block.end - block.start, True)
        start = block.end
    yield from _words(text, start, end)


def _words(text: str, start: int, end: int) -> Iterator[_Token]:
    if start >= end:
        return
    word, at = None, start
    for match in _WORD.finditer(text, start, end):
        if word is not None:
            yield _Token(word, at, match.start(), len(word), False)
            at = match.start()
        word = match.group()
    yield _Token(word or "", at, end, len(word or ""), False)


def _code_tokens(text: str, start: int, end: int) -> list[_Token]:
    return [
        _Token(m.group(), m.start(), m.end(), 0 if m.group().isspace() else m.end() - m.start(), True)
        for m in _CODE_WORD.finditer(text, start, end)
    ]


def _line_tokens(text: str, block: CodeBlock) -> list[_Token]:
    tokens, at = [], block.start
    for line in text[block.start : block.end].splitlines(keepends=True):
        kept = line.rstrip()
        tokens.append(_Token(kept, at, at + len(line), len(kept), True))
        at += len(line)
    return tokens


# Comparing


def _compare(a: Sequence[_Token], b: Sequence[_Token], spans: list[Span]) -> bool:
    """Adds the spans of two runs of tokens; True when a part was too large to look into."""
    runs, is_coarse = common_runs([token.key for token in a], [token.key for token in b])
    for kind, a_part, b_part in _without_chance(list(_pieces(a, b, runs))):
        _add(spans, kind, a_part, b_part)
    return is_coarse


def _compare_code(a: str, b: str, a_block: CodeBlock, b_block: CodeBlock, spans: list[Span]) -> bool:
    """Adds the spans of two code blocks, by lines; lines that changed are compared by what is in them."""
    a_lines, b_lines = _line_tokens(a, a_block), _line_tokens(b, b_block)
    runs, is_coarse = common_runs([line.key for line in a_lines], [line.key for line in b_lines])
    for kind, a_part, b_part in _pieces(a_lines, b_lines, runs):
        if kind == "same" or not a_part or not b_part or _length(a_part) + _length(b_part) > _LARGE_HUNK:
            _add(spans, kind, a_part, b_part)
        else:
            a_words = _code_tokens(a, a_part[0].start, a_part[-1].end)
            b_words = _code_tokens(b, b_part[0].start, b_part[-1].end)
            if _likeness(_counted(a_words), _counted(b_words)) < _ALIKE:
                _add(spans, kind, a_part, b_part)
            else:
                is_coarse |= _compare(a_words, b_words, spans)
    return is_coarse


def _counted(tokens: Sequence[_Token]) -> Counter[str]:
    return Counter(str(token.key) for token in tokens if token.weight)


def _length(tokens: Sequence[_Token]) -> int:
    return tokens[-1].end - tokens[0].start if tokens else 0


_Piece = tuple[Kind, Sequence[_Token], Sequence[_Token]]
"""("same", ..., ...) or ("gone", what is gone, what is new in its place)."""


def _pieces(a: Sequence[_Token], b: Sequence[_Token], runs: Sequence[tuple[int, int, int]]) -> Iterator[_Piece]:
    a_at = b_at = 0
    for a_run, b_run, size in [*runs, (len(a), len(b), 0)]:
        if a_run > a_at or b_run > b_at:
            yield "gone", a[a_at:a_run], b[b_at:b_run]
        if size:
            yield "same", a[a_run : a_run + size], b[b_run : b_run + size]
        a_at, b_at = a_run + size, b_run + size


def _without_chance(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Short runs in common between two larger changes are taken into the change."""
    kept: list[_Piece] = []
    for piece in pieces:
        kept.append(piece)
        while len(kept) >= 3 and _is_chance(*kept[-3:]):
            before, between, after = kept[-3:]
            joined = [[*before[side], *between[side], *after[side]] for side in (1, 2)]
            kept[-3:] = [("gone", joined[0], joined[1])]
    return kept


def _is_chance(before: _Piece, between: _Piece, after: _Piece) -> bool:
    if between[0] != "same" or before[0] == "same" or after[0] == "same" or len(between[1]) > _SHORT_RUN:
        return False
    weight = sum(token.weight for token in between[1])
    return all(
        weight <= max(sum(token.weight for token in piece[1]), sum(token.weight for token in piece[2]))
        for piece in (before, after)
    )


def _add(spans: list[Span], kind: Kind, a: Sequence[_Token], b: Sequence[_Token]) -> None:
    a_at = spans[-1].a_end if spans else 0
    b_at = spans[-1].b_end if spans else 0
    if kind == "gone" and not any(token.weight or token.is_code for token in (*a, *b)):
        # white space in prose, where the other text has none
        spans.append(Span("same", a_at, a[-1].end if a else a_at, b_at, b[-1].end if b else b_at, False))
        return
    if kind == "same":
        spans.append(Span("same", a[0].start, a[-1].end, b[0].start, b[-1].end, a[0].is_code))
        return
    if a:
        spans.append(Span("gone", a[0].start, a[-1].end, b_at, b_at, a[0].is_code))
        a_at = a[-1].end
    if b:
        spans.append(Span("new", a_at, a_at, b[0].start, b[-1].end, b[0].is_code))


def _tidied(spans: Sequence[Span]) -> Iterator[Span]:
    """Neighbours of one kind as one span; of a change first all that is gone, then all that is new."""
    waiting: list[Span] = []
    for span in spans:
        if waiting and (span.kind == "same") != (waiting[0].kind == "same"):
            yield from _settled(waiting)
            waiting = []
        waiting.append(span)
    yield from _settled(waiting)


def _settled(spans: Sequence[Span]) -> Iterator[Span]:
    if not spans:
        return
    first, last = spans[0], spans[-1]
    if first.kind == "same":
        start = first
        for span, following in zip(spans, [*spans[1:], None], strict=True):
            if following is None or following.is_code != start.is_code:
                yield Span("same", start.a_start, span.a_end, start.b_start, span.b_end, start.is_code)
                start = following or start
        return
    gone = [span for span in spans if span.kind == "gone"]
    new = [span for span in spans if span.kind == "new"]
    if gone:
        yield Span("gone", first.a_start, last.a_end, first.b_start, first.b_start, gone[0].is_code)
    if new:
        yield Span("new", last.a_end, last.a_end, first.b_start, last.b_end, new[0].is_code)
