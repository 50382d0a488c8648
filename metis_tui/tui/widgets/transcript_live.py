"""A reply while it streams, as parts: what is settled, and the end that grows. Knows no widget."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.parting import PART_SIZE, cut_markdown, cut_plain
from metis_tui.tui.widgets.transcript_heading import heading, reasoning_fold
from metis_tui.tui.widgets.transcript_rows import (
    Part,
    PartedRows,
    estimate,
    plain_part,
    reasoning_lines,
    reasoning_parts,
)

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.rendering.incremental import IncrementalMarkdown
    from metis_tui.tui.widgets.transcript_entry import Layout

_FOLDED = 400
"""Characters of the end of the reasoning that its folded line looks at."""
_LIVE_SIZE = 3 * PART_SIZE
"""Characters without a place to part them from which on the end is cut all the same."""
_LIVE_ROWS = 1_500
"""Rows of the growing end from which on its beginning is settled: its rows may then be forgotten."""


class LiveReply:
    """What has arrived of a reply that still streams."""

    def __init__(self, layout: Layout, text: str = "", reasoning: str = "") -> None:
        self.markdown = _incremental(layout)
        if text:
            self.markdown.feed(text)
        self.reasoning = [reasoning] if reasoning else []
        self.activity = ""

    @property
    def text(self) -> str:
        return self.markdown.source

    @property
    def reasoning_text(self) -> str:
        if len(self.reasoning) > 1:
            self.reasoning = ["".join(self.reasoning)]
        return self.reasoning[0] if self.reasoning else ""


class LiveRows(PartedRows):
    """The parts of a streaming reply: head, open reasoning, settled text, growing text, foot."""

    def __init__(self, message: ChatMessage, live: LiveReply, *, is_open: bool, is_raw: bool) -> None:
        self.message = message
        self.live = live
        self.is_open = is_open
        self.is_raw = is_raw
        self.is_markdown = not is_raw
        self._settled_text = ""
        self._reasoning = ""
        self._raw = ""
        self._head_part = Part("head", height=0)
        self._reasoning_parts: list[Part] = []
        self._settled: list[Part] = []
        self._growing = Part("body", height=0)
        self._foot_part = Part("foot")
        self._growing.is_live = True
        self.parts = [self._head_part, self._growing, self._foot_part]

    def update(self, layout: Layout) -> int:
        """Brings the rows up to date with what has arrived; returns the first row that changed."""
        before = self._head_part.height
        head = self._head_part.take_changed(self._head(layout))
        changed = [] if head == before == self._head_part.height else [head]
        above = self._head_part.height
        first = self._update_reasoning(layout)
        if first is not None:
            changed.append(above + first)
        above += sum(part.height for part in self._reasoning_parts)
        changed.append(above + (self._update_raw(layout) if self.is_raw else self._update_markdown(layout)))
        self._foot_part.take([Line((), kind="blank")])
        self.parts = [
            self._head_part,
            *self._reasoning_parts,
            *self._settled,
            self._growing,
            self._foot_part,
        ]
        return min(changed)

    def render(self, number: int, layout: Layout) -> int:
        part, width, palette = self.parts[number], layout.text_width, layout.palette
        if part.kind == "head":
            return part.take(self._head(layout))
        if part.kind == "foot":
            return part.take([Line((), kind="blank")])
        if part.kind == "reasoning":
            is_last = part is self._reasoning_parts[-1]
            return part.take(reasoning_lines(self._reasoning, part.source, layout, is_last=is_last))
        if self.is_raw:
            return part.take(plain_part(self._raw, part.source, width, palette.text))
        if part is self._growing:
            before = part.height
            self.update(layout)
            return part.height - before
        from metis_tui.tui.rendering.markdown import references_of, render_part

        codes = sum(other.code_count for other in self._settled[: self._settled.index(part)])
        env = references_of(self._settled_text)
        return part.take(render_part(self._settled_text, part.source, width, palette, env, codes).lines)

    def source_of(self, part: Part) -> str:
        if part.kind == "reasoning":
            text = self._reasoning
        elif part.kind != "body":
            return ""
        elif self.is_raw:
            text = self._raw
        elif part is self._growing:
            return self.live.markdown.shown_source
        else:
            text = self._settled_text
        return text[part.source.start : part.source.end]

    # --- head and reasoning -----------------------------------------------------------------------

    def _head(self, layout: Layout) -> list[Line]:
        live, palette = self.live, layout.palette
        lines = [heading(self.message, layout.width - 1, palette, layout.clock, live.activity, self.marks)]
        reasoning = live.reasoning_text
        if reasoning:
            latest = reasoning[-_FOLDED:].rstrip().rpartition("\n")[2] if live.markdown.is_empty else ""
            lines.append(reasoning_fold(self.message, layout.text_width, palette, is_open=self.is_open, live=latest))
        return lines

    def _update_reasoning(self, layout: Layout) -> int | None:
        """Open reasoning grows at its end; returns its first changed row, None when there is none."""
        text = printable(self.live.reasoning_text).strip("\n") if self.is_open else ""
        if text == self._reasoning:
            return None
        self._reasoning = text
        self._reasoning_parts, above = _grown(self._reasoning_parts, reasoning_parts(text, layout))
        if not self._reasoning_parts:
            return 0
        last = self._reasoning_parts[-1]
        return above + last.take_changed(reasoning_lines(text, last.source, layout, is_last=True))

    # --- text -------------------------------------------------------------------------------------

    def _update_raw(self, layout: Layout) -> int:
        self.live.markdown.absorb()
        self._raw = self._settled_text + self.live.markdown.shown_source
        cut = cut_plain(self._raw) if self._raw else []
        wanted = [Part("body", source, estimate(self._raw, source, layout)) for source in cut]
        parts, above = _grown([*self._settled, self._growing], wanted)
        self._settled, self._growing = parts[:-1], parts[-1] if parts else Part("body", height=0)
        if not parts:
            return 0
        lines = plain_part(self._raw, self._growing.source, layout.text_width, layout.palette.text)
        return above + self._growing.take_changed(lines)

    def _update_markdown(self, layout: Layout) -> int:
        markdown = self.live.markdown
        markdown.absorb()
        settled = len(self._settled)
        if markdown.unfinished_size > _LIVE_SIZE or len(markdown.lines) > _LIVE_ROWS:
            self._settle(layout)
        first = self.live.markdown.render()
        self._growing.take_from(self.live.markdown.lines, first)
        if len(self._settled) > settled:
            return 0
        return sum(part.height for part in self._settled) + first

    def _settle(self, layout: Layout) -> None:
        """Parts the growing end: its beginning becomes parts like those of finished messages."""
        from metis_tui.tui.rendering.incremental import IncrementalMarkdown

        markdown = self.live.markdown
        base, text = markdown.part, markdown.shown_source
        cut = cut_markdown(text, base.opening)
        if len(cut) < 2:
            return
        start, line = len(self._settled_text), base.first_line
        absolute = [
            part._replace(start=start + part.start, end=start + part.end, first_line=line + part.first_line)
            for part in cut
        ]
        absolute[0] = absolute[0]._replace(join=base.join, opening=base.opening)
        self._settled_text += text[: cut[-1].start]
        rows = [rendered.source_start for rendered in markdown.lines]
        for part, following in pairwise(absolute):
            height = sum(part.first_line <= row < following.first_line for row in rows)
            is_known = rows and rows[-1] >= following.first_line > part.first_line
            self._settled.append(
                Part("body", part, height if is_known else estimate(self._settled_text, part, layout))
            )
        codes = sum(part.code_count for part in self._settled)
        self.live.markdown = IncrementalMarkdown.of_rest(markdown, absolute[-1], text[cut[-1].start :], codes)
        self._growing.forget()


def _grown(before: list[Part], wanted: list[Part]) -> tuple[list[Part], int]:
    """The wanted parts, those kept that did not change; and the rows above the last, which is kept to be compared."""
    parts: list[Part] = []
    for number, part in enumerate(wanted):
        is_last = number == len(wanted) - 1
        old = before[number] if number < len(before) else None
        if old is not None and (old.source == part.source or (is_last and old.source.start == part.source.start)):
            old.source = part.source
            part = old
        part.is_live = is_last
        parts.append(part)
    return parts, sum(part.height for part in parts[:-1])


def _incremental(layout: Layout) -> IncrementalMarkdown:
    from metis_tui.tui.rendering.incremental import IncrementalMarkdown

    return IncrementalMarkdown(layout.text_width, layout.palette)
