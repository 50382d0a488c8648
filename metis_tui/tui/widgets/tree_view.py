"""Rows of a tree with a cursor on one of them. A row is made when it comes into view: there may be thousands.

Knows rows of text; nothing of conversations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from metis_tui.tui.rendering.wrapping import cells


class TreeRow(NamedTuple):
    """One row: what leads it, what it says, and facts at the right end."""

    head: str
    words: str
    facts: str
    is_strong: bool


class TreeView(ScrollView, can_focus=True, inherit_bindings=False):
    DEFAULT_CSS = """
    TreeView { scrollbar-size-vertical: 1; overflow-x: hidden; scrollbar-gutter: stable; }
    TreeView > .tree--cursor { background: $primary; color: $background; text-style: bold; }
    TreeView > .tree--strong { text-style: bold; }
    TreeView > .tree--facts { color: $text-muted; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tree--cursor", "tree--strong", "tree--facts"}

    class Chosen(Message):
        """A row was clicked that the cursor is on."""

    cursor: reactive[int] = reactive(0)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._count = 0
        self._row: Callable[[int, int], TreeRow] | None = None

    def show(self, count: int, row: Callable[[int, int], TreeRow], cursor: int) -> None:
        """Other rows; `row` makes the one of a number for a width in cells."""
        self._count, self._row = count, row
        self.virtual_size = Size(self.scrollable_content_region.width, count)
        self.set_reactive(TreeView.cursor, max(0, min(count - 1, cursor)))
        self._bring_into_view()
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(self._count - 1, cursor))

    def watch_cursor(self) -> None:
        self._bring_into_view()
        self.refresh()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, self._count)
        self._bring_into_view()

    @property
    def page(self) -> int:
        """Rows that are in view at once."""
        return max(1, self.scrollable_content_region.height)

    def _bring_into_view(self) -> None:
        top = self.scroll_offset.y
        wanted = min(max(top, self.cursor - self.page + 1), self.cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if self._row is None or number >= self._count:
            return Strip.blank(width, self.rich_style)
        row = self._row(number, width)
        room = max(0, width - cells(row.head) - cells(row.words) - cells(row.facts))
        if number == self.cursor:
            head = words = facts = self.get_component_rich_style("tree--cursor", partial=True)
        else:
            head = self.get_component_rich_style("tree--strong", partial=True) if row.is_strong else Style()
            words, facts = Style(), self.get_component_rich_style("tree--facts", partial=True)
        pieces = [Segment(row.head, head), Segment(row.words + " " * room, words), Segment(row.facts, facts)]
        return Strip(pieces).apply_style(self.rich_style).adjust_cell_length(width, self.rich_style)

    def on_click(self, event: events.Click) -> None:
        number = event.y + self.scroll_offset.y
        if number == self.cursor:
            self.post_message(self.Chosen())
        elif number < self._count:
            self.cursor = number
