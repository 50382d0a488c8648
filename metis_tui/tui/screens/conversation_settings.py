"""System prompt and generation parameters of one conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.parameters import PARAMETERS, format_parameters, parse_parameters
from metis_tui.chat.printable import printable
from metis_tui.tui.screens.overlay import Overlay


@dataclass(frozen=True, slots=True)
class ConversationChoice:
    system: str
    params: dict[str, object]


class ConversationSettings(Overlay[ConversationChoice | None]):
    """Returns the new settings, or None when the user backs out."""

    CSS_PATH = "conversation_settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f7", "save", "Save", show=False, priority=True),
        Binding("escape", "dismiss(None)", "Cancel", show=False),
    ]

    def __init__(self, system: str, params: dict[str, object]) -> None:
        super().__init__()
        self._system, self._params = system, params

    def compose(self) -> ComposeResult:
        with Vertical(id="settings-box") as box:
            box.border_title = "Conversation settings"
            box.border_subtitle = "Ctrl+S saves · Tab next field · Esc cancels"
            yield Static("System prompt", classes="settings-title", markup=False)
            yield TextArea(printable(self._system), id="system", compact=True, highlight_cursor_line=False)
            yield Static("Parameters, one a line: name = value", classes="settings-title", markup=False)
            yield TextArea(format_parameters(self._params), id="params", compact=True, highlight_cursor_line=False)
            rules = "\n".join(f"{parameter.name}: {parameter.rule}" for parameter in PARAMETERS.values())
            yield Static(rules, id="rules", markup=False)
            yield Static("", id="settings-problem", markup=False)

    def on_mount(self) -> None:
        for area in self.query(TextArea):
            area.cursor_blink = False
        self.query_one("#system").focus()

    def action_save(self) -> None:
        try:
            params = parse_parameters(self.query_one("#params", TextArea).text)
        except InvalidRequest as refusal:
            problem = self.query_one("#settings-problem", Static)
            problem.update(f"✕ {printable(refusal.reason)}")
            problem.add_class("-shown")
            self.query_one("#params").focus()
            return
        self.dismiss(ConversationChoice(self.query_one("#system", TextArea).text.strip(), params))
