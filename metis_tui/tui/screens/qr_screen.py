"""A QR code on a page of its own: dark on light whatever the theme, as readers want it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from metis_tui.tui.screens.overlay import ClosesOnce

_HINT = "Scan it with a telephone's camera. Esc goes back."
_INK = Style(color="#000000", bgcolor="#ffffff")
_MARGIN_ROWS = 1
"""The last row tells the way back."""


def fits(lines: Sequence[str], width: int, height: int) -> bool:
    return bool(lines) and len(lines[0]) <= width and len(lines) + _MARGIN_ROWS <= height


class QrScreen(ClosesOnce[None]):
    DEFAULT_CSS = """
    QrScreen { background: #ffffff; }
    QrScreen ToastRack { display: none; }
    QrScreen > Page { height: 1fr; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss(None)", "Back", show=False)]

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def compose(self) -> ComposeResult:
        yield Page(self._lines)


class Page(Widget):
    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__()
        self._lines = lines

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if not fits(self._lines, width, height):
            text = "The terminal is too small for the code." if y == 0 else _HINT if y == height - 1 else ""
            return Strip([Segment(text[:width], _INK)]).adjust_cell_length(width, _INK)
        top = (height - _MARGIN_ROWS - len(self._lines)) // 2
        line = self._lines[y - top] if top <= y < top + len(self._lines) else ""
        if y == height - 1:
            line = _HINT[:width]
        left = (width - len(line)) // 2
        return Strip([Segment(" " * left + line, _INK)]).adjust_cell_length(width, _INK)
