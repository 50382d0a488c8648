"""The floor that start-up is measured against: the least Textual app with a text and a line to type in."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static


class BareApp(App[None]):
    CSS = "VerticalScroll { height: 1fr; } Input { dock: bottom; }"

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static("READY", markup=False)
        yield Input()

    def on_mount(self) -> None:
        self.query_one(Input).focus()


if __name__ == "__main__":
    BareApp().run()
