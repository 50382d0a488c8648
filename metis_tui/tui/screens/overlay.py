"""Screens that lie over the chat for a while and close once. Knows nothing of what they show."""

from __future__ import annotations

from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen, ScreenResultType

from metis_tui.tui.screens.selecting import SelectsWhatIsThere


class ClosesOnce(SelectsWhatIsThere, Screen[ScreenResultType]):
    """A screen that keys arriving in one piece, as over a slow line, cannot close twice."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+l", "app.redraw", show=False, id="redraw")]

    _is_closing = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes when on top, the first time; Textual would take away whatever is on top, and give two results."""
        if self._is_closing or self.app.screen is not self:
            return AwaitComplete()
        self._is_closing = True
        return super().dismiss(result)


class Overlay(ClosesOnce[ScreenResultType], ModalScreen[ScreenResultType]):
    """One that leaves the chat in view around it."""
