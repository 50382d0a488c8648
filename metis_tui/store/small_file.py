"""A small JSON file of conveniences: read with tolerance, replaced whole, written in the background.

Failures are silent, because losing such a file costs little. Knows nothing of what is in it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from metis_tui.store.disk import Disk
from metis_tui.store.worker import Worker

_READ_AT_MOST = 32 * 1024 * 1024


class SmallFile:
    """One JSON object on disk, shared with other processes: the last writer wins, key by key."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._path = path
        self._disk = disk or Disk()
        self._worker = Worker("small-file")
        self._lock = threading.Lock()
        self._changes: list[Callable[[dict[str, Any]], None]] = []

    def read(self) -> dict[str, Any]:
        """Empty when there is no file or it is not what it should be. Blocks."""
        try:
            with open(self._path, "rb") as file:
                content = json.loads(file.read(_READ_AT_MOST).decode())
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Applies the change to what the file holds by then, in the background; changes that wait go together."""
        with self._lock:
            self._changes.append(change)
            is_first = len(self._changes) == 1
        if is_first:
            self._worker.later(self._write)

    def close(self, budget_seconds: float = 1.0) -> bool:
        """Waits until everything is written; False when that took too long."""
        return self._worker.finish(budget_seconds)

    def _write(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, []
        content = self.read()
        before = _encode(content)
        for change in changes:
            change(content)
        after = _encode(content)
        if after == before:
            return
        with suppress(OSError):
            self._disk.publish(self._path, after)


def _encode(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
