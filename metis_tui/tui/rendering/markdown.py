"""Markdown source -> lines, at once or piece by piece while it streams.

Finished top-level blocks are rendered once and kept; only the unfinished end is rendered again. Knows nothing
of widgets, clocks or messages.
"""

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

LONG_END = 1_500
"""Characters of an unfinished block from which on it is cut at a safe place inside."""
LONG_CODE = 40
"""The same for the lines of an open code block."""
_CODE_KEPT = 8
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S[^\n]*$", re.MULTILINE)
_MAX_DEFINITIONS = 2_000
_ITEMS = ("bullet_list_open", "ordered_list_open")
# A sanitised piece must not end inside CR LF or a run of joining characters.
_UNSETTLED = re.compile("[\r\u200c\u200d\ufe00-\ufe0f\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]+\\Z")


@dataclass
class Rendered:
    """A rendered message: its lines and the source of its code blocks."""

    lines: list[Line] = field(default_factory=list)
    code_blocks: list[str] = field(default_factory=list)
    """The first is the rest of one from the part before when a part begins within code."""

    def add_codes(self, codes: list[str], *, is_continued: bool) -> None:
        """Takes the code blocks of the part that follows."""
        if is_continued and codes and self.code_blocks:
            self.code_blocks[-1] += "\n" + codes[0]
            codes = codes[1:]
        self.code_blocks += codes


def render_markdown(source: str, width: int, palette: Palette) -> Rendered:
    """The lines of a whole text; the source is sanitised first."""
    text = printable(source)
    rendered = Rendered()
    if text.strip():
        parts = cut_markdown(text)
        env = references_of(text) if len(parts) > 1 else {}
        for part in parts:
            more = render_part(text, part, width, palette, env, len(rendered.code_blocks))
            rendered.lines += more.lines
            rendered.add_codes(more.code_blocks, is_continued=_is_fence(part.opening))
    return rendered


def render_part(
    text: str, part: SourcePart, width: int, palette: Palette, env: dict[str, Any], codes_before: int = 0
) -> Rendered:
    """The lines of one part of a sanitised text; `env` holds the references of all of it."""
    source, first_source, codes = text[part.start : part.end], part.first_line, 0
    if part.opening:
        source = f"{part.opening}\n{source}"
        first_source -= part.opening.count("\n") + 1
        codes = 1 if _is_fence(part.opening) else 0
    if is_too_hard(source):
        return Rendered(_joined(_all_plain(text[part.start : part.end], part.first_line, width, palette), part))
    renderer = BlockRenderer(width, palette, env, codes_before - codes)
    lines: list[Line] = []
    source_lines: list[str] = []
    for block in top_blocks(parse_blocks(source, env)):
        if lines:
            lines.append(_blank_before(block, first_source))
        if _is_cut(block):
            source_lines = source_lines or source.split("\n")
            lines += _as_plain(block, source_lines, first_source, width, palette)
        else:
            lines += renderer.render(block, first_source)
    if part.opening:
        lines = [line for line in lines if line.source_start >= part.first_line]
    return Rendered(_joined(lines, part), renderer.code_blocks)


def _all_plain(text: str, first_line: int, width: int, palette: Palette) -> list[Line]:
    leading = len(text) - len(text.lstrip("\n"))
    return plain_lines(text.strip("\n"), width, palette.text, first_source=first_line + leading)


def _is_fence(opening: str) -> bool:
    return opening[:1] in ("`", "~")


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


def _is_cut(block: list[Token]) -> bool:
    """The parser left text out because it was nested too deeply."""
    return len(block) > MAX_NESTING and max(token.level for token in block) >= MAX_NESTING - 2


def _as_plain(block: list[Token], source: list[str], first_source: int, width: int, palette: Palette) -> list[Line]:
    start, end = block[0].map or (0, 0)
    text = "\n".join(source[start:end]).rstrip("\n")
    return plain_lines(text, width, palette.text, first_source=first_source + start)


def _blank_before(block: list[Token], first_source: int) -> Line:
    start = first_source + (block[0].map[0] if block[0].map else 0)
    return Line((), (start, start), "blank")


_FROM_THE_START = SourcePart(0, 0, 0)


