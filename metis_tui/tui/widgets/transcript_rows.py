"""The rows of one message at one width, in parts that are rendered when they are looked at. Knows no widget.

A message has a head (heading and the line that stands for its reasoning), its open reasoning, its text and a
foot; long texts are several parts, so that each place of them can be shown without rendering the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rich.style import Style
from textual.strip import Strip

from metis_tui.chat.printable import printable
from metis_tui.tui.rendering.lines import Line, Piece
from metis_tui.tui.rendering.parting import SourcePart, cut_markdown, cut_plain
from metis_tui.tui.rendering.plain import plain_lines
from metis_tui.tui.widgets.transcript_heading import (
    NO_REMARKS,
    NOTE,
    Remarks,
    heading,
    incompleteness,
    reasoning_fold,
)

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.rendering.markdown import Rendered
    from metis_tui.tui.widgets.transcript_entry import Layout
    from metis_tui.tui.widgets.transcript_finding import FoundRows

PartKind = Literal["head", "reasoning", "body", "foot"]
_NOWHERE = SourcePart(0, 0, 0, "line")


class Part:
    """Some rows that are rendered together, and forgotten together when they were not seen for long."""

    __slots__ = ("code_count", "found", "height", "is_exact", "is_live", "kind", "lines", "source", "strips")

    def __init__(self, kind: PartKind, source: SourcePart = _NOWHERE, height: int = 1) -> None:
        self.kind: PartKind = kind
        self.source = source
        self.height = height
        """Rows; an estimate until rendered for the first time."""
        self.is_exact = False
        self.is_live = False
        """Still grows; its rows are not forgotten."""
        self.lines: list[Line] | None = None
        self.strips: dict[int, Strip] = {}
        """Drawn rows, by row."""
        self.found: FoundRows | None = None
        """Where the words searched for stand, once asked for."""
        self.code_count = source.code_count

    def take(self, lines: list[Line]) -> int:
        """Takes the rendered rows; returns by how many the height changed."""
        change = len(lines) - self.height
        self.lines, self.height, self.is_exact = lines, len(lines), True
        self.strips.clear()
        self.found = None
        return change

    def take_changed(self, lines: list[Line]) -> int:
        """Takes rows of which the first are often the same as before; returns the first row that changed."""
        before = self.lines or []
        same = 0
        for old, new in zip(before, lines, strict=False):
            if old is not new and not old.looks_like(new):
                break
            same += 1
        self.take_from(lines, same)
        return same

    def take_from(self, lines: list[Line], first: int) -> None:
        """Takes rows of which those before `first` are the same as before."""
        self.lines, self.height, self.is_exact = lines, len(lines), True
        self.forget_strips(first)
        if self.found is not None:
            self.found.invalidate(first)

    def forget_strips(self, first: int) -> None:
        """The rows from this one on are drawn again."""
        for row in [row for row in self.strips if row >= first]:
            del self.strips[row]

    def forget(self) -> None:
        """Drops the rows; the height stays known."""
        self.lines = None
        self.strips.clear()
        self.found = None


class PartedRows:
    """Parts in order."""

    parts: list[Part]
    is_markdown: bool
    """The text is drawn other than it is written."""
    marks = ""
    """What the heading says beside the name."""

    def mark(self, marks: str) -> None:
        """Other marks; the heading is drawn again and stays one row."""
        if marks != self.marks:
            self.marks = marks
            for part in self.parts:
                if part.kind == "head":
                    part.forget()

    @property
    def height(self) -> int:
        return sum(part.height for part in self.parts)

    def start(self, number: int) -> int:
        """The row of the message at which a part begins."""
        return sum(part.height for part in self.parts[:number])

    def locate(self, row: int) -> tuple[int, int]:
        """The part a row of the message is in, and the row in it."""
        last = len(self.parts) - 1
        for number, part in enumerate(self.parts):
            if row < part.height or number == last:
                return number, row
            row -= part.height
        return last, 0

    def render(self, number: int, layout: Layout) -> int:
        """Makes the rows of a part; returns by how many its height changed."""
        raise NotImplementedError

    def source_of(self, part: Part) -> str:
        """The characters a part shows, as they were written."""
        raise NotImplementedError


class CutText:
    """A message's text as it is shown, and where it is cut: the same at every width."""

    def __init__(self, text: str, *, is_markdown: bool) -> None:
        self.text = text if is_markdown else text.rstrip("\n")
        self.is_markdown = is_markdown
        self.parts = cut_markdown(self.text) if is_markdown else cut_plain(self.text)
        self._references: dict[str, Any] | None = None

    @classmethod
    def of_message(cls, message: ChatMessage, *, is_raw: bool) -> CutText:
        text = printable(message.text) if message.text.strip() else ""
        return cls(text, is_markdown=message.role == "assistant" and not is_raw)

    @classmethod
    def made_ready(cls, message: ChatMessage) -> CutText:
        """With everything that takes long for a long text; for a thread."""
        text = cls.of_message(message, is_raw=False)
        text.references()
        return text

    def render(self, part: SourcePart, codes_before: int, layout: Layout) -> Rendered:
        """The rows of a Markdown part."""
        # The Markdown renderer is imported when there is a reply to show: never before the first screen.
        from metis_tui.tui.rendering.markdown import render_part

        return render_part(self.text, part, layout.text_width, layout.palette, self.references(), codes_before)

    def references(self) -> dict[str, Any]:
        """The link definitions of the whole text, which any part may use."""
        from metis_tui.tui.rendering.markdown import references_of

        if self._references is None:
            self._references = references_of(self.text) if len(self.parts) > 1 else {}
        return self._references


