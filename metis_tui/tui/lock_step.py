"""Shows several streams at one pace, so that speed does not tell who writes. Pure; knows no widgets.

Every stream shows as many characters as the slowest that is still running has brought. One that has ended shows what
it has, and no longer holds the others back.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Stream:
    waiting: list[str] = field(default_factory=list)
    received: int = 0
    """Characters that have come."""
    released: int = 0
    has_ended: bool = False


class LockStep:
    """Takes text by stream number and gives it out."""

    def __init__(self, count: int) -> None:
        self._streams = [_Stream() for _ in range(count)]

    def take(self, number: int, text: str) -> None:
        if text:
            stream = self._streams[number]
            stream.waiting.append(text)
            stream.received += len(text)

    def end(self, number: int) -> None:
        self._streams[number].has_ended = True

    @property
    def is_over(self) -> bool:
        """Everything has come and was given out."""
        return all(stream.has_ended and not stream.waiting for stream in self._streams)

    def release(self) -> dict[int, str]:
        """What may be shown now, by stream."""
        running = [stream.received for stream in self._streams if not stream.has_ended]
        limit = min(running) if running else max((stream.received for stream in self._streams), default=0)
        shown: dict[int, str] = {}
        for number, stream in enumerate(self._streams):
            room = min(limit, stream.received) - stream.released
            if room > 0:
                text = "".join(stream.waiting)
                shown[number] = text[:room]
                stream.released += room
                stream.waiting = [text[room:]] if room < len(text) else []
        return shown

    def rest(self, number: int) -> str:
        """What of a stream was not given out yet; from now on nothing is held back for it."""
        stream = self._streams[number]
        text = "".join(stream.waiting)
        stream.waiting, stream.released = [], stream.received
        return text
