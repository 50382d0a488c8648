"""How many frames a second a line gets, from what goes out and how long the line holds up the writer. Pure."""

from __future__ import annotations

from collections import deque
from typing import Literal

Profile = Literal["auto", "fast", "slow"]

FRAME_RATES = (60, 15, 8, 4)
"""Frames a second, from the best line to the worst."""
_LOOK_SECONDS = 1.0
_CALM_SECONDS = 4.0
"""A line that was free for so long gets the next better rate."""
_HELD_SHARE = 0.25
"""Share of the time that the line held up frames from which on it gets fewer of them."""
_FREE_SHARE = 0.02
_BUDGET = 48_000
"""Bytes a second over a distant line from which on it gets fewer frames: other windows share it."""
_INPUT_SECONDS = 0.15
"""Frames that follow a key so soon show what the key did, and do not wait."""


class Pace:
    """Follows one line. Times are seconds on a monotonic clock."""

    def __init__(self, profile: Profile = "auto", *, is_remote: bool = False, limit: int = 0) -> None:
        """Args: limit: frames a second that are never exceeded; 0 for none."""
        self._best, self._worst = {"fast": (0, 0), "slow": (2, 3)}.get(profile, (1 if is_remote else 0, 3))
        self._is_remote = is_remote
        self._limit = limit
        self._level = self._best
        self._next_look: float | None = None
        self._calm_since: float | None = None
        self._held_seconds = 0.0
        self._held_since: float | None = None
        self._sent: deque[tuple[float, int]] = deque()
        self._last_frame = float("-inf")
        self._last_input = float("-inf")

    @property
    def frames_per_second(self) -> int:
        """The most that are sent now."""
        rate = FRAME_RATES[self._level]
        return min(rate, self._limit) if self._limit else rate

    def wait(self, now: float) -> float:
        """Seconds until the next frame may go."""
        rate = self.frames_per_second
        if now - self._last_input < _INPUT_SECONDS:
            rate = max(rate, FRAME_RATES[0])
        return max(0.0, self._last_frame + 1 / rate - now)

    def touched(self, now: float) -> None:
        """The user pressed a key or moved the mouse's wheel."""
        self._last_input = now

    def sent(self, size: int, now: float) -> None:
        """A frame of so many bytes went out."""
        self._last_frame = now
        self._sent.append((now, size))
        self.freed(now)
        self._look(now)

    def held(self, now: float) -> None:
        """A frame is there, but the line has not taken the last one."""
        if self._held_since is None:
            self._held_since = now
        self._look(now)

    def freed(self, now: float) -> None:
        """The frame that was held may go, or has become void."""
        if self._held_since is not None:
            self._held_seconds += max(0.0, now - self._held_since)
            self._held_since = None

    def blocked(self, seconds: float) -> None:
        """A write took so long."""
        self._held_seconds += seconds

    def rates(self, now: float) -> tuple[float, float]:
        """(bytes a second, frames a second) that went out lately."""
        self._drop_old(now)
        return sum(size for _, size in self._sent) / _LOOK_SECONDS, len(self._sent) / _LOOK_SECONDS

    def _drop_old(self, now: float) -> None:
        while self._sent and now - self._sent[0][0] > _LOOK_SECONDS:
            self._sent.popleft()

    def _look(self, now: float) -> None:
        """Once a second: is the line good enough for its rate?"""
        if self._next_look is None:
            self._next_look = now + _LOOK_SECONDS
        if now < self._next_look:
            return
        if self._held_since is not None:
            self._held_seconds += now - self._held_since
            self._held_since = now
        # After a pause only the last second counts.
        share = self._held_seconds / max(_LOOK_SECONDS, now - self._next_look + _LOOK_SECONDS)
        is_dear = self._is_remote and self.rates(now)[0] > _BUDGET
        self._next_look, self._held_seconds = now + _LOOK_SECONDS, 0.0
        if share > _HELD_SHARE or is_dear:
            self._calm_since = None
            self._level = min(self._worst, self._level + 1)
        elif share > _FREE_SHARE:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= _CALM_SECONDS:
            self._calm_since = now
            self._level = max(self._best, self._level - 1)
