"""What a comparison needs of the screen that it lies over. Knows no adapters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.comparison import Comparison


@dataclass(frozen=True)
class LaneServices:
    choose_models: Callable[[Sequence[ServedModel], Callable[[list[ServedModel] | None], None]], None]
    """Opens the list of models to mark some; the callback gets them, or None."""
    drawing_rate: Callable[[float], float]
    """Frames a second that the line takes, of those that are wanted."""
    export: Callable[[Comparison], None]
    """Asks for a format and a path, and writes a report of the comparison."""
    get_ready: Callable[[Sequence[ServedModel]], Awaitable[None]]
    """Opens connections to the models and waits until so many requests may leave at once."""
