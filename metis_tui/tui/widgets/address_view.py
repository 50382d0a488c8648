"""A long address on lines of its own, with nothing beside it; a link where the terminal knows links.

Knows nothing of what the address is for.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

_SHORTEST_HEAD = 8


class AddressView(Widget, can_focus=True):
    """Set `address`; with `is_short` only its beginning is shown, on one line."""

    DEFAULT_CSS = """
    AddressView { height: auto; color: $text-accent; }
    AddressView:focus { text-style: bold; }
    """

    def __init__(self, *, is_link: bool, id: str | None = None) -> None:
        super().__init__(id=id)
        self._is_link = is_link
        self._is_short = False
        self._address = ""

    def show(self, address: str, *, is_short: bool) -> None:
        if (address, is_short) != (self._address, self._is_short):
            self._address, self._is_short = address, is_short
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._lines(width)))

    def render_line(self, y: int) -> Strip:
        lines = self._lines(self.size.width)
        style = self.rich_style
        if y >= len(lines):
            return Strip.blank(self.size.width, style)
        link = Style(link=self._address) if self._is_link and self._address else Style()
        return Strip([Segment(lines[y], style + link)]).adjust_cell_length(self.size.width, style)

    def _lines(self, width: int) -> list[str]:
        address = self._address
        if not address or width <= 0:
            return []
        if self._is_short and len(address) > width:
            return [address[: max(_SHORTEST_HEAD, width - 1)] + "…"]
        return [address[start : start + width] for start in range(0, len(address), width)]
