"""The field for the code of a sign-in. A paste is taken whole: the code may come in several lines, or with blanks."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

_LONGEST_CODE = 4000
"""The address of the page that shows the code serves as well."""


class CodeInput(Input):
    """A paste replaces what is there: two codes in one field are none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, compact=True, select_on_focus=False, max_length=_LONGEST_CODE, placeholder="paste the code here"
        )
        self.cursor_blink = False

    def take(self, pasted: str) -> None:
        """The paste without its white space, as far as it can be shown."""
        code = "".join(character for character in pasted[: 2 * _LONGEST_CODE] if character.isprintable())
        self.value = "".join(code.split())[:_LONGEST_CODE]
        self.cursor_position = len(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()  # Textual's takes the first line only
        event.stop()
        self.take(event.text)
