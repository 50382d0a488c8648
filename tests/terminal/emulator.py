"""A terminal's cells as xterm keeps them: pyte's screen with what pyte lacks or does otherwise than terminals do.

The alternate screen, scrolling by SU and SD, REP, faint text, halves of wide characters, zero-width characters and
erasing with the background's colour. Knows nothing of processes.
"""

from __future__ import annotations

from typing import Any

import pyte
from pyte import modes
from pyte.screens import Char, Margins
from wcwidth import wcwidth

ALTERNATE_SCREEN = 1049
FAINT, NOT_BOLD_NOR_FAINT, BLINK, NO_BLINK = 2, 22, 5, 25
_COLOURS = (38, 48, 58)


class Emulator(pyte.Screen):
    """`is_erasing_in_colour`: whether erased and inserted cells take the pen's background, as in xterm, or the
    default one, as in GNU screen and on the console of some systems."""

    def __init__(self, columns: int, lines: int, *, is_erasing_in_colour: bool = True) -> None:
        self.is_erasing_in_colour = is_erasing_in_colour
        self._ordinary: dict[int, dict[int, Char]] | None = None
        self._last_drawn = " "
        super().__init__(columns, lines)

    @property
    def display(self) -> list[str]:
        """The rows' texts; pyte's own stumbles over half of a wide character that a smaller size has cut."""
        return ["".join(self.buffer[y][x].data for x in range(self.columns)) for y in range(self.lines)]

    def draw(self, data: str) -> None:
        for character in data:
            width = wcwidth(character)
            if width <= 0:
                self._combine(character)
                continue
            if self.cursor.x + width > self.columns:
                if modes.DECAWM in self.mode:
                    self.carriage_return()
                    self.linefeed()
                else:
                    self.cursor.x = self.columns - width
            if modes.IRM in self.mode:
                self.insert_characters(width)
            self._put(character, width)
            self._last_drawn = character
        self.dirty.add(self.cursor.y)

    def _put(self, character: str, width: int) -> None:
        line, x, pen = self.buffer[self.cursor.y], self.cursor.x, self.cursor.attrs
        # A wide character of which one half is overwritten is gone: terminals blank the other half.
        if x and line[x].data == "":
            line[x - 1] = line[x - 1]._replace(data=" ")
        behind = x + width
        if behind < self.columns and line[behind].data == "":
            line[behind] = line[behind]._replace(data=" ")
        line[x] = pen._replace(data=character)
        if width == 2 and x + 1 < self.columns:
            line[x + 1] = pen._replace(data="")
        self.cursor.x = behind

    def _combine(self, character: str) -> None:
        """Zero-width characters belong to the cell before them; at the start of a line they are dropped."""
        line, x = self.buffer[self.cursor.y], self.cursor.x - 1
        if x > 0 and line[x].data == "":
            x -= 1
        if x >= 0 and wcwidth(character) == 0:
            line[x] = line[x]._replace(data=line[x].data + character)

    def repeat(self, count: int = 1) -> None:
        self.draw(self._last_drawn * max(1, count))

    # -- erasing -----------------------------------------------------------------------------------------------

    @property
    def _blank(self) -> Char:
        return self.default_char._replace(bg=self.cursor.attrs.bg) if self.is_erasing_in_colour else self.default_char

    def _erase(self, y: int, start: int, end: int) -> None:
        line, blank = self.buffer[y], self._blank
        if 0 < start < self.columns and line[start].data == "":
            line[start - 1] = line[start - 1]._replace(data=" ")
        if end < self.columns and line[end].data == "":
            line[end] = line[end]._replace(data=" ")
        for x in range(start, end):
            line[x] = blank
        self.dirty.add(y)

    def erase_characters(self, count: int | None = None) -> None:
        start = min(self.cursor.x, self.columns - 1)
        self._erase(self.cursor.y, start, min(start + (count or 1), self.columns))

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        start, end = {0: (self.cursor.x, self.columns), 1: (0, self.cursor.x + 1)}.get(how, (0, self.columns))
        self._erase(self.cursor.y, min(start, self.columns - 1), min(end, self.columns))

    def erase_in_display(self, how: int = 0, *_: Any, **__: Any) -> None:
        whole = {0: range(self.cursor.y + 1, self.lines), 1: range(self.cursor.y)}.get(how, range(self.lines))
        for y in whole:
            self._erase(y, 0, self.columns)
        if how in (0, 1):
            self.erase_in_line(how)

    # -- moving rows -------------------------------------------------------------------------------------------

    def insert_lines(self, count: int | None = None) -> None:
        self._shift(self.cursor.y, count or 1)
        self.carriage_return()

    def delete_lines(self, count: int | None = None) -> None:
        self._shift(self.cursor.y, -(count or 1))
        self.carriage_return()

    def scroll_up(self, count: int = 1) -> None:
        self._shift(self._region.top, -(count or 1))

    def scroll_down(self, count: int = 1) -> None:
        self._shift(self._region.top, count or 1)

    def index(self) -> None:
        if self.cursor.y == self._region.bottom:
            self._shift(self._region.top, -1)
        else:
            self.cursor_down()

    def reverse_index(self) -> None:
        if self.cursor.y == self._region.top:
            self._shift(self._region.top, 1)
        else:
            self.cursor_up()

    @property
    def _region(self) -> Margins:
        return self.margins or Margins(0, self.lines - 1)

    def _shift(self, top: int, distance: int) -> None:
        """Moves the rows from `top` to the region's end down, or up when negative, and blanks what comes free."""
        region = self._region
        if not region.top <= top <= region.bottom:
            return
        rows = [self.buffer.pop(y, None) for y in range(top, region.bottom + 1)]
        for y, row in enumerate(rows, top + distance):
            if row is not None and top <= y <= region.bottom:
                self.buffer[y] = row
        free = range(top, top + distance) if distance > 0 else range(region.bottom + 1 + distance, region.bottom + 1)
        for y in free:
            if top <= y <= region.bottom:
                self._erase(y, 0, self.columns)
        self.dirty.update(range(top, region.bottom + 1))

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        super().set_margins(top, bottom)
        if self.margins is None:
            self.cursor_position()  # as with margins: DECSTBM moves the cursor home

    # -- modes -------------------------------------------------------------------------------------------------

    def select_graphic_rendition(self, *attrs: int) -> None:
        """pyte knows no faint text; its blinking, which nothing here uses, stands for it."""
        known: list[int] = []
        rest = list(attrs)
        while rest:
            number = rest.pop(0)
            if number in _COLOURS:
                taken = 2 if rest[:1] == [5] else 4
                known += [number, *rest[:taken]]
                del rest[:taken]
            elif number == FAINT:
                known.append(BLINK)
            elif number == NOT_BOLD_NOR_FAINT:
                known += [NOT_BOLD_NOR_FAINT, NO_BLINK]
            else:
                known.append(number)
        super().select_graphic_rendition(*known)

    def set_mode(self, *numbers: int, **options: Any) -> None:
        if options.get("private") and ALTERNATE_SCREEN in numbers and self._ordinary is None:
            self._ordinary = {y: dict(line) for y, line in self.buffer.items()}
            self.save_cursor()
            self.erase_in_display(2)
        super().set_mode(*numbers, **options)

    def reset_mode(self, *numbers: int, **options: Any) -> None:
        if options.get("private") and ALTERNATE_SCREEN in numbers and self._ordinary is not None:
            self.buffer.clear()
            for y, line in self._ordinary.items():
                self.buffer[y].update(line)
            self._ordinary = None
            self.restore_cursor()
        super().reset_mode(*numbers, **options)


class EmulatorStream(pyte.ByteStream):
    """Feeds bytes to an `Emulator`."""

    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down", "b": "repeat"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "repeat"}
