"""The frugal display: takes Textual's updates, writes what differs when the line is free for it.

Between two frames updates only change the copy of the screen; what is written is always the newest state, so the
terminal is never more than one frame behind what its line can carry. Steps aside for what it cannot read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from rich.color import ColorSystem

from metis_tui.tui.display import updates
from metis_tui.tui.display.cells import TooManyClusters
from metis_tui.tui.display.pace import Pace, Profile
from metis_tui.tui.display.pens import TooManyPens
from metis_tui.tui.display.screen_copy import ScreenCopy
from metis_tui.tui.display.terminal_traits import fills_background, is_remote
from metis_tui.tui.display.window import QUESTION, Window

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_SYNC_BYTES = 200
"""Shorter frames arrive in one piece anyway."""
_SHORTEST_WAIT_SECONDS = 0.001


class Clock(Protocol):
    def __call__(self) -> float: ...


class Wakeup(Protocol):
    """What `call_later` gives."""

    def cancel(self) -> object: ...


class LineFacts(NamedTuple):
    """What F4 shows of the line."""

    profile: str
    bytes_per_second: float
    frames_per_second: float
    most_frames_per_second: int
    backlog_bytes: int
    """Bytes that are written but not known to have arrived, as far as that can be known."""
    round_trip_seconds: float | None
    is_held: bool
    """A newer frame waits for the line."""


class FrugalDisplay:
    """Of one application. Everything happens on its event loop."""

    def __init__(
        self,
        write: Callable[[str], None],
        backlog: Callable[[], int],
        call_later: Callable[[float, Callable[[], None]], Wakeup],
        failed: Callable[[Exception], None],
        *,
        profile: Profile = "auto",
        limit: int = 0,
        environment: Mapping[str, str],
        clock: Clock = time.monotonic,
    ) -> None:
        """Args: write: puts a frame on the terminal; backlog: bytes handed to `write` that the line has not taken;
        failed: is told of a fault of this display, which is of no use any more then.
        """
        self._failed = failed
        self._write, self._backlog, self._call_later = write, backlog, call_later
        self._clock = clock
        self._profile = profile
        self._fills_background = fills_background(environment)
        far = is_remote(environment)
        self.pace = Pace(profile, is_remote=far, limit=limit)
        self.window = Window(is_used=profile == "slow" or (profile == "auto" and far))
        self.is_sync_available = False
        """The terminal shows what is between two marks at once."""
        self._copy: ScreenCopy | None = None
        self._cursor = (0, 0)
        self._wakeup: Wakeup | None = None
        self._is_waiting_for_line = False
        self._is_away = False

    # --- what should be shown ---------------------------------------------------------------------

    def take(self, update: object, cursor: tuple[int, int], color_system: ColorSystem) -> bool:
        """Takes an update of the screen and shows it as soon as the line allows.

        False when it cannot be read: whoever draws it must draw the whole screen if `is_drawing` was true before,
        and this display begins anew with the next update of the whole screen.
        """
        size = updates.size_of(update)
        if size is None or 0 in size:
            self._step_aside()
            return False
        copy = self._copy
        if copy is None or copy.size != size or copy.color_system != color_system:
            if not updates.is_whole(update):
                self._step_aside()
                return False
            copy = self._copy = ScreenCopy(size, color_system, fills_background=self._fills_background)
        try:
            is_read = self._put(copy, update)
        except Exception as error:
            self._step_aside()
            self._failed(error)
            return False
        if not is_read:
            self._step_aside()
            return False
        self._cursor = cursor
        self.show()
        return True

    @property
    def is_drawing(self) -> bool:
        """False after an update that could not be read, until one of the whole screen comes."""
        return self._copy is not None

    @property
    def is_waiting(self) -> bool:
        """Whether a frame waits for its turn."""
        return self._wakeup is not None

    def _step_aside(self) -> None:
        self._cancel()
        self._copy = None

    def _put(self, copy: ScreenCopy, update: object) -> bool:
        try:
            for part in updates.parts_of(update):
                if updates.has_control(part.strip):
                    return False
                copy.put(part.x, part.y, part.strip, part.width)
        except (TooManyPens, TooManyClusters):
            copy.clear()
            return updates.is_whole(update) and self._put(copy, update)
        return True

    def forget(self) -> None:
        """Others have written to the terminal: the next frame draws every cell again."""
        if self._copy is not None:
            self._copy.forget()

    # --- the line ---------------------------------------------------------------------------------

    def touched(self) -> None:
        """The user did something: what it changes is shown without waiting for the next frame's turn."""
        self.pace.touched(self._clock())

    def written(self, held_seconds: float) -> None:
        """The writing thread has got rid of something; it was held up for so long."""
        if held_seconds:
            self.pace.blocked(held_seconds)
        if self._is_waiting_for_line:
            self.show()

    def answered(self, at: float) -> None:
        """The terminal's answer to the question behind a frame has come."""
        self.window.answered(at)
        if self._is_waiting_for_line:
            self.show()

    def leave(self) -> None:
        """The terminal is handed to others for a while."""
        self._is_away = True
        self._cancel()

    def come_back(self) -> None:
        """The terminal is ours again, and shows anything."""
        self._is_away = False
        self.window.reset()
        self.forget()

    def facts(self) -> LineFacts:
        now = self._clock()
        bytes_per_second, frames_per_second = self.pace.rates(now)
        return LineFacts(
            profile=self._profile,
            bytes_per_second=bytes_per_second,
            frames_per_second=frames_per_second,
            most_frames_per_second=self.pace.frames_per_second,
            backlog_bytes=max(self._backlog(), self.window.under_way),
            round_trip_seconds=self.window.round_trip,
            is_held=self._is_waiting_for_line,
        )

    def show(self) -> None:
        """Sends a frame now, or arranges that one is sent when it may."""
        self._cancel()
        copy = self._copy
        if copy is None or self._is_away:
            return
        now = self._clock()
        if self._backlog() > 0 or not self.window.is_open(now):
            self.pace.held(now)
            self._is_waiting_for_line = True
            self._wakeup = self._call_later(1.0, self.show)  # what wakes it may never come
            return
        wait = self.pace.wait(now)
        if wait > _SHORTEST_WAIT_SECONDS:
            self._wakeup = self._call_later(wait, self.show)
            return
        self._send(copy, now)

    def _cancel(self) -> None:
        self._is_waiting_for_line = False
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None

    def _send(self, copy: ScreenCopy, now: float) -> None:
        try:
            text = copy.paint(self._cursor)
        except Exception as error:
            self._step_aside()
            self._failed(error)
            return
        if not text:
            self.pace.freed(now)
            return
        if self.is_sync_available and len(text) > _SYNC_BYTES:
            text = f"{_SYNC_START}{text}{_SYNC_END}"
        size = len(text.encode("utf-8", "replace"))
        self.pace.sent(size, now)
        if self.window.sent(size, now):
            text += QUESTION
        self._write(text)
