"""What the parts of the screens with lanes share. Declares; the screens give the values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable
from metis_tui.tui.screens.overlay import ClosesOnce

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Comparison, Lane
    from metis_tui.tui.widgets.lane_pane import LanePane


class ComparisonBase(ClosesOnce["Lane | None"]):
    comparison: Comparison
    focused_number: int
    starts: dict[Lane, str]
    was_asked_blind: bool

    @property
    def panes(self) -> list[LanePane]:
        raise NotImplementedError

    @property
    def focused_pane(self) -> LanePane | None:
        raise NotImplementedError

    @property
    def is_hidden(self) -> bool:
        """Names and numbers are not shown."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """Replies are on their way."""
        return False

    def show_words(self) -> None:
        raise NotImplementedError

    def forget_vote(self) -> None:
        raise NotImplementedError

    async def rebuild_lanes(self) -> None:
        raise NotImplementedError

    def tell(self, text: str, *, is_problem: bool = False) -> None:
        """A passing message in place of the one before, which would hide more of the lanes."""
        self.app.clear_notifications()
        self.notify(
            printable(text)[:600],
            severity="error" if is_problem else "information",
            timeout=10 if is_problem else 4,
            markup=False,
        )
