"""One comparison of several, to be voted on blind. Looks and votes; asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metis_tui.tui.lane_services import LaneServices
from metis_tui.tui.screens.comparison import ComparisonScreen
from metis_tui.tui.widgets.lane_pane import LETTERS

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Comparison, Lane


class VoteOnly(ComparisonScreen):
    """Returns a lane to go on with the next one, None to end. `told` says how manieth it is."""

    CSS_PATH = "comparison.tcss"

    def __init__(self, comparison: Comparison, told: str) -> None:
        nothing: Any = None
        super().__init__(comparison, [], LaneServices(nothing, lambda rate: rate, nothing, nothing))
        self._told = told
        self.was_asked_blind = True  # the names were never on this screen

    @property
    def verdict_words(self) -> str:
        return " · ".join(filter(None, (self._told, super().verdict_words)))

    def key_words(self) -> list[str]:
        return [
            "Esc ends",
            f"A-{LETTERS[len(self.comparison.lanes) - 1]} best",
            "t tie",
            "x all bad",
            "Enter next",
            "y why",
            "u back",
            "d diff",
            "z zoom",
            "s sync",
        ]

    def action_choose(self) -> None:
        """The next one."""
        self.dismiss(self.comparison.lanes[0])

    async def _leave(self, lane: Lane | None) -> None:
        self.dismiss(lane)

    def _stays(self) -> None:
        self.tell("Here replies are voted on; they stay what they are.")

    action_ask_again = action_add_lane = action_remove_lane = action_write = action_export = action_blind = _stays
