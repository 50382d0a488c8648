"""Collects what could not be taken over from a file, few enough to be read. Pure."""

from __future__ import annotations

from metis_tui.chat.printable import printable_line

_TOLD_AT_MOST = 20


class Problems:
    """One sentence for each problem; beyond the first few they are only counted."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}
        self._others = 0

    def tell(self, sentence: str) -> None:
        sentence = printable_line(sentence, 300)
        if sentence in self._told or len(self._told) < _TOLD_AT_MOST:
            self._told[sentence] = None
        else:
            self._others += 1

    @property
    def sentences(self) -> tuple[str, ...]:
        more = f"There were {self._others} more problems of this kind." if self._others else ""
        return (*self._told, *([more] if more else []))
