"""Large pastes: kept aside and shown as a chip in the prompt, because an editor chokes on them. Pure."""

from __future__ import annotations

import re

from metis_tui.chat.printable import printable, storable
from metis_tui.tui import format as fmt

CHIP_BYTES = 20 * 1024
CHIP_LINES = 400
LARGEST_PASTE = 1024 * 1024
"""Bytes. The gateway takes 2.5 MiB for a whole request; one paste may not eat the conversation's room."""

_CHIP = re.compile(r"⟦paste (\d+) · [^⟧\n]*⟧")


class PasteTooLarge(ValueError):
    """The paste is over the cap; nothing was taken. The text says how large it was."""


class Pastes:
    """The pastes of one prompt."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._count = 0

    def take(self, text: str) -> str:
        """What to put into the editor for a pasted text: the text itself, made safe, or a chip.

        Raises:
            PasteTooLarge: over 1 MB.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        size = len(text.encode("utf-8", "replace"))
        if size > LARGEST_PASTE:
            raise PasteTooLarge(
                f"{fmt.byte_count(size)} is more than the {fmt.byte_count(LARGEST_PASTE)} a paste may have."
            )
        lines = text.count("\n") + 1
        if size <= CHIP_BYTES and lines <= CHIP_LINES:
            return printable(text)
        self._count += 1
        self._texts[self._count] = storable(text)
        return f"⟦paste {self._count} · {fmt.byte_count(size)}, {lines:,} line{'s' if lines > 1 else ''}⟧"

    def expand(self, text: str) -> str:
        """The prompt with the pasted texts in place of their chips."""

        def whole(match: re.Match[str]) -> str:
            pasted = self._texts.get(int(match.group(1)))
            return match.group() if pasted is None else pasted

        return _CHIP.sub(whole, text)

    def clear(self) -> None:
        self._texts.clear()
        self._count = 0
