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

_NAMES_SHOWN = 30


@dataclass(frozen=True, slots=True)
class PathChoice:
    path: Path


class AskPath(Overlay[PathChoice | None]):
    """Returns the path, or None when the user backs out. Whether it is free is found out by writing."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False, priority=True),
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
            yield Input(self._path, compact=True, select_on_focus=False)
            yield Static(
                f"✕ {printable(self._problem)}" if self._problem else "", classes="dialog-problem", markup=False
            )
            yield Static("", classes="dialog-names", markup=False)
            here = shown_path(Path(os.getcwd()))
            yield Static(
                f"Tab completes · Enter writes · Esc cancels · here: {here}", classes="dialog-keys", markup=False
            )

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.cursor_position = len(field.value)

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
        self.query_one(".dialog-names", Static).update(
            shown if len(names) > 1 else "" if names else "no such name yet"
        )

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(PathChoice(path_of(event.value)))
