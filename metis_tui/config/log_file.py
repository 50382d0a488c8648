"""The log for support in the state folder: what failed, and with --debug every request.

Knows nothing of what is logged.

Other rooms write to loggers below `metis_tui`: INFO for what failed, DEBUG for the rest. Never prompts or replies;
what looks like an access token, a refresh token or the query of an address is blotted out here once more. A thread
of its own writes, so that a slow disk stops neither the screen nor a reply.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time
from pathlib import Path

from metis_tui.config.paths import make_private_folder

FILE_NAME = "metis-tui.log"
_LARGEST_LOG = 1_000_000
_KEPT = 2
"""Older files beside the one in use."""
_MOST_WAITING = 1_000
"""Lines; a disk that hangs must not fill the memory."""
_LAST_SECONDS = 0.5
_BLOTTED = "[blotted out]"
_TOKEN_VARIABLES = ("METIS_TUI_TOKEN", "ALCF_AI_TOKEN")
_SHORTEST_TOKEN = 8
"""Anything shorter is no access token, and blotting it out would spoil ordinary words."""
_SECRETS = (
    (re.compile(r"(?i:\bbearer\s+)\S+"), _BLOTTED),
    (re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?)[^\"'\n]+"), rf"\1{_BLOTTED}"),
    (re.compile(r"(?i)(\b(?:access|refresh|id)_token[\"']?\s*[:=]\s*[\"'])[^\"']+"), rf"\1{_BLOTTED}"),
    (re.compile(r"(?i)([?&](?:code|token|state|[a-z_]*_token)=)[^&\s\"']+"), rf"\1{_BLOTTED}"),
    (re.compile(r"(?i)(https?://[^\s?#\"']+)\?[^\s\"']*"), rf"\1?{_BLOTTED}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@"), rf"\1{_BLOTTED}@"),
    (re.compile(r"[A-Za-z0-9_\-.~+=]{40,}"), _BLOTTED),
)


def redacted(text: str) -> str:
    """The text without anything that is, or could be, a secret."""
    for name in _TOKEN_VARIABLES:
        value = os.environ.get(name, "").strip()
        if len(value) >= _SHORTEST_TOKEN:
            text = text.replace(value, "[access token]")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def append(path: Path, text: str) -> bool:
    """Adds redacted text to a log, at once; True when it is in the file. Full logs make room first."""
    try:
        make_private_folder(path.parent)
        if path.exists() and path.stat().st_size > _LARGEST_LOG:
            _rotate(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_APPEND
        descriptor = os.open(path, flags, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            os.fchmod(descriptor, 0o600)
            file.write(redacted(text))
    except OSError:
        return False
    return True


def _rotate(path: Path) -> None:
    for number in range(_KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))


class LogFile(logging.Handler):
    """Hands lines to a thread that writes them; opens and makes nothing before the first line."""

    def __init__(self, folder: Path, first_line: str) -> None:
        super().__init__(logging.DEBUG)
        self._path = folder / FILE_NAME
        self._first_line = first_line
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._lines.qsize() > _MOST_WAITING:
            return
        try:
            message = record.getMessage().replace("\r", " ").replace("\n", " ")
        except (TypeError, ValueError):
            return
        name = record.name.removeprefix("metis_tui.")
        self._lines.put(f"{_stamp(record.created)} {os.getpid()} {record.levelname.lower()} {name}: {message}\n")
        if self._thread is None:  # logging holds its lock around emit
            self._thread = threading.Thread(target=self._write, name="log-writer", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Waits a moment for the last lines; logging calls this at the end of the program."""
        super().close()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._lines.put(None)
            thread.join(_LAST_SECONDS)

    def _write(self) -> None:
        text = f"{_stamp(time.time())} {os.getpid()} {self._first_line}\n"
        while True:
            line = self._lines.get()
            while line is not None:
                text += line
                if self._lines.empty():
                    break
                line = self._lines.get()
            append(self._path, text)
            text = ""
            if line is None:
                return


def start(folder: Path, first_line: str, *, is_debug: bool = False) -> LogFile:
    """Sends what the rooms log to the file, in place of an earlier one; nothing of it reaches the screen."""
    logger = logging.getLogger("metis_tui")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    log = LogFile(folder, first_line)
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG if is_debug else logging.INFO)
    logger.propagate = False
    return log


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(at))
