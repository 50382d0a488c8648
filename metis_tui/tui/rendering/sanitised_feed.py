"""Sanitises text that arrives in pieces. Knows what must not be parted; nothing of Markdown."""

from __future__ import annotations

import re

from metis_tui.chat.printable import printable

# A sanitised piece must not end inside CR LF or a run of joining characters.
_UNSETTLED = re.compile("[\r\u200c\u200d\ufe00-\ufe0f\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]+\\Z")


class SanitisedFeed:
    """Sanitises text that comes in pieces as if it had come at once."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._new: list[str] = []
        self._unsettled = ""

    @property
    def source(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def is_empty(self) -> bool:
        return not self._pieces

    def feed(self, text: str) -> None:
        self._pieces.append(text)
        self._new.append(text)

    def take(self) -> str:
        """What has come since the last time, without an end whose meaning depends on what follows."""
        raw = self._unsettled + "".join(self._new)
        self._new.clear()
        unsettled = _UNSETTLED.search(raw, max(0, len(raw) - 256))
        self._unsettled = unsettled.group() if unsettled else ""
        settled = raw[: len(raw) - len(self._unsettled)]
        if len(self._unsettled) > 64 and "\r" not in self._unsettled:
            self._unsettled = self._unsettled[:9]  # only the first eight of such a run are ever shown
        return printable(settled)
