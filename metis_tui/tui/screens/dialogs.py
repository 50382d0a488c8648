"""Small questions on top of a screen: a line of text, or a choice of keys."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.line_input import LineInput


class AskText(Overlay[str | None]):
    """Asks for one line; None when the user backs out."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, value: str = "") -> None:
        super().__init__()
        self._title = title
        self._value = printable_line(value, 500)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(printable(self._title), classes="dialog-title", markup=False)
            yield LineInput(self._value)
            yield Static("Enter accepts · Esc cancels", classes="dialog-keys", markup=False)

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)


_ONE_LINE = 60
"""Characters of all answers up to which they stand in one line."""


class AskKey(Overlay[str | None]):
    """Shows a text and waits for one of some keys; returns the key, or None for Esc."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", show=False)]

    def __init__(self, title: str, text: str, keys: dict[str, str]) -> None:
        super().__init__()
        self._title, self._text, self._keys = title, text, keys

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(printable(self._title), classes="dialog-title", markup=False)
            yield Static(printable(self._text), markup=False)
            offered = [*(f"{key} {meaning}" for key, meaning in self._keys.items()), "Esc cancels"]
            is_long = sum(map(len, offered)) > _ONE_LINE
            yield Static(("\n" if is_long else " · ").join(offered), classes="dialog-keys", markup=False)

    def on_key(self, event: events.Key) -> None:
        key = event.character or event.key
        if key in self._keys:
            event.stop()  # or it would go on to what is below, which comes up at once
            event.prevent_default()
            self.dismiss(key)
