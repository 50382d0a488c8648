"""Remembers what clients sent, for tests to look at. Bounded in number and in bytes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEPT_REQUESTS = 1000
KEPT_BYTES = 32 * 1024 * 1024


@dataclass
class RecordedRequest:
    """One request as the gateway saw it."""

    method: str
    path: str
    """Without the query."""
    headers: dict[str, str]
    """Names in lower case."""
    body: Any = None
    """The JSON value, the text when it is no JSON, None when empty."""
    query: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0
    """Bytes of the body."""
    status: int | None = None
    """What it was answered with; None while it waits."""
    is_finished: bool = False
    """Whether the gateway is done with it, one way or another."""
    closed_by_client: bool = False
    """Whether the client hung up before the reply was whole."""
    bytes_sent: int = 0
    """Bytes of a streamed body written until now, or until it ended."""
    arrived: float = field(default_factory=time.monotonic)
    """When its last byte had come, in seconds on the monotonic clock."""


class RequestLog:
    """The last thousand requests; safe to read from any thread."""

    def __init__(self) -> None:
        self._requests: deque[RecordedRequest] = deque(maxlen=KEPT_REQUESTS)
        self._bytes = 0
        self._changed = threading.Condition()

    def add(self, request: RecordedRequest) -> None:
        with self._changed:
            if len(self._requests) == KEPT_REQUESTS:
                self._bytes -= self._requests[0].size
            self._requests.append(request)
            self._bytes += request.size
            while self._bytes > KEPT_BYTES and len(self._requests) > 1:
                self._bytes -= self._requests.popleft().size
            self._changed.notify_all()

    def touch(self) -> None:
        """Says that a recorded request changed."""
        with self._changed:
            self._changed.notify_all()

    def snapshot(self) -> list[RecordedRequest]:
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        with self._changed:
            self._requests.clear()
            self._bytes = 0

    def wait_for(self, holds: Callable[[list[RecordedRequest]], bool], timeout_seconds: float) -> bool:
        """Whether the claim about the requests came true in time."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not holds(list(self._requests)):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return holds(list(self._requests))
        return True
