"""The terminal's driver: Textual's own, made safe for pastes with control characters and for terminals that vanish,
and told apart: who writes what, how long the line takes for it, and when the terminal has drawn it.

Textual's reads the end of a closed terminal for ever, and waits for ever to write to it. This one tells the
application once and drops what can no longer be shown. It touches few of Textual's private parts; all are guarded.
"""

from __future__ import annotations

import codecs
import os
import queue
import re
import selectors
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from metis_tui.tui.answer_splitter import AnswerSplitter
from metis_tui.tui.display.metered_file import MeteredFile
from metis_tui.tui.display.window import QUESTION
from metis_tui.tui.paste_splitter import PasteSplitter

_LOOK_SECONDS = 0.1
_SILENT_READS = 3
_LAST_ANSWER_SECONDS = 0.8
"""How long the end waits for answers that are under way: the shell would take them for keys."""
# Modes, questions, control strings that change no cell, and the bell.
_HARMLESS = re.compile(
    r"(?:\x1b\[[?<>=][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9;]*[cn]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x07)*"
).fullmatch


class TerminalDriver(LinuxDriver):
    """Reads keys and pastes apart; ends the application when its terminal has gone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._is_lost = False
        self._is_ours = False
        self._asked = self._answered = 0
        self._handed_bytes = 0
        self.metered = MeteredFile(sys.__stderr__, self._written)  # type: ignore[arg-type]
        self._file = self.metered  # type: ignore[assignment]

    # --- reading ----------------------------------------------------------------------------------

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own word; COLUMNS and LINES of the environment do not follow when it is resized."""
        try:
            return tuple(os.get_terminal_size(self.fileno))  # type: ignore[return-value]
        except OSError:
            return super()._get_terminal_size()

    def terminal_size(self) -> Size | None:
        """The size now; None when the terminal tells it by itself, or has gone."""
        if self._in_band_window_resize:
            return None
        try:
            return Size(*os.get_terminal_size(self.fileno))
        except OSError:
            return None

    def run_input_thread(self) -> None:
        """Reads until told to stop or the terminal has gone."""
        parser, splitter, answers = XTermParser(self._debug), PasteSplitter(), AnswerSplitter()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        silent = 0
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(_LOOK_SECONDS):
                    self._take(parser, splitter, answers.release())
                    self._take(parser, splitter, "", is_pause=True)
                    continue
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:
                    data, silent = b"", _SILENT_READS
                if data:
                    silent = 0
                    text, count = answers.feed(decode(data), is_expecting=self._answered < self._asked)
                    if count:
                        self._take_answers(count)
                    self._take(parser, splitter, text)
                    continue
                silent += 1  # readable without a byte: its end; one such read may be a hiccup of the line
                if silent >= _SILENT_READS:
                    self._lose_terminal()
                    return
                time.sleep(_LOOK_SECONDS / 10)

    def _take(self, parser: XTermParser, splitter: PasteSplitter, text: str, *, is_pause: bool = False) -> None:
        for piece in splitter.release() if is_pause else splitter.feed(text):
            if piece.is_paste:
                self.process_message(events.Paste(piece.text))
                continue
            for event in parser.feed(piece.text):
                self.process_message(event)
        for event in parser.tick():
            self.process_message(event)

    def process_message(self, message: Message) -> None:
        if isinstance(message, (events.Key, events.Paste, events.MouseEvent)):
            self._tell("touched")
        super().process_message(message)

    def _take_answers(self, count: int) -> None:
        self._answered += count
        now = time.monotonic()
        for _ in range(count):
            self._tell("answered", now)

    # --- writing ----------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """What Textual or a widget writes by itself: if it draws, nobody knows any longer what is on screen."""
        if self._frugal is not None and not _HARMLESS(data):
            self._frugal.forget()
        self.write_known(data)

    def write_known(self, data: str) -> None:
        """Hands text to the writing thread; drops it while the terminal is others' or when it has gone."""
        thread = self._writer_thread
        pending: queue.Queue[str | None] | None = getattr(thread, "_queue", None)
        if thread is None or pending is None:
            super().write(data)
            return
        if not self._is_ours:
            return
        self._asked += data.endswith(QUESTION)
        self._handed_bytes += len(data.encode("utf-8", "replace"))
        while thread.is_alive():
            try:
                pending.put(data, timeout=0.5)
                return
            except queue.Full:
                continue
        self._lose_terminal()

    @property
    def backlog_bytes(self) -> int:
        """Bytes that were written and that the line has not taken yet."""
        return max(0, self._handed_bytes - self.metered.byte_count)

    def _written(self, held_seconds: float) -> None:
        self._tell("written", held_seconds)

    # --- the terminal comes and goes --------------------------------------------------------------

    def start_application_mode(self) -> None:
        self._handed_bytes = self.metered.byte_count
        self._asked = self._answered = 0
        self._is_ours = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Textual gives up silently when the shell has put this process into the background.
        self._is_ours = self._writer_thread is not None and self._writer_thread.is_alive()
        self._tell("come_back")

    def disable_input(self) -> None:
        """Waits for answers that are under way, as long as somebody reads them."""
        if self._frugal is not None:
            self._frugal.leave()
        end = time.monotonic() + _LAST_ANSWER_SECONDS
        is_answering = self._answered > 0 and not self._is_lost
        while is_answering and self._answered < self._asked and time.monotonic() < end:
            time.sleep(0.01)
        self._asked = self._answered
        super().disable_input()

    def close(self) -> None:
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().close()
        self._is_ours = False

    def _lose_terminal(self) -> None:
        """The same end as by SIGHUP, which a terminal sends when it goes, but not always to this process."""
        if self._is_lost or self.exit_event.is_set():
            return
        self._is_lost = True
        os.kill(os.getpid(), signal.SIGHUP)

    # --- the display ------------------------------------------------------------------------------

    @property
    def _frugal(self) -> Any:
        """The application's frugal display; None when Textual draws for itself."""
        return getattr(self._app, "frugal", None)

    def _tell(self, news: str, *arguments: object) -> None:
        """Calls the display on the event loop, from any thread."""
        display = self._frugal
        if display is None or self._loop.is_closed():
            return
        call: Callable[..., object] = getattr(display, news)
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop has just ended
            return
