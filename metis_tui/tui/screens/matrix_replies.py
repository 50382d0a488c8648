"""The replies of one prompt of a matrix: one model's at a time, all repeats. Knows the matrix only."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.matrix import Cell, Matrix
from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.overlay import ClosesOnce
from metis_tui.tui.widgets.transcript import Transcript


class MatrixReplies(ClosesOnce[None]):
    """Args: prompt_id: of the matrix; model: the number of the model to begin with, from 0."""

    DEFAULT_CSS = """
    MatrixReplies { layout: vertical; background: $background; }
    MatrixReplies .bar { height: 1; background: $panel; padding: 0 1; }
    MatrixReplies Transcript { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Back", show=False),
        Binding("h,left", "model(-1)", show=False),
        Binding("l,right", "model(1)", show=False),
        Binding("d", "difference", "Differences", show=False),
    ]

    def __init__(self, matrix: Matrix, prompt_id: str, model: int) -> None:
        super().__init__()
        self._matrix = matrix
        self._case = matrix.plan.case(prompt_id)
        self._model = model

    def compose(self) -> ComposeResult:
        yield Static(id="replies-title", classes="bar", markup=False)
        yield Transcript()
        yield Static("h l other models · d differences · j k message · m raw · Esc", classes="bar", markup=False)

    def on_mount(self) -> None:
        self.query_one(Transcript).focus()
        self._show()

    def _show(self) -> None:
        plan = self._matrix.plan
        model = plan.models[self._model]
        place = f"{self._model + 1}/{len(plan.models)}"
        title = f"{printable_line(self._case.id, 60)} · {printable_line(model, 120)} · {place}"
        self.query_one("#replies-title", Static).update(Text(title, no_wrap=True, overflow="ellipsis"))
        messages = [
            ChatMessage(
                f"prompt-{n}", None, role, text, plan.created_ms, stop="stop" if role == "assistant" else None
            )
            for n, (role, text) in enumerate(self._case.messages)
        ]
        transcript = self.query_one(Transcript)
        transcript.show([*messages, *self._replies(model)])
        transcript.action_scroll_home()

    def _replies(self, model: str) -> list[ChatMessage]:
        cells = [Cell(self._case.id, model, n) for n in range(1, self._matrix.plan.repeat + 1)]
        return [self._matrix.results[cell].reply for cell in cells if cell in self._matrix.results]

    def action_model(self, step: int) -> None:
        self._model = (self._model + step) % len(self._matrix.plan.models)
        self._show()

    def action_difference(self) -> None:
        from metis_tui.tui.screens.difference import ComparedReply, DifferenceScreen

        firsts = [(model, self._replies(model)[:1]) for model in self._matrix.plan.models]
        replies = [ComparedReply(model, found[0].text) for model, found in firsts if found and found[0].text]
        if len(replies) < 2:
            self.notify("Two models must have replied.", markup=False)
        else:
            self.app.push_screen(DifferenceScreen(replies))
