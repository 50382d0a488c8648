"""Comparison: one prompt to several models at once, from asking to going on with one of them.

Laying out is the business of `lanes`, what runs in the lanes that of `comparison_turns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from metis_tui.tui.screens.comparison_turns import ComparisonTurns
from metis_tui.tui.screens.lanes import LanesScreen
from metis_tui.tui.widgets.lane_pane import LETTERS
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Comparison, Lane
    from metis_tui.tui.lane_services import LaneServices


class ComparisonScreen(LanesScreen, ComparisonTurns):
    """Returns the lane to go on with, or None.

    Args:
        comparison: with its lanes.
        fresh: lanes whose replies are to be asked for at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("full_stop", "stop_lane", "Stop this lane", show=False),
        Binding("exclamation_mark", "stop_all", "Stop all lanes", show=False),
        Binding("r", "ask_again", "Ask this model again", show=False),
        Binding("plus", "add_lane", "Another lane", show=False),
        Binding("minus", "remove_lane", "Without this lane", show=False),
        Binding("i", "write", "Next prompt to all lanes", show=False),
        Binding("b", "blind", "Hide the names", show=False),
        Binding("w", "export", "Export", show=False),
    ]

    def __init__(self, comparison: Comparison, fresh: list[Lane], services: LaneServices) -> None:
        super().__init__(comparison)
        self.services = services
        self._fresh = fresh
        self.lane_workers = {}

    def compose(self) -> ComposeResult:
        *others, keys = super().compose()
        yield from others
        yield PromptInput(id="comparison-more")
        yield keys

    def begin(self) -> None:
        prompt = self.query_one(PromptInput)
        prompt.can_focus, prompt.placeholder = False, "Enter sends it to all lanes · Esc"
        if self._fresh:
            self.ask(self.comparison.first_replies(self._fresh))

    def key_words(self) -> list[str]:
        """The keys, the most needed first."""
        count = len(self.comparison.lanes)
        votes = [f"A-{LETTERS[count - 1]} best", "t tie", "x all bad"] if count > 1 else []
        more = [
            "b blind",
            "d diff",
            "z zoom",
            "i next prompt",
            ". stop",
            "r again",
            "+ - lanes",
            "s sync",
            "w export",
        ]
        return ["Esc back", f"1-{count} lane", "Enter go on with it", *votes, *more]

    # --- blind ------------------------------------------------------------------------------------

    def action_blind(self) -> None:
        """Hides names, numbers and speed and shuffles the lanes; pressed again, shows them."""
        if self.is_busy and not self.comparison.is_blind:
            self.tell("Wait until all lanes are done: who is fast was seen already.")
            return
        self.comparison.is_blind = not self.comparison.is_blind
        if self.comparison.is_blind:
            self.comparison.shuffle()
            self.forget_vote()
            self.was_asked_blind = False
            self.focused_number = 1
            self.run_worker(self.rebuild_lanes(), group="lanes", exit_on_error=False)
            seen = "A vote on what was seen with its name does not count as blind."
            self.tell(f"Names are hidden and the lanes shuffled; what comes is written at one pace. {seen}")
        else:
            self.was_asked_blind = False  # the names are seen now
            self.stop_holding()
            self.show_names()

    # --- the end ----------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Esc: out of the prompt, else back to the chat; lanes that still run are stopped and keep what they have."""
        if self.has_class("-writing"):
            self.end_writing()
        else:
            self.run_worker(self._leave(None), group="leave", exit_on_error=False)

    def action_choose(self) -> None:
        if self.is_hidden and not self.has_voted:
            self.tell("Vote first (A, B, … t, x), or press b to show the names.")
            return
        pane = self.focused_pane
        if pane is not None and pane.lane.reply is None:
            self.tell("This lane has no reply to go on from.")
        elif pane is not None:
            self.run_worker(self._leave(pane.lane), group="leave", exit_on_error=False)

    async def _leave(self, lane: Lane | None) -> None:
        await self.stop_lanes()
        await self.comparison.keep()
        if lane is not None:
            await self.comparison.choose(lane)
        self.dismiss(lane)

    def action_export(self) -> None:
        """A report of the replies to the prompt, side by side, with measures and where they come from."""
        if self.is_hidden:
            self.tell("Vote first, or press b: a report names the models.")
        else:
            self.comparison.gather()
            self.services.export(self.comparison)
