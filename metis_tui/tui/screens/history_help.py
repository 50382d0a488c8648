"""The keys of the history screen, and what can be searched for."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.tui.screens.overlay import Overlay

KEYS = (
    ("/", "type words to search for; Down or Enter goes back to the list"),
    ("j k g G", "move; PgUp and PgDn scroll the preview"),
    ("Enter", "open, at what was found"),
    ("v", "read only; q comes back here"),
    ("n N", "next and previous place found, on to the next conversation"),
    ("s", "sort: newest, oldest, title, messages, best match"),
    ("Space", "mark; A marks all that is listed, or none"),
    ("T", "tags of the marked conversations, else of this one; so do:"),
    ("P a", "pin; archive, which hides from the plain list"),
    ("d u", "move to the trash; take the last change back"),
    ("x", "export into one file"),
    ("R", "have another model answer the last prompt of each, or all of its prompts"),
    ("c", "vote on the comparisons in each, with the names hidden"),
    ("e", "give this one another title"),
    ("F5", "look for what other windows have saved"),
    ("Esc", "ends the search, then the marks, then closes"),
)
FILTERS = (
    ("two words", "both, in a message or a title; -word leaves out"),
    ('"two words"', "one behind the other"),
    ("model:gpt", "part of model@cluster"),
    ("tag:vasp", "a tag; several: all of them"),
    ("role:user", "or assistant: whose message"),
    ("after:7d", "or before:2026-11-25: when"),
    ("is:pinned", "or is:archived, is:trash"),
    ("has:code", "with a block of code"),
)


class HistoryHelp(Overlay[None]):
    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "Close", show=False),
        Binding("j", "scroll_by(1)", show=False),
        Binding("k", "scroll_by(-1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help-box") as box:
            box.border_title = "Saved conversations"
            box.border_subtitle = "Esc closes"
            yield Static("Keys in the list", classes="help-title", markup=False)
            yield Static(_table(KEYS))
            yield Static("Words and filters", classes="help-title", markup=False)
            yield Static(_table(FILTERS))
            yield Static("Archived conversations are not in the plain list; words find them.", markup=False)

    def on_mount(self) -> None:
        self.query_one("#help-box").focus()

    def action_scroll_by(self, rows: int) -> None:
        self.query_one("#help-box").scroll_relative(y=rows, animate=False)


def _table(rows: tuple[tuple[str, str], ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for key, text in rows:
        table.add_row(key, text)
    return table
