"""Asks for the path of a new file: Tab completes, a file that is there is never taken without asking."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from metis_tui.chat.background import in_background
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.saving import completed, path_of, shown_path
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.line_input import LineInput

_NAMES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class PathChoice:
    path: Path


class AskPath(Overlay[PathChoice | None]):
    """Returns the path, or None when the user backs out. Whether it is free is found out by writing."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False),
        Binding("escape", "dismiss(None)", "Cancel", show=False),
    ]

    def __init__(self, title: str, path: str, problem: str = "") -> None:
        super().__init__()
        self._title = title
        self._path = path
        self._problem = problem

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(printable_line(self._title, 200), classes="dialog-title", markup=False)
            yield LineInput(self._path)
            problem = Static(f"✕ {printable(self._problem)}", classes="dialog-problem", markup=False)
            yield problem.set_class(bool(self._problem), "-shown")
            yield Static("", classes="dialog-names", markup=False)
            here = shown_path(Path(os.getcwd()))
            yield Static(
                f"Tab completes · Enter writes · Esc cancels · here: {here}", classes="dialog-keys", markup=False
            )

    async def action_complete(self) -> None:
        field = self.query_one(Input)
        text = field.value
        found, names = await in_background(lambda: completed(text))
        if field.value != text:
            return  # typed on meanwhile
        field.value = printable_line(found, 4000) if found.strip() else found
        field.cursor_position = len(field.value)
        more = f"  +{len(names) - _NAMES_SHOWN}" if len(names) > _NAMES_SHOWN else ""
        shown = "  ".join(printable_line(name, 60) for name in names[:_NAMES_SHOWN]) + more
        words = self.query_one(".dialog-names", Static)
        words.update(shown if len(names) > 1 else "no such name yet")
        words.set_class(len(names) != 1, "-shown")

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(PathChoice(path_of(event.value)))
