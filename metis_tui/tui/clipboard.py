"""Copies text, also over SSH, and says honestly what was done. Knows nothing of what is copied.

The ladder: tmux's own buffer (its -w also reaches the outer terminal), GNU screen's pass-through, OSC 52 up to the
size that terminals take, pyperclip where there is a local display; and always a file in the state folder.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.config.paths import make_private_folder
from metis_tui.tui.display.terminal_traits import is_gnu_screen

OSC52_LIMIT = 70_000
"""Bytes of text; terminals drop longer OSC 52 strings silently."""
_SCREEN_PIECE = 200
"""GNU screen passes device control strings of at most this many bytes."""


class Clipboard:
    """Args: write: puts raw text on the terminal; folder: the state folder, for last-copy.txt."""

    def __init__(
        self, write: Callable[[str], None], folder: Path, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._write = write
        self._path = folder / "last-copy.txt"
        self._environment = environment

    async def copy(self, text: str) -> str:
        """Copies and returns a sentence that says where the text went."""
        kept = await in_background(lambda: self._keep(text))
        beside = f"; also in {self._path}" if kept else ""
        if self._environment.get("TMUX") and await _tmux_load(text):
            return f"Sent to tmux's buffer and, where it allows, to your terminal{beside}."
        size = len(text.encode("utf-8", "replace"))
        is_local = bool(self._environment.get("DISPLAY")) and not self._environment.get("SSH_CONNECTION")
        if is_local and await in_background(lambda: _pyperclip_copy(text)):
            return f"Copied to the desktop's clipboard{beside}."
        if size > OSC52_LIMIT:
            return f"Too large for the terminal's clipboard{': it is in ' + str(self._path) if kept else ''}."
        self._write(osc52(text, in_screen=is_gnu_screen(self._environment)))
        return f"Sent to your terminal, which may not take it{beside}."

    def _keep(self, text: str) -> bool:
        try:
            make_private_folder(self._path.parent)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                os.fchmod(descriptor, 0o600)  # also when it was there before
                file.write(text)
        except OSError:
            return False
        return True


def osc52(text: str, *, in_screen: bool = False) -> str:
    """The control string that asks a terminal to take the text into its clipboard."""
    payload = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    sequence = f"\x1b]52;c;{payload}\a"
    if not in_screen:
        return sequence
    pieces = [sequence[i : i + _SCREEN_PIECE] for i in range(0, len(sequence), _SCREEN_PIECE)]
    return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)


async def _tmux_load(text: str) -> bool:
    """tmux's load-buffer -w works in its default configuration; OSC 52 does not."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "load-buffer",
            "-w",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), 3)
    except (OSError, asyncio.TimeoutError):
        with suppress(ProcessLookupError):
            process.kill()
        return False
    return process.returncode == 0


def _pyperclip_copy(text: str) -> bool:
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return False
    return True