class EntryRows(PartedRows):
    """The parts of a finished message at one width, its reasoning folded or open."""

    def __init__(
        self,
        message: ChatMessage,
        text: CutText,
        layout: Layout,
        *,
        is_open: bool,
        remarks: Remarks = NO_REMARKS,
    ) -> None:
        self.message = message
        self.remarks = remarks
        self.is_open = is_open
        self.text = text
        self.is_markdown = text.is_markdown
        self.reasoning = printable(message.reasoning).strip("\n") if is_open and message.reasoning else ""
        self.parts = [
            Part("head", height=2 if message.reasoning else 1),
            *reasoning_parts(self.reasoning, layout),
            *self._body_parts(layout),
            Part("foot", height=foot_estimate(message, remarks, layout)),
        ]

    def remark(self, remarks: Remarks, layout: Layout) -> None:
        """Takes the user's other remarks: heading and foot are made again."""
        self.remarks = remarks
        head, foot = self.parts[0], self.parts[-1]
        head.forget()
        foot.forget()
        foot.height, foot.is_exact = foot_estimate(self.message, remarks, layout), False

    def render(self, number: int, layout: Layout) -> int:
        part = self.parts[number]
        match part.kind:
            case "head":
                lines = self._head(layout)
            case "foot":
                lines = self._foot(layout)
            case "reasoning":
                is_last = self.parts[number + 1].kind != "reasoning"
                lines = reasoning_lines(self.reasoning, part.source, layout, is_last=is_last)
            case "body":
                lines = self._body(number, part, layout)
        return part.take(lines)

    def source_of(self, part: Part) -> str:
        if part.kind == "foot":
            return self.remarks.note
        text = self.reasoning if part.kind == "reasoning" else self.text.text if part.kind == "body" else ""
        return text[part.source.start : part.source.end]

    # --- parts ------------------------------------------------------------------------------------

    def _body_parts(self, layout: Layout) -> list[Part]:
        text = self.text.text
        if not text:
            return [Part("body")] if self._is_empty_reply() else []
        return [Part("body", source, estimate(text, source, layout)) for source in self.text.parts]

    def _is_empty_reply(self) -> bool:
        return self.message.role == "assistant" and self.message.stop == "stop"

    def _head(self, layout: Layout) -> list[Line]:
        palette, marks = layout.palette, self.marks
        lines = [heading(self.message, layout.width - 1, palette, layout.clock, marks=marks, remarks=self.remarks)]
        if self.message.reasoning:
            fold = reasoning_fold(self.message, layout.text_width, layout.palette, is_open=self.is_open, live=None)
            lines.append(fold)
        return lines

    def _foot(self, layout: Layout) -> list[Line]:
        lines: list[Line] = []
        reason = incompleteness(self.message)
        if reason is not None:
            words, is_failure = reason
            style = layout.palette.error if is_failure else layout.palette.warning
            lines += plain_lines(words, layout.text_width, style, kind="fact")
        return [*lines, *note_lines(self.remarks.note, layout), Line((), kind="blank")]

    def _body(self, number: int, part: Part, layout: Layout) -> list[Line]:
        if not self.text.text:
            return [Line([("(empty reply)", layout.palette.muted)], kind="fact")]
        if not self.is_markdown:
            return plain_part(self.text.text, part.source, layout.text_width, layout.palette.text)
        before = sum(other.code_count for other in self.parts[:number])
        rendered = self.text.render(part.source, before, layout)
        self._count_codes(number, len(rendered.code_blocks) - part.source.is_within_code)
        return rendered.lines

    def _count_codes(self, number: int, count: int) -> None:
        """The cut counts fences alone; other code blocks are known when they are rendered, and move the numbers."""
        part = self.parts[number]
        if part.code_count != count:
            part.code_count = count
            for later in self.parts[number + 1 :]:
                if later.kind == "body":
                    later.forget()


