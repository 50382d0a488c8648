"""Help: every key and command, made from the table of actions."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.tui.actions import ACTIONS, Where, shown_key
from metis_tui.tui.screens.overlay import Overlay

_TITLES: dict[Where, str] = {
    "chat": "Everywhere",
    "prompt": "Prompt",
    "transcript": "Transcript (Esc or click to go there)",
}
_MORE = (
    ("Models", "type to search · Tab changes the state shown · Enter uses · F5 refreshes · Esc"),
    ("Saved ones", "j k move · / searches · Enter opens · Space marks · d trash · u undo · ? tells all keys · Esc"),
    ("Branches", "j k move · [ ] next branching · h l fold · Enter shows a branch · f forks · Esc"),
    ("Votes", "t tag · c cluster · m by model · b blind only · w who won against whom · x export · Esc"),
    ("Differences", "n N change · a what all agree on · [ ] other replies · m one column or two · Esc"),
    ("Signing in", "Ctrl+Y copies the address · Ctrl+T shows it alone · Ctrl+R QR code · Ctrl+O opens it · Esc"),
    ("Review", "the keys of the transcript; nothing is sent · i, q or Esc goes back"),
    ("Find", "Enter leaves the keys to n N · Down Up next, before · Tab other branches · Esc"),
    ("Selecting", "drag with the mouse, Ctrl+C copies; F6 hands the mouse to your terminal"),
    ("Editing", "Ctrl+W word · Ctrl+U Ctrl+K line · Ctrl+_ undo · Ctrl+Y redo · Up Down earlier prompts"),
    ("Files", "metis-tui config path shows where everything is kept"),
)


class Help(Overlay[None]):
    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,enter", "dismiss(None)", "Close", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
    ]

    def __init__(self, keymap: dict[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help-box") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            for where, title in _TITLES.items():
                yield Static(title, classes="help-title", markup=False)
                yield Static(self._table(where))
            yield Static("Elsewhere", classes="help-title", markup=False)
            more = Table.grid(padding=(0, 2))
            for name, text in _MORE:
                more.add_row(name, text)
            yield Static(more)

    def on_mount(self) -> None:
        self.query_one("#help-box").focus()

    def _table(self, where: Where) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for action in ACTIONS:
            if action.where != where:
                continue
            keys = ", ".join(shown_key(key) for key in self._keymap.get(action.name, action.keys).split(",") if key)
            ways = [f"Ctrl+X {action.leader}"] if action.leader else []
            ways += [f"/{action.slash} {action.argument}".strip()] if action.slash else []
            help_text = f"{action.title}. {action.help}" if action.help else action.title
            table.add_row(keys, " ".join(ways), help_text)
        return table

    def action_scroll_down(self) -> None:
        self.query_one("#help-box").scroll_down(animate=False)

    def action_scroll_up(self) -> None:
        self.query_one("#help-box").scroll_up(animate=False)
