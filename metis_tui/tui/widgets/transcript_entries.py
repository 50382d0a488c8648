"""The messages of a transcript in order: where each begins, estimated heights until rendered, rows when looked at.

Knows entries and their parts; nothing of widgets, scrolling or terminals.
"""

from __future__ import annotations

from collections.abc import Sequence

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.transcript_entry import Entry, Layout
from metis_tui.tui.widgets.transcript_heading import Remarks
from metis_tui.tui.widgets.transcript_kept import KeptEntries, KeptRows
from metis_tui.tui.widgets.transcript_live import LiveRows
from metis_tui.tui.widgets.transcript_rows import CutText, Part, PartedRows


class TranscriptEntries:
    """The messages in order, with their heights."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.entries: list[Entry] = []
        self.rendered_entries = 0
        """How many texts were rendered so far, again or anew; each part of a long one counts. The work done."""
        self._index: dict[str, int] = {}
        self._starts: list[int] = [0]
        self._valid_starts = 1
        self._rows = KeptRows()
        self._earlier = KeptEntries()

    def show(self, messages: Sequence[ChatMessage]) -> None:
        """Other messages; of those that were shown before, what is known is taken up again."""
        self._earlier.put(self.entries)
        self._rows.forget_strips()
        self.entries = [self._earlier.take(message) or Entry(message) for message in messages]
        for entry in self.entries:
            entry.close(self.layout)
        self._index = {message.id: number for number, message in enumerate(messages)}
        self._valid_starts = 1

    def append(self, entry: Entry) -> int:
        entry.close(self.layout)
        self.entries.append(entry)
        number = len(self.entries) - 1
        self._index[entry.message.id] = number
        return number

    def index_of(self, message_id: str | None) -> int | None:
        return self._index.get(message_id) if message_id is not None else None

    def exchange(self, number: int, message: ChatMessage, text: CutText | None = None) -> None:
        """An entry's message has a new state, perhaps another id."""
        entry = self.entries[number]
        self._index.pop(entry.message.id, None)
        self._index[message.id] = number
        entry.exchange(message, self.layout, text)
        self.changed(number)

    def close(self, number: int) -> None:
        """An entry is folded or shown in another way."""
        self.entries[number].close(self.layout)
        self.changed(number)

    def remark(self, number: int, remarks: Remarks) -> None:
        """The user put something beside a message, or took it away."""
        self.entries[number].remarks = remarks
        self.close(number)

    def relayout(self, layout: Layout) -> None:
        """Another width: heights are those known from before at that width, or estimates."""
        self.layout = layout
        for entry in self.entries:
            entry.close(layout)
        self._valid_starts = 1

    def repaint(self, layout: Layout) -> None:
        """Other colours: the rows are made again, their heights stay."""
        self.layout = layout
        self._rows.forget_all()
        for number, entry in enumerate(self.entries):
            if entry.live is not None:
                self.close(number)

    @property
    def height(self) -> int:
        return self.start(len(self.entries))

    def start(self, number: int) -> int:
        """The document row at which an entry begins."""
        starts = self._starts
        if self._valid_starts <= number:
            del starts[self._valid_starts :]
            row = starts[-1]
            for entry in self.entries[len(starts) - 1 : number]:
                row += entry.height
                starts.append(row)
            self._valid_starts = len(starts)
        return starts[number]

    def changed(self, number: int) -> None:
        """An entry's height changed; the entries after it moved."""
        self._valid_starts = min(self._valid_starts, number + 1)

    def forget_strips(self) -> None:
        """Rows are drawn again; what they say stays."""
        self._rows.forget_strips()
        for entry in self.entries:
            if entry.live is not None:
                entry.forget_strips()

    # --- rows -------------------------------------------------------------------------------------

    def open(self, number: int) -> PartedRows:
        """The parts of an entry."""
        entry = self.entries[number]
        if entry.rows is None:
            before = entry.height
            entry.open(self.layout)
            if entry.height != before:
                self.changed(number)
        assert entry.rows is not None
        return entry.rows

    def ensure(self, number: int, part_number: int) -> Part:
        """A part with its rows."""
        rows = self.open(number)
        part = rows.parts[part_number]
        if part.lines is None:
            change = rows.render(part_number, self.layout)
            self.rendered_entries += part.kind == "body"
            if change:
                self.entries[number].height += change
                self.changed(number)
        if not part.is_live:
            self._rows.used(part)
        return part

    def ensure_rows(self, number: int, count: int) -> None:
        """The first rows of an entry, so many of them: a long one is not rendered whole."""
        for part_number in range(len(self.open(number).parts)):
            if count <= 0:
                return
            count -= self.ensure(number, part_number).height

    def update_live(self, number: int) -> int:
        """Brings a streaming reply up to date; returns the first of its rows that changed."""
        rows = self.open(number)
        assert isinstance(rows, LiveRows)
        first = rows.update(self.layout)
        height = rows.height
        if height != self.entries[number].height:
            self.entries[number].height = height
            self.changed(number)
        return first

    def trim(self) -> None:
        """Drops the rows that were not seen for the longest time."""
        self._rows.trim()
