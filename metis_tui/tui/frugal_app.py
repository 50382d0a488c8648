"""An application whose updates go through the frugal display where possible. Knows nothing of what it shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual import events
from textual.app import App
from textual.screen import Screen

from metis_tui.tui.display.frugal import FrugalDisplay, LineFacts
from metis_tui.tui.display.updates import changed_hook, make_harmless
from metis_tui.tui.driver import TerminalDriver

if TYPE_CHECKING:
    from metis_tui.config.settings import Settings

_SETTLED_SECONDS = 0.1
"""So long after a change of the terminal's size Textual has drawn what it draws."""


class FrugalApp(App[int]):
    """Textual draws for itself until `draw_frugally`, without a real terminal, and when something does not fit."""

    frugal: FrugalDisplay | None = None
    """What draws; None while Textual does. The driver tells it what happens on the line."""
    _log_line: Callable[[str], None]
    _can_read_updates: bool | None = None

    def draw_frugally(self, settings: Settings, log: Callable[[str], None]) -> None:
        """Called once the terminal is there. Args: log: takes a line about what did not fit."""
        driver, self._log_line = self._driver, log
        if settings.display == "full" or not isinstance(driver, TerminalDriver):
            return
        trouble = changed_hook()
        if trouble:
            log(f"The frugal display is off: {trouble}.")
            return
        self.app_resume_signal.subscribe(self, self._resumed)
        self.frugal = FrugalDisplay(
            driver.write_known,
            lambda: driver.backlog_bytes,
            asyncio.get_running_loop().call_later,
            self._display_failed,
            profile=settings.line,
            limit=settings.frames_per_second,
            environment=os.environ,
        )

    def _display_failed(self, error: Exception) -> None:
        """A fault of the display must not cost the user the screen."""
        self._log_line(f"The frugal display is off: {type(error).__name__}: {error}.")
        self.frugal = None
        self.refresh()

    def _resumed(self, _: object) -> None:
        if self.frugal is not None:
            self.frugal.come_back()
            self.frugal.show()

    def on_resize(self, event: events.Resize) -> None:
        """Whatever the size is now: nobody knows what the terminal made of the cells it had."""
        if self.frugal is not None:
            self.frugal.forget()
            # There and back again at once: Textual has nothing to do, but the terminal may have lost cells.
            self.set_timer(_SETTLED_SECONDS, self.frugal.show)
        if isinstance(self._driver, TerminalDriver):
            # The signal of a second change interrupts the handling of the first, whose news then comes last.
            size = self._driver.terminal_size()
            if size is not None and size != event.size:
                self.post_message(events.Resize(size, size))

    def on_terminal_supports_synchronized_output(self) -> None:
        if self.frugal is not None:
            self.frugal.is_sync_available = True

    def line_facts(self) -> LineFacts | None:
        """What goes over the line to the terminal; None when Textual draws for itself."""
        return self.frugal.facts() if self.frugal is not None else None

    def draw_over(self, text: str) -> bool:
        """Writes what leaves every cell as it is, once all that was drawn is on its way; False: not yet.

        The cursor and the colours in use are what they were before.
        """
        driver = self._driver
        if not isinstance(driver, TerminalDriver):
            return True
        if driver.backlog_bytes or (self.frugal is not None and self.frugal.is_waiting):
            return False
        driver.write_known(f"\x1b7{text}\x1b8")
        return True

    def drawing_rate(self, most: float) -> float:
        """How often something that changes all the time should be drawn, in frames a second."""
        return min(most, self.frugal.pace.frames_per_second) if self.frugal is not None else most

    def action_redraw(self) -> None:
        """Draws every cell again, whatever the terminal shows."""
        if self.frugal is not None:
            self.frugal.forget()
        self.refresh(layout=True, repaint=True)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Textual's private hook for each update of the screen; `changed_hook` looks whether it is what it was."""
        frugal = self.frugal
        if frugal is None or renderable is None or self._batch_count or not self._running or self._closed:
            self._make_harmless(renderable)
            super()._display(screen, renderable)
            return
        was_drawing = frugal.is_drawing
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if frugal.take(renderable, cursor, self.console._color_system or ColorSystem.TRUECOLOR):
            self.post_display_hook()
            return
        self._make_harmless(renderable)
        super()._display(screen, renderable)
        if was_drawing:
            self.refresh()

    def _make_harmless(self, renderable: Any) -> None:
        """Before Textual draws an update by itself; one that cannot be read is left as it is."""
        if self._can_read_updates is None:
            self._can_read_updates = not changed_hook()
        if self._can_read_updates:
            make_harmless(renderable)
