"""Pens: what a terminal draws a cell with, and the shortest way from one pen to another.

A pen is known by one character, so that the pens of a row are a string, which compares and hashes at once.
Knows SGR and OSC 8; nothing of cells or screens.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

UNKNOWN_PEN = "\x00"
"""Of a cell of which nobody knows what the terminal shows there; equal to no other pen."""
DEFAULT_PEN = "\x01"
"""The terminal's own colours, no attribute."""

_LARGEST_STYLE_CACHE = 4096
_LARGEST_PEN_TABLE = 20_000
_CODES = re.compile(r"\x1b\[([0-9;]*)m")
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"}
"""What switches an attribute off; ECMA-48. The others (double underline, frames) take a reset."""
_MARKING = frozenset(["4", "7", "9", "21", "51", "52", "53"])
"""Attributes that show on a blank cell, which erasing would not draw."""


class Pen(NamedTuple):
    """Attributes and colours as SGR parameters; an empty colour is the terminal's own."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""
    link: str = ""
    """The address of a hyperlink; empty for none."""

    @property
    def parameters(self) -> list[str]:
        return [*sorted(self.attributes), *filter(None, (self.foreground, self.background))]


class TooManyPens(Exception):
    """The table is full; whoever keeps rows drawn with these pens must forget them and begin a new table."""


class Pens:
    """The pens in use, for one depth of colour."""

    def __init__(self, color_system: ColorSystem = ColorSystem.TRUECOLOR) -> None:
        self.color_system = color_system
        self._pens: list[Pen | None] = [None, Pen()]
        self._ids: dict[Pen, str] = {Pen(): DEFAULT_PEN}
        self._of_style: dict[Style | None, str] = {None: DEFAULT_PEN}
        self._changes: dict[str, str] = {}

    def of(self, style: Style | None) -> str:
        """The pen that draws a style.

        Raises:
            TooManyPens: more different pens than a table holds.
        """
        found = self._of_style.get(style)
        if found is None:
            if len(self._of_style) >= _LARGEST_STYLE_CACHE:  # styles carry places of the mouse and never end
                self._of_style = {None: DEFAULT_PEN}
            assert style is not None
            found = self._of_style[style] = self._id(pen_of(style, self.color_system))
        return found

    def _id(self, pen: Pen) -> str:
        found = self._ids.get(pen)
        if found is None:
            if len(self._pens) >= _LARGEST_PEN_TABLE:
                raise TooManyPens
            found = self._ids[pen] = chr(len(self._pens))
            self._pens.append(pen)
        return found

    def pen(self, known_as: str) -> Pen:
        """Raises LookupError for the unknown pen."""
        pen = self._pens[ord(known_as)]
        if pen is None:
            raise LookupError("nobody knows the unknown pen")
        return pen

    def can_erase(self, known_as: str, *, fills_background: bool) -> bool:
        """Whether erasing a cell with this pen draws the same as writing a blank with it."""
        pen = self.pen(known_as)
        is_plain = not (pen.attributes & _MARKING) and not pen.link
        return is_plain and (fills_background or not pen.background)

    def change(self, old: str, new: str) -> str:
        """What to write to go on with another pen; both are known pens."""
        if old == new:
            return ""
        key = old + new
        found = self._changes.get(key)
        if found is None:
            if len(self._changes) > _LARGEST_STYLE_CACHE:
                self._changes.clear()
            found = self._changes[key] = _change(self.pen(old), self.pen(new))
        return found


def pen_of(style: Style, color_system: ColorSystem) -> Pen:
    """What a style looks like on a terminal; what else it carries (places of the mouse) does not count."""
    codes = _CODES.search(style.render("x", color_system=color_system))
    parameters = iter(codes[1].split(";") if codes else ())
    attributes: set[str] = set()
    foreground = background = ""
    for parameter in parameters:
        color = parameter
        if parameter in ("38", "48"):
            kind = next(parameters, "5")
            count = 3 if kind == "2" else 1
            color = ";".join([parameter, kind, *(next(parameters, "0") for _ in range(count))])
        if parameter == "38" or _is_between(parameter, (30, 37), (90, 97)):
            foreground = color
        elif parameter == "48" or _is_between(parameter, (40, 47), (100, 107)):
            background = color
        elif parameter not in ("", "0", "39", "49"):
            attributes.add(parameter)
    return Pen(frozenset(attributes), foreground, background, _safe_link(style.link))


def _is_between(parameter: str, *ranges: tuple[int, int]) -> bool:
    return parameter.isdigit() and any(low <= int(parameter) <= high for low, high in ranges)


def _safe_link(link: str | None) -> str:
    """An address that cannot end its own control string; others are no links."""
    return link if link and link.isascii() and link.isprintable() else ""


def _change(old: Pen, new: Pen) -> str:
    whole = ["0", *new.parameters] if new.parameters else [""]
    parts = _difference(old, new)
    shortest = whole if parts is None else min(parts, whole, key=lambda some: len(";".join(some)))
    sgr = f"\x1b[{';'.join(shortest)}m" if (old[:3] != new[:3]) else ""
    return sgr + _link_change(old.link, new.link)


def _difference(old: Pen, new: Pen) -> list[str] | None:
    """Only what differs; None where an attribute can only be switched off together with all."""
    gone = old.attributes - new.attributes
    if not gone <= _OFF.keys():
        return None
    off = {_OFF[attribute] for attribute in gone}
    lost = {attribute for attribute in new.attributes if _OFF.get(attribute) in off}
    parts = [*sorted(off), *sorted((new.attributes - old.attributes) | lost)]
    if old.foreground != new.foreground:
        parts.append(new.foreground or "39")
    if old.background != new.background:
        parts.append(new.background or "49")
    return parts


def _link_change(old: str, new: str) -> str:
    if old == new:
        return ""
    # The id joins the pieces of one address that a terminal marks together.
    return f"\x1b]8;id={abs(hash(new)) % 100_000};{new}\x1b\\" if new else "\x1b]8;;\x1b\\"
