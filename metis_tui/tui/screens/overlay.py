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

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes when on top; Textual would take away whatever is on top instead."""
        return super().dismiss(result) if self.is_current else AwaitComplete()


class Overlay(ClosesOnce[ScreenResultType], ModalScreen[ScreenResultType]):
    """One that leaves the chat in view around it."""
