"""How two replies of a comparison differ, and what all of them agree on. Knows texts and names, no conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from metis_tui.chat.agreement import Agreement, agreement
from metis_tui.chat.background import in_background
from metis_tui.chat.difference import Difference, word_diff
from metis_tui.chat.printable import printable_line
from metis_tui.tui.rendering.difference import SIDE_BY_SIDE, DifferenceRows, difference_rows
from metis_tui.tui.rendering.wrapping import crop
from metis_tui.tui.screens.overlay import ClosesOnce
from metis_tui.tui.widgets.difference_view import DifferenceView
from metis_tui.tui.widgets.fact_list import FactList


class ComparedReply(NamedTuple):
    """One lane's reply."""

    name: str
    """`model@cluster`, or what stands for it while names are hidden."""
    text: str


class DifferenceScreen(ClosesOnce[None]):
    """The difference of two of the replies; `a` shows what all of them agree on.

    Args:
        replies: two or more, in the order of the lanes.
        left, right: which two to begin with.
    """

    CSS_PATH = "difference.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "back", "Back", show=False),
        Binding("n", "change(1)", "Next change", show=False),
        Binding("N", "change(-1)", "Change before", show=False),
        Binding("a", "agreement", "Agreement", show=False),
        Binding("m", "columns", "One column or two", show=False),
        Binding("left_square_bracket", "next_reply(0)", "Other reply on the left", show=False),
        Binding("right_square_bracket", "next_reply(1)", "Other reply on the right", show=False),
    ]

    def __init__(self, replies: Sequence[ComparedReply], left: int = 0, right: int = 1) -> None:
        super().__init__()
        self._replies = list(replies)
        self._sides = [left, right]
        self._difference: Difference | None = None
        self._agreement: Agreement | None = None
        self._is_one_column = False
        self._place: tuple[int, int] | None = None
        """(side, offset) to go to when the rows are there."""

    def compose(self) -> ComposeResult:
        yield Static("Comparing…", id="difference-title", markup=False)
        yield Static(id="difference-heads", markup=False)
        yield DifferenceView()
        yield FactList(id="difference-facts")
        yield Static(id="difference-keys", markup=False)

    def on_mount(self) -> None:
        self._view.focus()
        self._show_keys()

    def on_resize(self) -> None:
        self._compare()
        self._show_keys()

    @property
    def _view(self) -> DifferenceView:
        return self.query_one(DifferenceView)

    @property
    def _is_agreement_shown(self) -> bool:
        return self.has_class("-agreement")

    # The difference

    def _compare(self, *, is_new: bool = False) -> None:
        if is_new:
            self._difference = None
        self._show_difference()

    @work(group="difference", exclusive=True, exit_on_error=False)
    async def _show_difference(self) -> None:
        left, right = (self._replies[side] for side in self._sides)
        view = self._view
        width = max(20, self.size.width - 1)  # a scroll bar is beside the rows
        width = min(width, SIDE_BY_SIDE - 1) if self._is_one_column else width
        styles, known = view.styles_of_theme(), self._difference

        def make() -> tuple[Difference, DifferenceRows]:
            difference = known or word_diff(left.text, right.text)
            return difference, difference_rows(difference, width, styles)

        top = None if known is None or not view.rows.rows else view.rows.rows[min(view.here, len(view.rows.rows) - 1)]
        self._difference, rows = await in_background(make, "difference")
        if self._place is not None:
            view.show(rows, row=rows.row_of(*self._place))
            self._place = None
        elif top is not None and view.current is not None:
            view.show(rows, row=rows.row_of(0, top.a_at))
        elif top is not None:
            view.show(rows)
            view.scroll_to(y=rows.row_of(0, top.a_at), animate=False)
        else:
            view.show(rows)
            view.scroll_home(animate=False)
        self._show_title()
        self._show_heads(width)

    def _show_title(self, change: int | None = None) -> None:
        difference = self._difference
        if self._is_agreement_shown and self._agreement is not None:
            told = self._agreement
            self._tell(f"{len(told.differing)} facts differ · {len(told.agreed)} in all {len(self._replies)} replies")
        elif difference is not None:
            count = len(self._view.rows.changes)
            at = f"change {change} of {count}" if change else f"{count} change{'' if count == 1 else 's'}"
            words = [at if count else "no difference but in white space", f"{difference.same_share:.0%} the same"]
            if difference.is_coarse:
                words.append("in part too different to go word by word")
            self._tell(" · ".join(words))

    def _tell(self, text: str) -> None:
        self.query_one("#difference-title", Static).update(text)

    def _named(self, lane: int) -> str:
        return f"{lane + 1} {printable_line(self._replies[lane].name, 80)}"

    def _show_heads(self, width: int) -> None:
        left, right = map(self._named, self._sides)
        if width >= SIDE_BY_SIDE:
            room = (width - 3) // 2
            heads = f"{crop(f'- {left}', room):<{room}} │ {crop(f'+ {right}', room)}"
        else:
            room = max(8, (width - 9) // 2)
            heads = f"[-{crop(left, room)}-] {{+{crop(right, room)}+}}"
        self.query_one("#difference-heads", Static).update(heads)

    def _show_keys(self) -> None:
        many = "[ ] replies · " if len(self._replies) > 2 else ""
        if self._is_agreement_shown:
            keys = "Enter goes there · j k · a difference · Esc"
        else:
            keys = f"n N change · a agreement · {many}m columns · j k Space b · Esc"
        self.query_one("#difference-keys", Static).update(keys)

    def action_change(self, step: int) -> None:
        if self._is_agreement_shown:
            return
        number = self._view.next_change(step)
        if number is None:
            self._tell("no change further down" if step > 0 else "no change further up")
        else:
            self._show_title(number)

    def action_columns(self) -> None:
        self._is_one_column = not self._is_one_column
        self._compare()

    def action_next_reply(self, side: int) -> None:
        """Another reply on one side; never the one on the other."""
        count = len(self._replies)
        if count > 2 and not self._is_agreement_shown:
            lane = (self._sides[side] + 1) % count
            self._sides[side] = lane if lane != self._sides[1 - side] else (lane + 1) % count
            self._tell("Comparing…")
            self._compare(is_new=True)

    # What the replies agree on

    def action_agreement(self) -> None:
        if self._is_agreement_shown:
            self._leave_agreement()
            return
        self.add_class("-agreement")
        self.query_one(FactList).focus()
        self._show_keys()
        if self._agreement is None:
            self._tell("Reading…")
            self._read_facts()
        else:
            self._show_title()

    def _leave_agreement(self) -> None:
        self.remove_class("-agreement")
        self._view.focus()
        self._show_keys()
        self._show_title()

    @work(group="facts", exclusive=True, exit_on_error=False)
    async def _read_facts(self) -> None:
        texts = [reply.text for reply in self._replies]
        self._agreement = found = await in_background(lambda: agreement(*texts), "agreement")
        self.query_one(FactList).show(found, max(30, self.size.width - 3))
        self._show_title()

    @on(FactList.Chosen)
    def go_to_fact(self, event: FactList.Chosen) -> None:
        """To one of its places, with a reply beside it that does not say so, if there is one."""
        fact, sides = event.fact, self._sides
        shown_first = sorted(fact.lanes, key=lambda lane: (lane not in sides, lane))
        places = [(lane, start) for lane in shown_first for start, _ in fact.places[lane]]
        lane, offset = places[event.visit % len(places)]
        other = next((n for n in range(len(self._replies)) if n != lane and n not in fact.lanes), None)
        wanted = sorted((lane, other)) if other is not None else sides if lane in sides else sorted((lane, sides[0]))
        is_new = list(wanted) != sides
        self._sides = list(wanted)
        self._place = (self._sides.index(lane), offset)
        self._leave_agreement()
        self._compare(is_new=is_new)

    def action_back(self) -> None:
        if self._is_agreement_shown:
            self._leave_agreement()
        else:
            self.dismiss(None)
