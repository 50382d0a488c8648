"""The command palette and its entries, made from the table of actions. Knows nothing of what they do."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input

from metis_tui.tui.actions import ACTIONS, Action
from metis_tui.tui.screens.selecting import SelectsWhatIsThere

_NOT_OFFERED = {"palette", "leader", "copy_or_stop", "parameter", "system"}


class Palette(SelectsWhatIsThere, CommandPalette):
    """Textual's, without a blink that repaints twice a second over the line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+l", "app.redraw", show=False, id="redraw")]

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False


class ActionProvider(Provider):
    """Offers every action of the chat screen by its title."""

    def _offered(self) -> list[Action]:
        return [
            action
            for action in ACTIONS
            if (action.where == "chat" or action.slash) and action.name not in _NOT_OFFERED
        ]

    @staticmethod
    def _help(action: Action) -> str:
        return f"{action.help}  {action.shown_key}".strip()

    async def discover(self) -> Hits:
        for action in self._offered():
            yield DiscoveryHit(
                action.title, partial(self.screen.run_action, action.name), action.title, self._help(action)
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action in self._offered():
            score = matcher.match(f"{action.title} {action.slash}")
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(action.title),
                    partial(self.screen.run_action, action.name),
                    action.title,
                    self._help(action),
                )
