"""A text to read and to copy, such as a block for citing. Knows nothing of what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.overlay import Overlay


class TextView(Overlay[None]):
    CSS_PATH = "text_view.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str, text: str, copy: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._title, self._text, self._copy = printable_line(title, 100), printable(text), copy

    def compose(self) -> ComposeResult:
        with Vertical(classes="text-box") as box:
            box.border_title = self._title
            with VerticalScroll():
                yield Static(self._text, markup=False)
            yield Static("y copies · j k scroll · Esc closes", classes="text-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    async def action_copy(self) -> None:
        await self._copy(self._text)

    def action_scroll(self, rows: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)
