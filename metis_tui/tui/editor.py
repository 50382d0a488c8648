"""Edits a text in the user's own editor. Knows nothing of prompts; the terminal is handed over by the caller."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from metis_tui.chat.background import in_background


class EditorFailed(Exception):
    """The editor could not be started or gave up; the text stays as it was. The text says why and what to do."""


async def edit(
    text: str,
    handing_over_terminal: Callable[[], AbstractContextManager[None]],
    environment: Mapping[str, str] = os.environ,
) -> str:
    """The text as the user left it in $VISUAL, $EDITOR or vi. The event loop goes on meanwhile, so streams do too.

    Raises:
        EditorFailed: see its text.
    """
    command = _command(environment)
    path = await in_background(lambda: _write(text))
    try:
        with handing_over_terminal():
            process = await asyncio.create_subprocess_exec(*command, str(path))
            try:
                status = await process.wait()
            except asyncio.CancelledError:  # the application ends: the editor must not keep the terminal
                process.terminate()
                raise
        if status != 0:
            raise EditorFailed(f"{command[0]} ended with status {status}; the prompt stays as it was.")
        return await in_background(lambda: path.read_text(encoding="utf-8", errors="replace").rstrip("\n"))
    except OSError as error:
        raise EditorFailed(f"{command[0]} cannot be used ({error.strerror}). Set EDITOR to your editor.") from error
    finally:
        await in_background(lambda: path.unlink(missing_ok=True))


def _command(environment: Mapping[str, str]) -> list[str]:
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        return shlex.split(chosen) or ["vi"]
    except ValueError as error:
        raise EditorFailed(f"EDITOR is not a command line ({error}).") from error


def _write(text: str) -> Path:
    descriptor, name = tempfile.mkstemp(suffix=".md", prefix="metis-tui-prompt-")  # 0600
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text if text.endswith("\n") or not text else text + "\n")
    return Path(name)
