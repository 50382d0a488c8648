"""One message of the transcript: how it is folded, about how tall it is, its rows once looked at. Knows no widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.widgets.transcript_heading import NO_REMARKS, Clock, local_time
from metis_tui.tui.widgets.transcript_live import LiveReply, LiveRows
from metis_tui.tui.widgets.transcript_rows import CutText, EntryRows, PartedRows, foot_estimate

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript_finding import Search

_NARROW = 40
_KEPT_LAYOUTS = 4
"""Widths and foldings of a message whose heights, and rows while there is room, are kept."""


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


class Entry:
    """A message and, once looked at, its rows."""

    def __init__(self, message: ChatMessage, live: LiveReply | None = None) -> None:
        self.message = message
        self.live = live
        self.is_reasoning_open = False
        self.is_raw = False
        self.marks = ""
        """What the heading says beside the name: "2/3" of siblings."""
        self.remarks = NO_REMARKS
        self.height = 0
        """Rows; exact as far as its parts are."""
        self.rows: PartedRows | None = None
        """None until the entry is looked at."""
        self.candidate: tuple[Search, bool] | None = None
        """Whether its texts may hold words, as far as that is known."""
        self._texts: dict[bool, CutText] = {}
        self._kept: dict[tuple[int, bool, bool], EntryRows] = {}
        self._newlines = -1

    @property
    def was_seen(self) -> bool:
        """There is something to keep of it."""
        return self.live is None and bool(self._kept)

    @property
    def has_reasoning(self) -> bool:
        return bool(self.message.reasoning if self.live is None else self.live.reasoning_text)

    def open(self, layout: Layout) -> PartedRows:
        """The rows, in parts that are not all rendered."""
        if self.rows is None:
            if self.live is not None:
                live_rows = LiveRows(self.message, self.live, is_open=self.is_reasoning_open, is_raw=self.is_raw)
                live_rows.marks = self.marks
                live_rows.update(layout)
                self.rows = live_rows
            else:
                self.rows = self._kept_rows(layout)
            self.height = self.rows.height
        return self.rows

    def _kept_rows(self, layout: Layout) -> EntryRows:
        key = layout.width, self.is_reasoning_open, self.is_raw
        rows = self._kept.pop(key, None)
        if rows is None:
            text = self._texts.get(self.is_raw)
            if text is None:
                text = self._texts[self.is_raw] = CutText.of_message(self.message, is_raw=self.is_raw)
            rows = EntryRows(self.message, text, layout, is_open=self.is_reasoning_open, remarks=self.remarks)
        elif rows.remarks != self.remarks:
            rows.remark(self.remarks, layout)
        rows.mark(self.marks)
        self._kept[key] = rows
        if len(self._kept) > _KEPT_LAYOUTS:
            del self._kept[next(iter(self._kept))]
        return rows

    def close(self, layout: Layout) -> None:
        """Another width or folding: the rows are other ones, known from before or not."""
        self.rows = self.candidate = None
        if self.live is not None:
            activity = self.live.activity
            self.live = LiveReply(layout, self.live.text, self.live.reasoning_text)
            self.live.activity = activity
        kept = self._kept.get((layout.width, self.is_reasoning_open, self.is_raw)) if self._kept else None
        is_known = kept is not None and kept.remarks == self.remarks
        self.height = kept.height if kept is not None and is_known else self.estimate(layout)

    def sources(self) -> list[tuple[str, bool]]:
        """The texts it shows, and whether each is Markdown that is drawn other than it is written."""
        live = self.live
        text = self.message.text if live is None else live.text
        shown = [(text, self.message.role == "assistant" and not self.is_raw)]
        if self.is_reasoning_open:
            shown.append((self.message.reasoning if live is None else live.reasoning_text, False))
        return shown

    def searched_sources(self) -> list[tuple[str, bool]]:
        """Like `sources`, with folded reasoning and the user's note: they can be found, too."""
        folded = self.message.reasoning if self.live is None and not self.is_reasoning_open else ""
        hidden = [(text, False) for text in (folded, self.remarks.note) if text]
        return self.sources() + hidden

    def exchange(self, message: ChatMessage, layout: Layout, text: CutText | None = None) -> None:
        """Takes another message or the end of the streaming reply; `text` if it was cut already."""
        self.message, self.live = message, None
        self._kept.clear()
        self._texts.clear()
        if text is not None:
            self._texts[False] = text
        self._newlines = -1
        self.close(layout)

    def mark(self, marks: str) -> None:
        """Other marks in the heading."""
        self.marks = marks
        if self.rows is not None:
            self.rows.mark(marks)

    def forget_strips(self) -> None:
        """The rows are drawn again; what they say stays."""
        for rows in [self.rows, *self._kept.values()]:
            for part in rows.parts if rows is not None else ():
                part.strips.clear()

    def estimate(self, layout: Layout) -> int:
        """Rows this entry will about take, from its length alone."""
        text = self.message.text
        if self._newlines < 0:
            self._newlines = text.count("\n")
        body = self._newlines + 1 + len(text) // (layout.text_width + 1) if text else 0
        foot = foot_estimate(self.message, self.remarks, layout)
        return 1 + (1 if self.message.reasoning else 0) + body + foot
