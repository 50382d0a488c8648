"""Lanes side by side: lays them out, moves among them, tells what is shown. Asks nobody.

Verdicts are the business of `comparison_votes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.comparison_votes import ComparisonVotes
from metis_tui.tui.widgets.lane_pane import LETTERS, LanePane

if TYPE_CHECKING:
    from metis_tui.chat.comparison import Comparison, Lane

SIDE_BY_SIDE = 100
"""Columns from which lanes are side by side; below, one lane and a line that shows all of them."""
_NARROWEST = 28
"""Columns that a lane needs."""


class LanesScreen(ComparisonVotes):
    """Shows a comparison and takes votes on it. Returns a lane, or None."""

    CSS_PATH = "lanes.tcss"
    AUTO_FOCUS = ""  # the keys are the screen's own
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("enter", "choose", "Go on", show=False),
        *(Binding(str(n), f"focus_lane({n})", show=False) for n in range(1, 10)),
        Binding("h,left,shift+tab", "next_lane(-1)", show=False),
        Binding("l,right,tab", "next_lane(1)", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll_page(1)", show=False),
        Binding("pageup", "scroll_page(-1)", show=False),
        Binding("g,home", "scroll_far(-1)", show=False),
        Binding("G,end", "scroll_far(1)", show=False),
        Binding("z", "zoom", "One lane alone", show=False),
        Binding("equals_sign", "equal", "All lanes", show=False),
        Binding("s", "sync", "Scroll together", show=False),
        *(Binding(letter, f"vote('{letter}')", show=False) for letter in LETTERS),
        Binding("t", "vote('tie')", "Tie", show=False),
        Binding("x", "vote('bad')", "All bad", show=False),
        Binding("y", "reason", "Why", show=False),
        Binding("u", "undo_vote", "Take the vote back", show=False),
        Binding("d", "difference", "Differences", show=False),
    ]

    def __init__(self, comparison: Comparison) -> None:
        super().__init__()
        self.comparison = comparison
        self.starts: dict[Lane, str] = {}
        """Messages after which a lane is shown, where that is not the prompt of the comparison."""
        self.focused_number = 1
        self.is_zoomed = False
        self.is_synchronous = False

    def compose(self) -> ComposeResult:
        yield Static(id="comparison-prompt", markup=False)
        yield Static(id="comparison-strip", markup=False)
        yield Container(id="comparison-lanes")
        yield Static(id="comparison-keys", markup=False)

    async def on_mount(self) -> None:
        self.load_vote()
        await self.rebuild_lanes()
        self.begin()

    def begin(self) -> None:
        """The lanes are there for the first time."""

    # --- lanes ------------------------------------------------------------------------------------

    async def rebuild_lanes(self) -> None:
        """Panes for the lanes that there are, in their order. No lane may be running."""
        place = self.query_one("#comparison-lanes")
        await place.remove_children()
        first = self.comparison.prompt_id
        panes = [LanePane(lane, n, self.starts.get(lane, first)) for n, lane in enumerate(self.comparison.lanes, 1)]
        for pane in panes:
            pane.is_blind = self.is_hidden
            pane.transcript.can_focus = False
        await place.mount_all(panes)
        self.focus_number(min(self.focused_number, len(panes)))
        self.lay_out()

    @property
    def panes(self) -> list[LanePane]:
        return sorted(self.query(LanePane), key=lambda pane: pane.number)

    @property
    def focused_pane(self) -> LanePane | None:
        return next((pane for pane in self.panes if pane.number == self.focused_number), None)

    def focus_number(self, number: int) -> None:
        self.focused_number = number
        for pane in self.panes:
            pane.set_class(pane.number == number, "-focused")
        self.show_words()

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        width, count = self.size.width, max(1, len(self.panes))
        is_single = self.is_zoomed or width < SIDE_BY_SIDE or width // count < _NARROWEST
        self.set_class(is_single, "-single")
        self.show_words()

    # --- words ------------------------------------------------------------------------------------

    @on(LanePane.Changed)
    def lane_changed(self) -> None:
        self.show_words()

    def show_words(self) -> None:
        """The prompt on top, the strip of all lanes, and the keys."""
        if not self.is_mounted:
            return
        width = self.size.width - 2
        count = len(self.comparison.lanes)
        facts = [
            f"{count} lane{'s' * (count != 1)}",
            f"blind {'on' if self.is_hidden else 'off'}",
            self.title_words,
        ]
        facts += ["scrolling together"] if self.is_synchronous else []
        right = " · ".join(fact for fact in facts if fact)
        prompt = printable_line(self.comparison.prompt.text, 400)
        room = max(8, width - cell_len(right) - 2)
        left = set_cell_size(prompt, room - 1) + "…" if cell_len(prompt) > room else set_cell_size(prompt, room)
        self.query_one("#comparison-prompt", Static).update(Text(f"{left}  {right}", no_wrap=True))
        strip = Text(no_wrap=True, overflow="ellipsis")
        room = (width - 3 * (count - 1)) // max(1, count)
        for pane in self.panes:
            strip.append(" │ " if pane.number > 1 else "")
            strip.append(pane.strip(room), "reverse" if pane.number == self.focused_number else "")
        self.query_one("#comparison-strip", Static).update(strip)
        self.query_one("#comparison-keys", Static).update(Text(self._keys(width), no_wrap=True))

    def key_words(self) -> list[str]:
        """The keys, the most needed first."""
        raise NotImplementedError

    def _keys(self, width: int) -> str:
        line = ""
        for word in self.key_words():
            longer = f"{line} · {word}" if line else word
            if cell_len(longer) > width:
                break
            line = longer
        return line

    # --- moving -----------------------------------------------------------------------------------

    def action_focus_lane(self, number: int) -> None:
        if number <= len(self.panes):
            self.focus_number(number)

    def action_next_lane(self, step: int) -> None:
        count = len(self.panes)
        if count:
            self.focus_number((self.focused_number - 1 + step) % count + 1)

    def action_zoom(self) -> None:
        self.is_zoomed = not self.is_zoomed
        self.lay_out()

    def action_equal(self) -> None:
        self.is_zoomed = False
        self.lay_out()

    def action_sync(self) -> None:
        self.is_synchronous = not self.is_synchronous
        self._follow_scrolling()
        self.show_words()

    def action_scroll(self, rows: int) -> None:
        if (pane := self.focused_pane) is not None:
            pane.transcript.scroll_rows(rows)
            self._follow_scrolling()

    def action_scroll_page(self, pages: int) -> None:
        if (pane := self.focused_pane) is not None:
            pane.transcript.action_page_down() if pages > 0 else pane.transcript.action_page_up()
            self._follow_scrolling()

    def action_scroll_far(self, step: int) -> None:
        if (pane := self.focused_pane) is not None:
            pane.transcript.action_scroll_end() if step > 0 else pane.transcript.action_scroll_home()
            self._follow_scrolling()

    def _follow_scrolling(self) -> None:
        """Scrolling together: the others show the same paragraph of the same message."""
        pane = self.focused_pane
        if not self.is_synchronous or pane is None:
            return
        place = pane.transcript.paragraph_at_top()
        for other in self.panes:
            if other is not pane and place is not None:
                other.transcript.scroll_to_paragraph(place)
