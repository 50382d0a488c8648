"""Opens an address in the user's browser, where there is one with a window of its own. Knows nothing of the address.

Never a browser that draws in the terminal, and never across SSH, where a browser would open on the wrong machine.
The browser's own words go nowhere: they would be drawn over the application.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping

from metis_tui.chat.background import in_background

_TEXT_BROWSERS = frozenset(
    {"lynx", "links", "links2", "elinks", "w3m", "browsh", "carbonyl", "www-browser", "sensible-browser", "edbrowse"}
)
"""Draw in the terminal, or may start one that does."""
_OPENERS = ("xdg-open", "x-www-browser", "firefox", "google-chrome", "chromium", "chromium-browser")
_ANSWER_SECONDS = 5.0
"""An opener that has not failed by then has done its part; a browser itself runs on."""


def find_browser(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> list[str]:
    """The command that opens an address on this display; empty when there is none. Looks at the disk."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return []
    if platform == "darwin":
        return _usable("open")
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return []
    chosen = [word for word in environment.get("BROWSER", "").split(os.pathsep) if word]
    if chosen:  # the user's word counts, also when it names a text browser
        return _usable(chosen[0])
    return next(filter(None, map(_usable, _OPENERS)), [])


def _usable(command: str) -> list[str]:
    try:
        words = [word for word in shlex.split(command) if word != "%s"]
    except ValueError:
        return []
    if not words or os.path.basename(words[0]) in _TEXT_BROWSERS or shutil.which(words[0]) is None:
        return []
    return words


async def open_in_browser(command: list[str], address: str) -> str:
    """Starts the browser and says what was done."""
    name = os.path.basename(command[0])
    trouble = await in_background(lambda: _start([*command, address]), "browser")
    return f"{name} could not open it: {trouble}." if trouble else f"{name} was asked to open it."


def _start(command: list[str]) -> str:
    nowhere = subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
        status = process.wait(_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        return ""
    except OSError as error:
        return (error.strerror or "it cannot be started").lower()
    return f"it ended with status {status}" if status else ""