class IncrementalMarkdown:
    """The lines of a text, or of its last part, that still grows."""

    def __init__(
        self, width: int, palette: Palette, part: SourcePart = _FROM_THE_START, codes_before: int = 0
    ) -> None:
        self.width = width
        self.palette = palette
        self.part = part
        """Where the text begins within the whole, and what it stands in."""
        self.lines: list[Line] = []
        self.rendered_blocks = 0
        """How many blocks were rendered so far, again or anew: the work done."""
        self._env: dict[str, Any] = {}
        codes = 1 if _is_fence(part.opening) else 0
        self._renderer = BlockRenderer(width, palette, self._env, codes_before - codes)
        self._renderer.code_blocks += [""] * codes
        self._fed = SanitisedFeed()
        self._shown: list[str] = []
        self._end = ""
        self._finished_lines = 0
        self._finished_codes = codes
        self._finished_source = part.first_line
        self._open_code: tuple[str, str] | None = None
        """Fence and language of a code block whose first lines are finished already."""
        if codes:
            mark = part.opening[: len(part.opening) - len(part.opening.lstrip(part.opening[0]))]
            self._open_code = mark, part.opening.removeprefix(mark).strip().split(" ")[0]
        elif part.opening:
            self._end = f"{part.opening}\n"
            self._finished_source -= part.opening.count("\n") + 1
        self._open_list: tuple[str, bool] | None = None
        """Kind of a list whose first items are finished already, and whether empty lines part its items."""

    @classmethod
    def of_rest(
        cls, before: IncrementalMarkdown, part: SourcePart, text: str, codes_before: int
    ) -> IncrementalMarkdown:
        """Goes on where `before` is, with only the last part of what it has shown."""
        rest = cls(before.width, before.palette, part, codes_before)
        rest._env, rest._fed = before._env, before._fed
        rest._renderer.env = before._env
        rest._end += text
        rest._shown.append(text)
        return rest

    @property
    def source(self) -> str:
        """Everything fed, as it came."""
        return self._fed.source

    @property
    def unfinished_size(self) -> int:
        """Characters that the next rendering reads again."""
        return len(self._end)

    def feed(self, text: str) -> None:
        """Takes more text; nothing is rendered yet."""
        self._fed.feed(text)

    def absorb(self) -> None:
        """Sanitises what was fed, so that `shown_source` and `unfinished_size` tell of it."""
        taken = self._fed.take()
        if taken:
            self._shown.append(taken)
            self._end += taken

    @property
    def shown_source(self) -> str:
        """The sanitised characters since the beginning of the part."""
        if len(self._shown) > 1:
            self._shown = ["".join(self._shown)]
        return self._shown[0] if self._shown else ""

    @property
    def is_empty(self) -> bool:
        return self._fed.is_empty

    def finish(self) -> Rendered:
        """Renders once more from all that was fed: what came late may have changed the meaning of what came first."""
        rendered = render_markdown(self.source, self.width, self.palette)
        self.lines = rendered.lines
        return rendered

    def render(self) -> int:
        """Brings the lines up to date and returns the index of the first line that may have changed."""
        self.absorb()
        start = self._finished_lines
        before = self.lines[start:]
        del self.lines[start:]
        del self._renderer.code_blocks[self._finished_codes :]
        if self._open_code is not None:
            self._render_open_code(*self._open_code)
        if self._open_code is None and self._end.strip():
            self._render_end()
        same = 0
        for old, new in zip(before, self.lines[start:], strict=False):
            if not old.looks_like(new):
                break
            same += 1
        if self.lines and self.part.is_continued:
            self.lines[0].glue = self.part.join
        return start + same

    def _render_end(self) -> None:
        if is_too_hard(self._end):
            self._gap("", self._finished_source)
            self.lines += _all_plain(self._end, self._finished_source, self.width, self.palette)
            return
        blocks = top_blocks(parse_blocks(self._end, self._env))
        source = self._end.split("\n")
        # A block that begins in the unfinished last line may yet turn out to be part of the one before.
        kept = next((n for n in range(len(blocks) - 1, 0, -1) if _first_line(blocks[n]) < len(source) - 1), 0)
        first_source = self._finished_source
        finished: tuple[int, int] | None = None
        for number, block in enumerate(blocks):
            if number == kept and kept:
                finished = len(self.lines), len(self._renderer.code_blocks)
            self._gap(block[0].type, first_source + _first_line(block))
            self._open_list = None if number else self._open_list
            self._add(block, source, first_source)
        if finished is not None:
            self._open_list = None
            self._finish(source, _first_line(blocks[kept]), *finished)
        if blocks and kept == len(blocks) - 1:
            self._cut_inside(blocks[kept], source, first_source)

    def _gap(self, kind: str, source: int) -> None:
        """The empty line between blocks; none between the parts of one list."""
        is_inside_list = (
            self._open_list is not None and len(self.lines) == self._finished_lines and kind == self._open_list[0]
        )
        is_parted = bool(self.lines) or (self.part.start > 0 and self.part.join == "block")
        if is_parted and not (is_inside_list and self._open_list and not self._open_list[1]):
            self.lines.append(Line((), (source, source), "blank"))

    def _add(self, block: list[Token], source: list[str], first_source: int) -> None:
        self.rendered_blocks += 1
        if _is_cut(block):
            self.lines += _as_plain(block, source, first_source, self.width, self.palette)
        else:
            lines = self._renderer.render(block, first_source)
            if first_source < self.part.first_line:
                lines = [line for line in lines if line.source_start >= self.part.first_line]
            self.lines += lines

    def _finish(self, source: list[str], line: int, line_count: int, code_count: int) -> None:
        """Keeps the first rendered lines for good: they show the source before `line`."""
        self._end = "\n".join(source[line:])
        self._finished_source += line
        self._finished_lines = line_count
        self._finished_codes = code_count

    def _cut_inside(self, block: list[Token], source: list[str], first_source: int) -> None:
        """Finishes the first part of a long block that goes on: code at a line, a list at an item."""
        opening = block[0]
        start = _first_line(block)
        if opening.type == "fence" and len(source) - start > LONG_CODE and source[start].startswith(opening.markup):
            if (
                _closes(source[(opening.map or [0, 0])[1] - 1], opening.markup)
                and (opening.map or [0, 0])[1] > start + 1
            ):
                return
            self._open_code = opening.markup, opening.info.strip().split(" ")[0]
            self._finish_before(source[start:], _code_cut(source[start:]), first_source + start)
        elif opening.type in _ITEMS and len(self._end) > LONG_END:
            items = [
                token.map[0] for token in block if token.type == "list_item_open" and token.level == 1 and token.map
            ]
            settled = [line for line in items[1:] if line < len(source) - 1]
            if settled:
                is_loose = any(t.type == "paragraph_open" and t.level == 2 and not t.hidden for t in block)
                self._open_list = opening.type, is_loose
                self._finish_before(source[start:], settled[-1] - start, first_source + start)

    def _finish_before(self, source: list[str], line: int, first_source: int) -> None:
        self._finished_source = first_source
        limit = first_source + line
        count = self._finished_lines
        while count < len(self.lines) and self.lines[count].source_start < limit:
            count += 1
        self._finish(source, line, count, len(self._renderer.code_blocks))

    def _render_open_code(self, fence: str, language: str) -> None:
        """More rows of a code block whose beginning is finished."""
        source = self._end.split("\n")
        closing = next((n for n, line in enumerate(source) if _closes(line, fence)), None)
        rows = source[:closing] if closing is not None else source if source[-1] else source[:-1]
        self.rendered_blocks += 1
        if rows:
            self.lines += self._renderer.continued_code("\n".join(rows), language, self._finished_source)
        if closing is not None and closing < len(source) - 1:
            self._open_code = None
            self._finish(source, closing + 1, len(self.lines), self._finished_codes)
        elif closing is None and len(source) > LONG_CODE:
            self._finish_before(source, _code_cut(source), self._finished_source)


