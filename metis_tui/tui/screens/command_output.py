"""What a shell command makes of a text: its output as it comes, how it ended; Esc stops it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import RichLog, Static

from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.commands import RunningCommand
from metis_tui.tui.screens.overlay import Overlay


class CommandOutput(Overlay[None]):
    """Runs the command while it is open."""

    CSS_PATH = "text_view.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "stop_or_close", "Stop or close", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("g", "end(False)", show=False),
        Binding("G", "end(True)", show=False),
    ]

    def __init__(self, command: RunningCommand, copy: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._command = command
        self._copy = copy
        self._text: list[str] = []
        self._line = ""
        """The last line, whose end has not come yet."""
        self._trouble = ""
        self._is_over = False
        self._stopping: asyncio.Task[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="text-box") as box:
            box.border_title = Text(f"$ {printable_line(self._command.command, 200)}")
            yield RichLog(wrap=True, markup=False, highlight=False, min_width=1, max_lines=20_000)
            yield Static("", classes="text-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(RichLog).focus()
        self._show_state()
        self.run_worker(self._run(), group="command", exit_on_error=False)

    async def _run(self) -> None:
        try:
            async with aclosing(self._command.output()) as pieces:
                async for text in pieces:
                    self._take(text)
        except OSError as error:
            self._trouble = f"The shell could not be started ({(error.strerror or 'no reason given').lower()})."
        finally:
            self._is_over = True
            self._command_ended()

    def _command_ended(self) -> None:
        if not self.is_mounted:
            return
        if self._line:
            self._write(self._line)
            self._line = ""
        if self._command.dropped:
            self._write(f"… {fmt.byte_count(self._command.dropped)} more were not kept")
        self._show_state()

    def _take(self, text: str) -> None:
        self._text.append(text)
        *lines, self._line = (self._line + text).split("\n")
        if lines:
            self._write("\n".join(lines))

    def _write(self, text: str) -> None:
        self.query_one(RichLog).write(Text(printable(text)))

    def _show_state(self) -> None:
        command = self._command
        if not self._is_over:
            words = "running · Esc stops it" if not command.was_stopped else "stopping…"
        else:
            words = f"{self._trouble or end_words(command)} · y copies · Esc closes"
        self.query_one(".text-keys", Static).update(words)

    def action_stop_or_close(self) -> None:
        if self._is_over:
            self.dismiss(None)
        elif self._stopping is None:
            self._stopping = asyncio.ensure_future(self._command.stop())
            self._show_state()

    async def action_copy(self) -> None:
        await self._copy(printable("".join(self._text)))

    def action_scroll(self, rows: int) -> None:
        self.query_one(RichLog).scroll_relative(y=rows, animate=False)

    def action_end(self, is_last: bool) -> None:
        log = self.query_one(RichLog)
        log.scroll_end(animate=False) if is_last else log.scroll_home(animate=False)


def end_words(command: RunningCommand) -> str:
    """How a command ended, in words."""
    status = command.status
    if command.was_stopped:
        return "stopped by you"
    if status is None:
        return "ended"
    if status < 0:
        return f"ended by the signal {signal.strsignal(-status) or -status}"
    return "ended well (status 0)" if status == 0 else f"failed with status {status}"
