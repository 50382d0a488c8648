"""An address alone on the screen, from edge to edge, so that the terminal's own selection takes it whole.

The mouse is the terminal's meanwhile. Once it is painted, the address is written again with the terminal's own
wrapping: terminals and multiplexers then know that its rows are one line, and copy it without line breaks.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from metis_tui.tui.screens.overlay import ClosesOnce

_HINT = "Select it with your mouse and copy it as your terminal does. Esc goes back."
_LOOK_SECONDS = 0.2


class Terminal(Protocol):
    """What this screen needs of the application."""

    def lend_mouse(self, is_lent: bool) -> None: ...

    def draw_over(self, text: str) -> bool:
        """False: the line is not free yet."""


class BareAddress(ClosesOnce[None]):
    DEFAULT_CSS = """
    BareAddress { background: $background; color: $foreground; }
    BareAddress ToastRack { display: none; }
    BareAddress > Sheet { height: 1fr; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,w,enter", "dismiss(None)", "Back", show=False)]

    def __init__(self, address: str, terminal: Terminal) -> None:
        super().__init__()
        self._address = address
        self._terminal = terminal
        self._is_to_wrap = False

    def compose(self) -> ComposeResult:
        yield Sheet(self._address)

    def on_mount(self) -> None:
        self._terminal.lend_mouse(True)
        self.set_interval(_LOOK_SECONDS, self._wrap)

    def on_unmount(self) -> None:
        self._terminal.lend_mouse(False)

    def on_resize(self) -> None:
        self._is_to_wrap = True

    def _wrap(self) -> None:
        """Writes the same characters into the same cells: whatever draws the screen need not know."""
        rows = -(-len(self._address) // max(1, self.size.width))
        if not self._is_to_wrap or self.app.screen is not self or rows > self.size.height:
            return
        text = self.query_one(Sheet).rich_style.render(self._address, color_system=self.app.console._color_system)
        self._is_to_wrap = not self._terminal.draw_over(f"\x1b[H\x1b[?7h{text}\x1b[?7l")


class Sheet(Widget):
    """The address, and below it, where there is room, what to do with it."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def render_line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        line = self._address[y * width : (y + 1) * width]
        row_count, last = -(-len(self._address) // width), self.size.height - 1
        if y == last and row_count > self.size.height:
            line = f"It takes {row_count} rows: make the terminal larger."[:width]
        if y == min(row_count + 1, last) and not line:
            return Strip([Segment(_HINT[:width], style)]).adjust_cell_length(width, style)
        return Strip([Segment(line, style)]).adjust_cell_length(width, style)
