"""The leader panel: after Ctrl+X it shows which key does what, without a time-out."""

from __future__ import annotations

from rich.table import Table
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.tui.actions import BY_LEADER
from metis_tui.tui.screens.overlay import Overlay

_SCROLLING = {"down": 1, "pagedown": 1, "up": -1, "pageup": -1}
"""For screens too small for all of it."""


class Leader(Overlay[str | None]):
    """Returns the name of the action, or None."""

    CSS_PATH = "leader.tcss"

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="leader-box", can_focus=False):
            yield Static(id="leader-keys")

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        columns = max(1, min(4, (self.app.size.width - 4) // 28))
        table = Table.grid(padding=(0, 2))
        cells = [f"{key}  {action.title}" for key, action in sorted(BY_LEADER.items())]
        height = -(-len(cells) // columns)
        for row in range(height):
            table.add_row(
                *(cells[row + column * height] for column in range(columns) if row + column * height < len(cells))
            )
        self.query_one("#leader-keys", Static).update(table)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if event.key in _SCROLLING:
            box = self.query_one("#leader-box")
            box.scroll_relative(y=_SCROLLING[event.key] * max(1, box.size.height - 1), animate=False)
            return
        action = BY_LEADER.get(event.character or "")
        self.dismiss(action.name if action else None)
