"""A row of words that changes often. Unlike Textual's Static it never asks for a layout of the whole screen."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from metis_tui.chat.printable import printable_line


class OneLine(Widget):
    """Always one row high; what does not fit is cut."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    OneLine { height: 1; padding: 0 1; }
    """

    def __init__(self, words: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = words

    @property
    def words(self) -> str:
        return self._words

    def say(self, words: str) -> None:
        """Shows other words."""
        words = printable_line(words, 500)
        if words != self._words:
            self._words = words
            self.refresh()

    def render(self) -> Text:
        return Text(self._words, no_wrap=True, overflow="ellipsis", end="")
