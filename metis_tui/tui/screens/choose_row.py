"""A short list of numbered rows to choose from: a digit takes a row at once. Knows nothing of what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.overlay import Overlay


class ChooseRow(Overlay[str | None]):
    """Returns the number of the chosen row as it is written, or None.

    Args:
        rows: (number, words). Numbers of one digit are taken at once when no longer one begins with it.
    """

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel", show=False),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = printable_line(title, 100)
        self._rows = list(rows)
        self._typed = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield OptionList(id="rows", compact=True, markup=False)
            yield Static("", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        size = max(len(number) for number, _ in self._rows)
        options.add_options(
            Option(Text(f"{number:>{size}}  {printable_line(words, 160)}", no_wrap=True, overflow="ellipsis"))
            for number, words in self._rows
        )
        options.highlighted = 0
        options.focus()
        self._show_keys()

    def _show_keys(self) -> None:
        typed = f"number {self._typed}… · " if self._typed else ""
        self.query_one(".dialog-keys", Static).update(f"{typed}number or j k Enter · Esc cancels")

    def on_key(self, event: events.Key) -> None:
        if event.character is None or not event.character.isdigit():
            return
        event.stop()
        event.prevent_default()
        self._typed += event.character
        fitting = [number for number, _ in self._rows if number.startswith(self._typed)]
        if not fitting:
            self._typed = ""
        elif fitting == [self._typed]:
            self.dismiss(self._typed)
            return
        else:
            numbers = [number for number, _ in self._rows]
            if self._typed in numbers:
                self.query_one(OptionList).highlighted = numbers.index(self._typed)
        self._show_keys()

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            options.highlighted = max(0, min(len(self._rows) - 1, options.highlighted + step))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._rows[event.option_index][0])
