"""One comparison of several, to be voted on blind. Looks and votes; asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.tui.screens.lanes import LanesScreen
from metis_tui.tui.widgets.lane_pane import LETTERS

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Comparison


class VoteOnly(LanesScreen):
    """Returns a lane to go on with the next one, None to end. `told` says how manieth it is."""

    def __init__(self, comparison: Comparison, told: str) -> None:
        super().__init__(comparison)
        self._told = told
        self.was_asked_blind = True  # the names were never on this screen

    @property
    def title_words(self) -> str:
        return " · ".join(filter(None, (self._told, self.vote_words)))

    def key_words(self) -> list[str]:
        best = f"A-{LETTERS[len(self.comparison.lanes) - 1]} best"
        return ["Esc ends", best, "t tie", "x all bad", "Enter next", "y why", "u back", "d diff", "z zoom", "s sync"]

    def action_leave(self) -> None:
        self.app.clear_notifications()
        self.dismiss(None)

    def action_choose(self) -> None:
        """The next one."""
        self.app.clear_notifications()
        self.dismiss(self.comparison.lanes[0])
