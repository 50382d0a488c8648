"""What review says above and below a conversation: that it is review, where the reader is, and the keys."""

from __future__ import annotations

from typing import NamedTuple

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from metis_tui.chat.printable import printable_line
from metis_tui.tui.rendering.wrapping import cells, crop

_KEYS = (
    "i back",
    "j k message",
    "/ find",
    "a note",
    "b bookmark",
    "p provenance",
    "J K prompt",
    "{ } heading",
    "< > code",
    "n N place found",
    "L list",
    "t Z reasoning",
    "m raw",
    "F1",
)
"""The most important first; those for which there is no room are in the help."""


class ReviewFacts(NamedTuple):
    number: int
    """Of the current message, from 1 on; 0: none."""
    total: int
    note_count: int
    bookmark_count: int
    has_branches: bool = False
    is_streaming: bool = False

    def words(self) -> list[str]:
        """The most important first."""
        place = f"message {self.number:,} of {self.total:,}" if self.number else f"{self.total:,} messages"
        words = [place]
        if self.is_streaming:
            words.append("a reply streams")
        if self.note_count:
            words.append(f"{self.note_count:,} note{'s' * (self.note_count != 1)}")
        if self.bookmark_count:
            words.append(f"{self.bookmark_count:,} bookmark{'s' * (self.bookmark_count != 1)}")
        if self.has_branches:
            words.append("[ ] branches")
        return words


def fitted(words: tuple[str, ...] | list[str], room: int, separator: str = " \u00b7 ") -> str:
    """As many of the words as fit, from the first on."""
    shown = ""
    for word in words:
        more = f"{shown}{separator}{word}" if shown else word
        if cells(more) > room:
            break
        shown = more
    return shown


class ReviewTitle(Widget):
    """The line at the top."""

    DEFAULT_CSS = """
    ReviewTitle { height: 1; background: $panel; color: $foreground; }
    ReviewTitle > .review--mode { text-style: bold reverse; }
    """
    COMPONENT_CLASSES = {"review--mode"}

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def render(self) -> Text:
        line = Text(no_wrap=True, overflow="crop", end="")
        line.append(" REVIEW ", self.get_component_rich_style("review--mode", partial=True))
        line.append(" " + crop(printable_line(self._title, 200), max(1, self.size.width - 10)))
        return line


class ReviewBar(Widget):
    """In place of a prompt: there is nothing to type into."""

    DEFAULT_CSS = """
    ReviewBar { height: 2; background: $panel; color: $foreground; }
    ReviewBar > .review--mode { text-style: bold reverse; }
    ReviewBar > .review--keys { color: $text-muted; }
    """
    COMPONENT_CLASSES = {"review--mode", "review--keys"}

    facts: reactive[ReviewFacts] = reactive(ReviewFacts(0, 0, 0, 0))

    def render(self) -> Text:
        width = self.size.width
        text = Text(no_wrap=True, overflow="crop", end="")
        text.append(" REVIEW ", self.get_component_rich_style("review--mode", partial=True))
        text.append(" " + fitted([*self.facts.words(), "nothing is sent from here"], width - 10))
        text.append("\n ")
        text.append(fitted(_KEYS, width - 2), self.get_component_rich_style("review--keys", partial=True))
        return text
