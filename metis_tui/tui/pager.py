"""Shows a text in the user's own pager. Knows nothing of what it shows; the terminal is handed over by the caller."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.printable import printable
from metis_tui.tui.commands import without_secrets

_WAITS_BY_ITSELF = frozenset(("less", "most", "vim", "vi", "view", "nvim", "nano", "emacs", "bat", "batcat", "moar"))
_THEN_WAIT = '"$@"; status=$?; printf "\\n[Enter goes back to metis-tui] "; read -r _; exit $status'
"""For pagers that end by themselves: what they show would be gone at once."""


class PagerFailed(Exception):
    """The pager could not be started. The text says why and what to do."""


async def page(
    text: str,
    handing_over_terminal: Callable[[], AbstractContextManager[None]],
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Shows the text, made safe, until the user leaves. The event loop goes on meanwhile, so streams do too.

    Raises:
        PagerFailed: see its text.
    """
    command = await in_background(lambda: _command(environment))
    path = await in_background(lambda: _write(printable(text)))
    try:
        with handing_over_terminal():
            process = await asyncio.create_subprocess_exec(*_waiting(command, path), env=without_secrets(environment))
            try:
                await process.wait()
            except asyncio.CancelledError:  # the application ends: the pager must not keep the terminal
                process.terminate()
                raise
    except OSError as error:
        raise PagerFailed(f"{command[0]} cannot be used ({error.strerror}). Set PAGER to your pager.") from error
    finally:
        await in_background(lambda: path.unlink(missing_ok=True))


def _command(environment: Mapping[str, str]) -> list[str]:
    try:
        chosen = shlex.split(environment.get("PAGER", ""))
    except ValueError as error:
        raise PagerFailed(f"PAGER is not a command line ({error}).") from error
    search = environment.get("PATH")
    if chosen and shutil.which(chosen[0], path=search):
        return chosen
    for name in ("less", "more"):
        if shutil.which(name, path=search):
            return [name]
    raise PagerFailed(f"There is no {chosen[0] if chosen else 'less or more'} here. Set PAGER to your pager.")


def _waiting(command: list[str], path: Path) -> list[str]:
    name = os.path.basename(command[0])
    if name == "less":
        return [*command, "-+F", "-+X", str(path)]  # it would not wait with a text that fits the screen
    if name in _WAITS_BY_ITSELF:
        return [*command, str(path)]
    return ["/bin/sh", "-c", _THEN_WAIT, "sh", *command, str(path)]


def _write(text: str) -> Path:
    descriptor, name = tempfile.mkstemp(suffix=".md", prefix="metis-tui-read-")  # 0600
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text if text.endswith("\n") else text + "\n")
    return Path(name)
