"""How much may be under way to a distant terminal, from how soon it answers. Pure.

Between this process and the terminal lie buffers (a pseudo terminal, ssh, the network) that take far more than the
line carries in a second, and writing to them never blocks. Now and then a frame therefore ends with a question that
every terminal answers at once (DSR 5, ECMA-48): its answer says that all before it has been drawn.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

QUESTION = "\x1b[5n"
ANSWER = "\x1b[0n"

_ASK_BYTES = 1_024
"""After so many bytes the terminal is asked."""
_FIRST_SIZE = 8_192
_SMALLEST = 2_048
_LARGEST = 262_144
_STEP = 2_048
_QUEUE_SECONDS = 0.15
"""An answer that is later than the quickest one by more than this stood in a queue: less should be under way."""
_FIRST_ANSWER_SECONDS = 1.5
"""A terminal that has never answered holds nothing up for longer: it may be one that does not."""
_PATIENCE_SECONDS = 4.0
"""For the very first answers."""
_LONG_PATIENCE_SECONDS = 20.0
"""For those of a terminal that has answered before: its line hangs, and takes a few frames in so much time."""
_UNANSWERED = 3
"""So many questions without any answer: this terminal does not answer."""
_FORGET_SECONDS = 60.0
"""After this time the quickest answer is measured anew: the way may have changed."""


class _Question(NamedTuple):
    asked_at: float
    total: int
    """Bytes sent when it was asked."""
    was_full: bool


class Window:
    """Times are seconds on a monotonic clock."""

    def __init__(self, *, is_used: bool) -> None:
        """Args: is_used: False never asks, and is always open."""
        self._is_used = is_used
        self._size = _FIRST_SIZE
        self._sent = 0
        self._arrived = 0
        self._asked_at_total = 0
        self._questions: deque[_Question] = deque()
        self._unanswered = 0
        self._has_answered = False
        self.round_trip: float | None = None
        """Seconds from the last answered question to its answer, queues included."""
        self._quickest: float | None = None
        self._quickest_at = 0.0

    @property
    def under_way(self) -> int:
        """Bytes that the terminal is not known to have drawn; 0 where it cannot be known."""
        return self._sent - self._arrived if self._has_answered and self._questions else 0

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._has_answered and bool(self._questions)

    def is_open(self, now: float) -> bool:
        """Whether another frame may go."""
        self._give_up(now)
        if not self._questions or self._sent - self._arrived < self._size:
            return True
        return not self._has_answered and now - self._questions[0].asked_at > _FIRST_ANSWER_SECONDS

    def sent(self, size: int, now: float) -> bool:
        """A frame of so many bytes goes out; True when the question should follow it."""
        self._sent += size
        if not self._is_used or self._sent - self._asked_at_total < _ASK_BYTES:
            return False
        if not self._has_answered and (self._questions or self._unanswered >= _UNANSWERED):
            return False
        self._asked_at_total = self._sent
        is_full = self._sent - self._arrived >= self._size
        self._questions.append(_Question(now, self._sent, is_full))
        return True

    def answered(self, now: float) -> None:
        """The terminal has drawn everything up to the oldest question."""
        self._unanswered = 0
        self._has_answered = True
        if not self._questions:
            return
        question = self._questions.popleft()
        self._arrived = question.total
        self.round_trip = trip = max(0.0, now - question.asked_at)
        if self._quickest is None or trip <= self._quickest or now - self._quickest_at > _FORGET_SECONDS:
            self._quickest, self._quickest_at = trip, now
        if trip - self._quickest > _QUEUE_SECONDS:
            self._size = max(_SMALLEST, int(self._size * 0.7))
        elif question.was_full:
            self._size = min(_LARGEST, self._size + _STEP)

    def _give_up(self, now: float) -> None:
        """An answer that does not come must not stop the display for good."""
        patience = _LONG_PATIENCE_SECONDS if self._has_answered else _PATIENCE_SECONDS
        if self._questions and now - self._questions[-1].asked_at > patience:
            self._questions.clear()
            self._arrived = self._sent
            self._unanswered += 1

    def reset(self) -> None:
        """The terminal is another one, or was away: nothing is under way."""
        self._questions.clear()
        self._arrived = self._asked_at_total = self._sent
