"""One message as rows: heading, reasoning, text, why it is incomplete, an empty row. Knows no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.plain import plain_lines
from metis_tui.tui.widgets.transcript_heading import Clock, heading, incompleteness, local_time, reasoning_fold

if TYPE_CHECKING:
    from metis_tui.tui.rendering.markdown import IncrementalMarkdown

_NARROW = 40
_LIVE_REASONING = 400
"""Characters of the end of the reasoning that its folded line looks at."""


class Layout(NamedTuple):
    """What the rows of every entry depend on."""

    width: int
    palette: Palette
    clock: Clock = local_time

    @property
    def indent(self) -> int:
        return 3 if self.width >= _NARROW else 1

    @property
    def text_width(self) -> int:
        """Room for a message's text; one cell stays free at the right."""
        return max(4, self.width - self.indent - 1)


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


class Entry:
    """A message and, once looked at, its rows."""

    def __init__(self, message: ChatMessage, live: LiveReply | None = None) -> None:
        self.message = message
        self.live = live
        self.is_reasoning_open = False
        self.is_raw = False
        self.height = 0
        """Rows; an estimate until the entry has been rendered at the current width."""
        self.is_exact = False
        self.is_rendered = False
        self.head: list[Line] = []
        self.body: list[Line] = []
        self.foot: list[Line] = []
        self.strips: dict[int, Strip] = {}
        """Drawn rows, by row."""
        self._counted: str | None = None
        self._newlines = 0

    def estimate(self, layout: Layout) -> int:
        """Rows this entry will about take, from its length alone."""
        text = self.message.text
        if self._counted is not text:
            self._counted, self._newlines = text, text.count("\n")
        body = self._newlines + 1 + len(text) // (layout.text_width + 1) if text else 0
        return 2 + (1 if self.message.reasoning else 0) + body + (1 if self.message.is_incomplete else 0)

    def forget(self) -> None:
        """Drops the rows; the height stays known."""
        self.head, self.body, self.foot = [], [], []
        self.is_rendered = False
        self.strips.clear()

    def invalidate(self, layout: Layout) -> None:
        """The rows are no longer right: width, theme, folding or text changed."""
        self.forget()
        self.is_exact = False
        self.height = self.estimate(layout)
        if self.live is not None:
            activity = self.live.activity
            self.live = LiveReply(layout, self.live.text, self.live.reasoning_text)
            self.live.activity = activity

    def render(self, layout: Layout) -> None:
        """Makes all rows."""
        if self.live is not None:
            self.render_live(layout)
            return
        message = self.message
        self.head = self._head(layout)
        self.body = self._body(layout)
        self.foot = self._foot(layout)
        if not message.text.strip() and message.role == "assistant" and message.stop == "stop":
            self.body = [Line([("(empty reply)", layout.palette.muted)], kind="fact")]
        self._rendered()

    def render_live(self, layout: Layout) -> int:
        """Brings the rows of a streaming reply up to date; returns the first row that changed."""
        assert self.live is not None
        old_head = self.head
        self.head = self._head(layout)
        if self.is_raw:
            self.body, first = plain_lines(printable(self.live.text), layout.text_width, layout.palette.text), 0
        else:
            first = self.live.markdown.render()
            self.body = self.live.markdown.lines
        self.foot = [Line((), kind="blank")]
        self._rendered(keep_strips=True)
        is_same_head = len(old_head) == len(self.head)
        changed = next(
            (n for n, (old, new) in enumerate(zip(old_head, self.head, strict=False)) if not old.looks_like(new)),
            len(self.head) + first,
        )
        changed = changed if is_same_head else 0
        for row in [row for row in self.strips if row >= changed]:
            if is_same_head and len(self.head) <= row < len(self.head) + first:
                continue
            del self.strips[row]
        return changed

    def rows(self) -> int:
        return len(self.head) + len(self.body) + len(self.foot)

    def line(self, row: int) -> tuple[Line, bool]:
        """The line at a row and whether it is indented as the text is (headings are not)."""
        if row < len(self.head):
            return self.head[row], row > 0
        row -= len(self.head)
        if row < len(self.body):
            return self.body[row], True
        return self.foot[min(row - len(self.body), len(self.foot) - 1)], True

    def is_fold(self, row: int) -> bool:
        return row == 1 and bool(self.head) and len(self.head) > 1

    def _rendered(self, keep_strips: bool = False) -> None:
        self.is_rendered = self.is_exact = True
        self.height = self.rows()
        if not keep_strips:
            self.strips.clear()

    def _head(self, layout: Layout) -> list[Line]:
        live, palette = self.live, layout.palette
        activity = live.activity if live is not None else None
        lines = [heading(self.message, layout.width - 1, palette, layout.clock, activity)]
        reasoning = live.reasoning_text if live is not None else self.message.reasoning
        if reasoning:
            latest = None
            if live is not None:
                latest = reasoning[-_LIVE_REASONING:].rstrip().rpartition("\n")[2] if not live.text else ""
            lines.append(
                reasoning_fold(self.message, layout.text_width, palette, is_open=self.is_reasoning_open, live=latest)
            )
            if self.is_reasoning_open:
                shown = printable(reasoning).strip("\n")
                bar = [("\u2506 ", palette.gutter)]
                lines += plain_lines(shown, layout.text_width, palette.muted, kind="reasoning", lead=bar)
                lines.append(Line((), kind="blank"))
        return lines

    def _body(self, layout: Layout) -> list[Line]:
        text = self.message.text
        if not text.strip():
            return []
        if self.message.role == "assistant" and not self.is_raw:
            # The Markdown renderer is imported when there is a reply to show: never before the first screen.
            from metis_tui.tui.rendering.markdown import render_markdown

            return render_markdown(text, layout.text_width, layout.palette).lines
        return plain_lines(printable(text).rstrip("\n"), layout.text_width, layout.palette.text)

    def _foot(self, layout: Layout) -> list[Line]:
        blank = Line((), kind="blank")
        note = incompleteness(self.message)
        if note is None:
            return [blank]
        words, is_failure = note
        style = layout.palette.error if is_failure else layout.palette.warning
        return [*plain_lines(words, layout.text_width, style, kind="fact"), blank]


def _incremental(layout: Layout) -> IncrementalMarkdown:
    from metis_tui.tui.rendering.markdown import IncrementalMarkdown

    return IncrementalMarkdown(layout.text_width, layout.palette)