class SanitisedFeed:
    """Sanitises text that comes in pieces as if it had come at once."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._new: list[str] = []
        self._unsettled = ""

    @property
    def source(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def is_empty(self) -> bool:
        return not self._pieces

    def feed(self, text: str) -> None:
        self._pieces.append(text)
        self._new.append(text)

    def take(self) -> str:
        """What has come since the last time, without an end whose meaning depends on what follows."""
        raw = self._unsettled + "".join(self._new)
        self._new.clear()
        unsettled = _UNSETTLED.search(raw, max(0, len(raw) - 256))
        self._unsettled = unsettled.group() if unsettled else ""
        settled = raw[: len(raw) - len(self._unsettled)]
        if len(self._unsettled) > 64 and "\r" not in self._unsettled:
            self._unsettled = self._unsettled[:9]  # only the first eight of such a run are ever shown
        return printable(settled)


def _first_line(block: list[Token]) -> int:
    return block[0].map[0] if block[0].map else 0


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0]) and len(line) - len(line.lstrip(" ")) < 4


def _code_cut(source: list[str]) -> int:
    """Where to part long code: at an empty line near the end, so that colours seldom suffer."""
    last = len(source) - _CODE_KEPT
    return next((line for line in range(last, last - 20, -1) if not source[line].strip()), last)
