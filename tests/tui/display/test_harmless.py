"""What a widget forgot to sanitise does not reach the terminal when Textual draws for itself."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from metis_tui.tui.display.updates import make_harmless, parts_of

EVIL = "a\x1b[31m\x9b2J\u202eb\r\t\x00 end"


def test_an_update_of_the_whole_screen() -> None:
    strip = Strip([Segment(EVIL, Style(bold=True))]).adjust_cell_length(40)
    update = LayoutUpdate([[strip]], Region(0, 0, 40, 1))
    make_harmless(update)
    (part,) = parts_of(update)
    assert part.strip.text.rstrip() == "a[31m2Jb end"
    assert part.strip.cell_length == 40


def test_an_update_of_some_cells() -> None:
    strip = Strip([Segment(EVIL), Segment("as it was")]).adjust_cell_length(40)
    update = ChopsUpdate([{0: strip, 40: None}], [(0, 0, 40)], [[40, 80]])
    make_harmless(update)
    (part,) = parts_of(update)
    assert part.strip.text.rstrip() == "a[31m2Jb endas it was"


def test_ordinary_strips_stay_the_same_objects() -> None:
    strip = Strip([Segment("na\u00efve \u4f60\u597d")])
    update = LayoutUpdate([[strip]], Region(0, 0, 10, 1))
    make_harmless(update)
    (part,) = parts_of(update)
    assert part.strip is strip
