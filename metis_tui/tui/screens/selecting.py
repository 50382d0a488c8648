"""A guard for Textual's selection by mouse. Knows nothing of what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.geometry import Offset
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen

    _Base = Screen[Any]
else:
    _Base = object  # a second screen among a screen's bases would keep Textual from the first one's styles


class SelectsWhatIsThere(_Base):
    """A screen on which a selection never begins in a widget that has just been taken away.

    Textual asks such a widget for its parent, has none, and ends the application; a notice that goes while the mouse
    is pressed on it is enough.
    """

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        widget, offset = super().get_widget_and_offset_at(x, y)
        if widget is not None and widget is not self and widget.parent is None:
            return None, None
        return widget, offset
