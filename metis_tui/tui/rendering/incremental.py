"""Markdown that streams -> lines, piece by piece.

Finished top-level blocks are rendered once and kept; only the unfinished end is rendered again. Knows nothing of
widgets, clocks or messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metis_tui.tui.rendering.blocks import BlockRenderer
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.markdown import (
    Rendered,
    all_plain,
    as_plain,
    first_line,
    is_cut,
    render_markdown,
    top_blocks,
)
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.parting import SourcePart
from metis_tui.tui.rendering.sanitised_feed import SanitisedFeed
from metis_tui.tui.rendering.syntax import is_too_hard, parse_blocks

if TYPE_CHECKING:
    from markdown_it.token import Token

LONG_END = 1_500
"""Characters of an unfinished block from which on it is cut at a safe place inside."""
LONG_CODE = 40
"""The same for the lines of an open code block."""
_CODE_KEPT = 8
_ITEMS = ("bullet_list_open", "ordered_list_open")
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
        codes = 1 if part.is_within_code else 0
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
            self.lines += all_plain(self._end, self._finished_source, self.width, self.palette)
            return
        blocks = top_blocks(parse_blocks(self._end, self._env))
        source = self._end.split("\n")
        # A block that begins in the unfinished last line may yet turn out to be part of the one before.
        kept = next((n for n in range(len(blocks) - 1, 0, -1) if first_line(blocks[n]) < len(source) - 1), 0)
        first_source = self._finished_source
        finished: tuple[int, int] | None = None
        for number, block in enumerate(blocks):
            if number == kept and kept:
                finished = len(self.lines), len(self._renderer.code_blocks)
            self._gap(block[0].type, first_source + first_line(block))
            self._open_list = None if number else self._open_list
            self._add(block, source, first_source)
        if finished is not None:
            self._open_list = None
            self._finish(source, first_line(blocks[kept]), *finished)
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
        if is_cut(block):
            self.lines += as_plain(block, source, first_source, self.width, self.palette)
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
        start = first_line(block)
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


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0]) and len(line) - len(line.lstrip(" ")) < 4


def _code_cut(source: list[str]) -> int:
    """Where to part long code: at an empty line near the end, so that colours seldom suffer."""
    last = len(source) - _CODE_KEPT
    return next((line for line in range(last, last - 20, -1) if not source[line].strip()), last)
