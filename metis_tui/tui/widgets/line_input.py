"""A line of text in a dialog, whose keys take effect in the order in which they come. Knows nothing of the dialog."""

from __future__ import annotations

from textual import events
from textual.binding import Binding
from textual.widgets import Input

from metis_tui.tui.terminal_keys import plain_key_name

_ACTION_BY_KEY = {
    key.strip(): binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}


class LineInput(Input):
    """Textual takes letters at once and lets other keys bubble up first: over a slow line, where keys arrive in one
    piece, a letter behind Backspace would be the one that goes.
    """

    def __init__(self, value: str = "", *, placeholder: str = "") -> None:
        super().__init__(value, placeholder=placeholder, compact=True, select_on_focus=False)
        self.cursor_blink = False  # a blink repaints twice a second over the line
        self.cursor_position = len(value)

    async def _on_key(self, event: events.Key) -> None:
        action = _ACTION_BY_KEY.get(plain_key_name(event.key))
        if action is None:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        await self.run_action(action)
