"""Asks with which parameters another model is to reply, and whether the conversation keeps both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from metis_tui.chat.conversation import Params
from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.parameters import PARAMETERS, format_parameters, parse_parameters
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.line_input import LineInput

_BETWEEN = re.compile(r"[;,]\s*(?=[a-z_]+\s*=)")
"""Parts settings; a comma inside a list of texts does not."""

_KEYS = """\
Enter asks; the conversation keeps its own model and parameters
Ctrl+S asks and keeps these for the conversation · Esc cancels"""


@dataclass(frozen=True, slots=True)
class ReplyChoice:
    params: dict[str, object]
    is_for_conversation: bool
    """Model and parameters are the conversation's from now on, not of this reply alone."""


class ReplyParameters(Overlay[ReplyChoice | None]):
    """Returns the choice, or None when the user backs out."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # Not before the field has its keys: what arrives in one piece with them would be lost.
        Binding("ctrl+s", "ask(True)", show=False),
        Binding("escape", "dismiss(None)", "Cancel", show=False),
    ]

    def __init__(self, model: str, params: Params) -> None:
        super().__init__()
        self._model = printable_line(model, 60)
        self._value = "; ".join(format_parameters(params).splitlines())

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            title = f"Ask {self._model}, with parameters: name = value; name = value"
            yield Static(title, classes="dialog-title", markup=False)
            yield LineInput(self._value, placeholder="the model's defaults")
            yield Static("", classes="dialog-problem", markup=False)
            yield Static(_KEYS, classes="dialog-keys", markup=False)
            yield Static(f"There are: {', '.join(PARAMETERS)}", classes="dialog-keys", markup=False)

    @on(Input.Submitted)
    def submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_ask(False)

    def action_ask(self, is_for_conversation: bool) -> None:
        try:
            params = parse_parameters(_BETWEEN.sub("\n", self.query_one(Input).value))
        except InvalidRequest as refusal:
            problem = self.query_one(".dialog-problem", Static)
            problem.update(f"✕ {printable(refusal.reason)}")
            problem.add_class("-shown")
            return
        self.dismiss(ReplyChoice(params, is_for_conversation))
