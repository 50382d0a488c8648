"""A list of what replies say that can be checked, those first that not all of them say. Knows facts, no texts."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from metis_tui.chat.agreement import Agreement, Fact
from metis_tui.chat.printable import printable_line
from metis_tui.tui.rendering.wrapping import cells, crop

_NOTHING = "No numbers, names, paths, options or citations were found."


class FactList(OptionList):
    """Enter on a fact tells the first place where it stands, next time the next one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]

    class Chosen(Message):
        """Somebody wants to see where a fact stands."""

        def __init__(self, fact: Fact, visit: int) -> None:
            self.fact = fact
            self.visit = visit
            """How many times in a row before."""
            super().__init__()

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, markup=False)
        self._facts: list[Fact] = []
        """By the ids of the options."""
        self._last: Fact | None = None
        self._visits = 0

    def show(self, found: Agreement, width: int) -> None:
        self._facts = [*found.differing, *found.agreed]
        self.clear_options()
        groups = (("Not all say", found.differing, 0), ("All say", found.agreed, len(found.differing)))
        for title, facts, first in groups:
            if facts:
                self.add_option(Option(title, disabled=True))
                self.add_options(Option(fact_line(fact, width), id=str(n)) for n, fact in enumerate(facts, first))
        if self._facts:
            self.highlighted = 1
        else:
            self.add_option(Option(_NOTHING, disabled=True))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option.id is None:
            return
        fact = self._facts[int(event.option.id)]
        self._visits = self._visits + 1 if fact is self._last else 0
        self._last = fact
        self.post_message(self.Chosen(fact, self._visits))


def fact_line(fact: Fact, width: int) -> Text:
    """`1·3  number  2049 ranks   others say 2048 ranks`: the lanes that say it, and what the others say."""
    lanes = "".join(str(lane + 1) if places else "·" for lane, places in enumerate(fact.places))
    start = f"{lanes}  {fact.kind:<8}  "
    room = max(10, width - len(start))
    shown = crop(printable_line(fact.shown, 200), room)
    line = Text(start, "dim", no_wrap=True)
    line.append(shown, "")
    if fact.others:
        others = ", ".join(printable_line(other, 60) for other in fact.others[:4])
        line.append(crop(f"   others say {others}", room - cells(shown)), "dim")
    return line