def note_lines(note: str, layout: Layout) -> list[Line]:
    """The user's note under a message, so that nobody takes it for a part of it."""
    if not note:
        return []
    palette = layout.palette
    label = Line([(f"{NOTE} Your note", palette.muted + palette.strong)], kind="fact")
    bar: list[Piece] = [(f"{NOTE} ", palette.muted)]
    shown = printable(note).strip("\n")
    return [label, *plain_lines(shown, layout.text_width, palette.muted, kind="text", lead=bar)]


def foot_estimate(message: ChatMessage, remarks: Remarks, layout: Layout) -> int:
    """Rows the foot will about take."""
    note = remarks.note
    rows = note.count("\n") + 2 + len(note) // (layout.text_width + 1) if note else 0
    return (2 if message.is_incomplete else 1) + rows


def estimate(text: str, source: SourcePart, layout: Layout) -> int:
    """Rows a part will about take, from its length alone."""
    newlines = text.count("\n", source.start, source.end)
    return newlines + 1 + (source.end - source.start) // (layout.text_width + 1)


def reasoning_parts(text: str, layout: Layout) -> list[Part]:
    if not text:
        return []
    return [Part("reasoning", source, estimate(text, source, layout)) for source in cut_plain(text)]


def reasoning_lines(text: str, source: SourcePart, layout: Layout, *, is_last: bool) -> list[Line]:
    """Rows of open reasoning; an empty row parts it from the text."""
    bar: list[Piece] = [("\u2506 ", layout.palette.gutter)]
    lines = plain_part(text, source, layout.text_width, layout.palette.muted, lead=bar)
    return [*lines, Line((), kind="blank")] if is_last else lines


def plain_part(
    text: str, source: SourcePart, width: int, style: Style, *, lead: list[Piece] | None = None
) -> list[Line]:
    """Rows of a part of a plain text."""
    shown = text[source.start : source.end]
    kind: Literal["reasoning", "text"] = "reasoning" if lead else "text"
    lines = plain_lines(shown, width, style, first_source=source.first_line, kind=kind, lead=lead)
    if source.is_continued:
        lines[0].glue = source.join
    return lines
