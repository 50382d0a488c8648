"""The terminal's driver: Textual's own, made safe for pastes with control characters and for terminals that vanish.

Textual's reads the end of a closed terminal for ever, and waits for ever to write to it. This one tells the
application once and drops what can no longer be shown. It touches few of Textual's private parts; all are guarded.
"""

from __future__ import annotations

import codecs
import os
import queue
import selectors
import signal
import time
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from metis_tui.tui.paste_splitter import PasteSplitter

_LOOK_SECONDS = 0.1
_SILENT_READS = 3


class TerminalDriver(LinuxDriver):
    """Reads keys and pastes apart; ends the application when its terminal has gone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._is_lost = False

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own word; COLUMNS and LINES of the environment do not follow when it is resized."""
        try:
            return tuple(os.get_terminal_size(self.fileno))  # type: ignore[return-value]
        except OSError:
            return super()._get_terminal_size()

    def run_input_thread(self) -> None:
        """Reads until told to stop or the terminal has gone."""
        parser, splitter = XTermParser(self._debug), PasteSplitter()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        silent = 0
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if not selector.select(_LOOK_SECONDS):
                    self._take(parser, splitter, "", is_pause=True)
                    continue
                try:
                    data = os.read(self.fileno, 4096)
                except OSError:
                    data, silent = b"", _SILENT_READS
                if data:
                    silent = 0
                    self._take(parser, splitter, decode(data))
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

    def write(self, data: str) -> None:
        """Hands text to the writing thread; drops it when that thread has died with its terminal."""
        thread = self._writer_thread
        pending: queue.Queue[str | None] | None = getattr(thread, "_queue", None)
        if thread is None or pending is None:
            super().write(data)
            return
        while thread.is_alive():
            try:
                pending.put(data, timeout=0.5)
                return
            except queue.Full:
                continue
        self._lose_terminal()

    def close(self) -> None:
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().close()

    def _lose_terminal(self) -> None:
        """The same end as by SIGHUP, which a terminal sends when it goes, but not always to this process."""
        if self._is_lost or self.exit_event.is_set():
            return
        self._is_lost = True
        os.kill(os.getpid(), signal.SIGHUP)
