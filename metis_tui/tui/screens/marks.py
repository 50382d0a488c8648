"""The notes and bookmarks of a conversation as a list; Enter goes there. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from metis_tui.chat.printable import printable_line
from metis_tui.tui.rendering.wrapping import cells, crop
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.transcript_heading import BOOKMARK, NOTE

if TYPE_CHECKING:
    from metis_tui.tui.remarks import Remarked

_WRITERS = {"user": "You", "assistant": "Reply", "system": "System"}


def mark_line(item: Remarked, width: int) -> Text:
    """Sign, place and writer, then the note, or the message's first words."""
    signs = (BOOKMARK if item.remarks.is_bookmarked else " ") + (NOTE if item.remarks.note else " ")
    place = f"{item.number:>4}" if item.number is not None else "   –"
    writer = crop(printable_line(item.message.served_by or _WRITERS[item.message.role], 60), max(6, width // 5))
    line = Text(f"{signs} {place}  {writer}  ", no_wrap=True, end="")
    room = max(4, width - cells(line.plain))
    note = printable_line(item.remarks.note, 300)
    words = printable_line(item.message.text or item.message.reasoning, 300) or "(no text)"
    line.append(crop(note or words, room), "italic" if note else "dim")
    return line


class Marks(Overlay[str | None]):
    """Returns the id of the message to go to, or None."""

    CSS_PATH = "marks.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,L", "dismiss(None)", "Close", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]

    def __init__(self, items: Sequence[Remarked], current: str) -> None:
        super().__init__()
        self._items = items
        self._current = current

    def compose(self) -> ComposeResult:
        notes = sum(bool(item.remarks.note) for item in self._items)
        marks = sum(item.remarks.is_bookmarked for item in self._items)
        with Vertical(id="marks-box") as box:
            box.border_title = f"{counted(notes, 'note')} · {counted(marks, 'bookmark')}"
            yield OptionList(id="marks-list", compact=True, markup=False)
            others = any(item.number is None for item in self._items)
            yield Static(
                "Enter goes there · Esc" + (" · – is in another branch" if others else ""),
                id="marks-keys",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        if self.query_one(OptionList).option_count:
            self._fill()

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        width = max(20, options.scrollable_content_region.width - 2)
        kept = options.highlighted
        options.clear_options()
        options.add_options(Option(mark_line(item, width)) for item in self._items)
        ids = [item.message.id for item in self._items]
        options.highlighted = kept if kept is not None else ids.index(self._current) if self._current in ids else 0

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._items[event.option_index].message.id)

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def action_first(self) -> None:
        self.query_one(OptionList).action_first()

    def action_last(self) -> None:
        self.query_one(OptionList).action_last()


def counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"
