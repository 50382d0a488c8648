"""Asks for tags to add and to take away. Knows tags only as words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.line_input import LineInput

_MOST_SHOWN = 12


def completed(text: str, known: Sequence[str]) -> str:
    """The text with its last word completed to the one known tag it begins, or as far as it is clear."""
    head, space, word = text.rpartition(" ")
    sign = word[:1] if word[:1] in "+-" else ""
    begun = word[len(sign) :].casefold()
    found = [tag for tag in known if begun and tag.casefold().startswith(begun)]
    if not found:
        return text
    shared = found[0]
    while not all(tag.casefold().startswith(shared.casefold()) for tag in found):
        shared = shared[:-1]
    if len(shared) < len(begun):
        return text
    return f"{head}{space}{sign}{shared}" + (" " if len(found) == 1 else "")


class AskTags(Overlay[str | None]):
    """Returns a line such as "+mpi -old", or None."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("tab", "complete", "Complete", show=False, priority=True),
    ]

    def __init__(self, tags: Sequence[Sequence[str]], known: Sequence[str]) -> None:
        super().__init__()
        self._tags = sorted({tag for each in tags for tag in each}, key=str.casefold)
        self._count = len(tags)
        self._known = known

    def compose(self) -> ComposeResult:
        title = "Tags" if self._count == 1 else f"Tags of {self._count:,} conversations"
        with Vertical(classes="dialog"):
            yield Static(title, classes="dialog-title", markup=False)
            yield Static(f"now: {_list(self._tags) or 'none'}", markup=False)
            yield LineInput(placeholder="+add -remove")
            yield Static(self._known_words(""), classes="dialog-known", markup=False)
            yield Static("Tab completes · Enter accepts · Esc cancels", classes="dialog-keys", markup=False)

    def _known_words(self, text: str) -> str:
        begun = text.rpartition(" ")[2].lstrip("+-").casefold()
        found = [tag for tag in self._known if tag.casefold().startswith(begun)]
        return f"known: {_list(found)}" if found else "a new tag" if begun else "no tags are known yet"

    @on(Input.Changed)
    def show_known(self, event: Input.Changed) -> None:
        self.query_one(".dialog-known", Static).update(self._known_words(event.value))

    def action_complete(self) -> None:
        field = self.query_one(Input)
        field.value = completed(field.value, self._known)
        field.cursor_position = len(field.value)

    @on(Input.Submitted)
    def accept(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(printable_line(event.value, 300).strip() or None)


def _list(tags: Sequence[str]) -> str:
    shown = " ".join(printable(tag)[:40] for tag in tags[:_MOST_SHOWN])
    return shown + (f" and {len(tags) - _MOST_SHOWN} more" if len(tags) > _MOST_SHOWN else "")
