"""Which cell of a matrix leaves next, given limits, pauses after failures and models that are not live. Pure.

Times are on the monotonic clock.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from metis_tui.chat.departures import DeparturePacer
from metis_tui.chat.matrix import Cell


class CellQueue:
    """Cells that are still to be asked, in the order in which they shall leave.

    Args:
        pacer: holds models that a limit has struck.
        monotonic: seconds; replaced by tests.
    """

    def __init__(
        self, cells: Iterable[Cell], pacer: DeparturePacer, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._waiting = deque(cells)
        self._pacer = pacer
        self._monotonic = monotonic
        self._not_before: dict[Cell, float] = {}
        self._under_way: Counter[str] = Counter()
        """By model."""
        self._asleep: set[str] = set()
        """Models that were refused as not live; their cells come last."""
        self._asked_twice: set[str] = set()

    @property
    def under_way(self) -> int:
        """Cells that were taken and are not done."""
        return sum(self._under_way.values())

    @property
    def is_over(self) -> bool:
        """Nothing waits, and nothing is under way that might come back."""
        return not self._waiting and not self.under_way

    def take(self) -> Cell | None:
        """The next cell that may leave now, counted as under way; None: none may."""
        place = self._place_of_next()
        if place is None:
            return None
        cell = self._waiting[place]
        del self._waiting[place]
        self._under_way[cell.model] += 1
        return cell

    def done(self, cell: Cell) -> None:
        """The cell is not under way any more."""
        self._under_way[cell.model] -= 1

    def put_back(self, cell: Cell, seconds: float = 0.0) -> None:
        """The cell shall be asked again, first of all, but not before so many seconds."""
        self._not_before[cell] = self._monotonic() + seconds
        self._waiting.appendleft(cell)

    def not_live(self, model: str) -> list[Cell]:
        """The model was refused as not live: its cells come last, and then one of them is tried.

        Returns:
            The cells that are given up, because that one was refused, too; they wait no longer.
        """
        self._asleep.add(model)
        if model not in self._asked_twice:
            return []
        given_up = [cell for cell in self._waiting if cell.model == model]
        self._waiting = deque(cell for cell in self._waiting if cell.model != model)
        return given_up

    def seconds_until_next(self) -> float | None:
        """Seconds until another cell may leave by itself; None: only what is under way can change that."""
        held = [self._held_seconds(cell) for cell in self._waiting]
        return min((seconds for seconds in held if seconds > 0), default=None)

    def _place_of_next(self) -> int | None:
        is_held = False
        for place, cell in enumerate(self._waiting):
            if cell.model in self._asleep:
                continue
            if self._held_seconds(cell) == 0:
                return place
            is_held = True
        return None if is_held else self._place_of_a_sleeping_model()

    def _place_of_a_sleeping_model(self) -> int | None:
        """Only such cells are left: each of the models is asked once more."""
        for place, cell in enumerate(self._waiting):
            if not self._under_way[cell.model]:
                self._asleep.discard(cell.model)
                self._asked_twice.add(cell.model)
                return place
        return None

    def _held_seconds(self, cell: Cell) -> float:
        """The limits of its model, and its own pause after a failure."""
        own = self._not_before.get(cell, 0.0) - self._monotonic()
        return max(0.0, own, self._pacer.held_seconds(cell.model))
