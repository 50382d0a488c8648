"""Runs a shell command on a text: its output as it comes, its end, stopping all of it. Knows nothing of screens."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress

MOST_OUTPUT = 256 * 1024
"""Bytes that are shown; what comes after that is counted and dropped."""
_PIECE = 16 * 1024
_GRACE_SECONDS = 2.0
"""From asking a command to end until it is killed."""
_SECRETS = ("METIS_TUI_TOKEN", "ALCF_AI_TOKEN")


def without_secrets(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables for another program: access tokens are none of its business."""
    return {name: value for name, value in environment.items() if name not in _SECRETS}


def _plain_environment() -> dict[str, str]:
    """With what keeps programs from colours and questions."""
    return {**without_secrets(), "TERM": "dumb", "NO_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat"}


class RunningCommand:
    """One run of /bin/sh -c. It has no terminal: the keyboard and the screen stay the application's."""

    def __init__(self, command: str, data: bytes) -> None:
        self.command = command
        self.status: int | None = None
        """Its exit status; below 0 the signal that ended it; None while it runs."""
        self.dropped = 0
        """Bytes of output that were too many to show."""
        self.was_stopped = False
        self._data = data
        self._process: asyncio.subprocess.Process | None = None

    async def output(self) -> AsyncGenerator[str, None]:
        """What it writes, standard output and errors as they come; ends when the command has ended.

        Leaving early stops the command. Raises OSError when there is no shell.
        """
        self._process = process = await asyncio.create_subprocess_shell(
            self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_plain_environment(),
            start_new_session=True,
        )
        feeding = asyncio.ensure_future(self._feed(process))
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        room = MOST_OUTPUT
        try:
            assert process.stdout is not None
            while piece := await process.stdout.read(_PIECE):
                self.dropped += max(0, len(piece) - room)
                shown, room = piece[:room], max(0, room - len(piece))
                if text := decoder.decode(shown):
                    yield text
            self.status = await process.wait()
        finally:
            feeding.cancel()
            if process.returncode is None:
                self._signal(signal.SIGKILL)
                self.status = await asyncio.shield(process.wait())

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # it need not read what it is given
            process.stdin.write(self._data)
            await process.stdin.drain()
            process.stdin.close()

    async def stop(self) -> None:
        """Asks the command and everything it started to end, then makes them."""
        self.was_stopped = True
        self._signal(signal.SIGTERM)
        await asyncio.sleep(_GRACE_SECONDS)
        if self.status is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
