"""A screen that comes up by itself while the user types: the keys under way belong to what was there before.

Knows nothing of what the screen shows.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.timer import Timer

from metis_tui.tui.screens.overlay import Overlay

_QUIET_SECONDS = 0.7
"""Keys that come in one go with earlier ones belong together."""


class YieldsToTypeAhead(Overlay[None]):
    """Until the keys rest nothing has the focus, and characters go to `type_ahead`; None: nobody types elsewhere."""

    type_ahead: Callable[[str], object] | None = None
    is_settling = False
    _quiet: Timer | None = None

    def begin_settling(self) -> None:
        self.is_settling = self.type_ahead is not None
        if self.is_settling:
            self._wait_for_quiet()
        else:
            self.settled()

    def settled(self) -> None:
        """The keys are this screen's from now on."""
        self.is_settling = False
        if self._quiet is not None:
            self._quiet.stop()

    def on_key(self, event: events.Key) -> None:
        if not self.is_settling or self.type_ahead is None or event.key == "escape":
            return
        if event.is_printable and event.character:
            event.stop()
            self.type_ahead(event.character)
            self._wait_for_quiet()
        else:
            self.settled()

    def _wait_for_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.stop()
        self._quiet = self.set_timer(_QUIET_SECONDS, self.settled)
