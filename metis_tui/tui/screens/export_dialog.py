"""Asks for the format and the file of an export. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from metis_tui.chat.exchange import ExportFormat, suggested_name
from metis_tui.tui.exporting import with_extension
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.line_input import LineInput

FORMATS: dict[ExportFormat, tuple[str, str]] = {
    "markdown": ("Markdown", "to read and to edit; with where each reply comes from"),
    "html": ("HTML", "one page to read or print in a browser"),
    "json": ("JSON", "everything; can be imported again"),
    "jsonl": ("JSON Lines", "one record a line, for programs"),
    "bundle": ("bundle", "for a colleague: metis-tui --open FILE"),
}


@dataclass(frozen=True, slots=True)
class ExportChoice:
    kind: ExportFormat
    path: Path


class AskExport(Overlay[ExportChoice | None]):
    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("tab,down", "next_format(1)", show=False, priority=True),
        Binding("shift+tab,up", "next_format(-1)", show=False, priority=True),
    ]

    def __init__(self, titles: Sequence[str], folder: Path) -> None:
        super().__init__()
        self._titles = titles
        self._folder = folder
        self._kinds = list(FORMATS)
        self._place = 0

    def compose(self) -> ComposeResult:
        count = len(self._titles)
        with Vertical(classes="dialog"):
            yield Static(
                "Export this conversation" if count == 1 else f"Export {count:,} conversations into one file",
                classes="dialog-title",
                markup=False,
            )
            yield Static(id="export-formats")
            yield LineInput(str(self._folder / suggested_name(self._titles, self._kinds[0])))
            yield Static("Tab changes the format · Enter writes · Esc cancels", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        self._show_formats()

    def action_next_format(self, step: int) -> None:
        self._place = (self._place + step) % len(self._kinds)
        field = self.query_one(Input)
        field.value = with_extension(field.value, self._kinds[self._place])
        field.cursor_position = len(field.value)
        self._show_formats()

    def _show_formats(self) -> None:
        words = Text()
        for place, kind in enumerate(self._kinds):
            name = FORMATS[kind][0]
            is_chosen = place == self._place
            words.append(f"[{name}]" if is_chosen else f" {name} ", "bold" if is_chosen else "")
        words.append(f"\n{FORMATS[self._kinds[self._place]][1]}", "dim")
        self.query_one("#export-formats", Static).update(words)

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self.dismiss(ExportChoice(self._kinds[self._place], Path(text).expanduser().absolute()))
