"""The copy of the terminal's cells: what the terminal shows, what it should show, and the text that gets it there."""

from __future__ import annotations

from collections.abc import Iterable

from rich.color import ColorSystem
from rich.segment import Segment

from metis_tui.tui.display.cells import BLANK, Clusters, Row, row_part, spliced, unknown_row
from metis_tui.tui.display.painting import Painter
from metis_tui.tui.display.pens import DEFAULT_PEN, Pens
from metis_tui.tui.display.scrolling import MOST_SCROLLS, find_scroll


class ScreenCopy:
    """Of one size and depth of colour; another size is another copy."""

    def __init__(
        self,
        size: tuple[int, int],
        color_system: ColorSystem = ColorSystem.TRUECOLOR,
        *,
        fills_background: bool = True,
    ) -> None:
        """Args: size: columns, rows; fills_background: the terminal erases with the background in use."""
        self.size = size
        self.color_system = color_system
        self._fills_background = fills_background
        self._cursor: tuple[int, int] | None = None
        self._is_lost = True
        self._start_over()

    def _start_over(self) -> None:
        width, height = self.size
        self._pens, self._clusters = Pens(self.color_system), Clusters()
        blank = Row(BLANK * width, DEFAULT_PEN * width)
        self._wanted = [blank] * height
        self._shown = [unknown_row(width)] * height

    # --- what should be shown ---------------------------------------------------------------------

    def put(self, x: int, y: int, segments: Iterable[Segment], width: int) -> None:
        """The cells [x, x + width) of row y should show these segments; what is outside the screen is left out.

        Raises:
            TooManyPens, TooManyClusters: the tables are full. Call `clear` and put everything again.
        """
        columns, rows = self.size
        width = min(width, columns - x)
        if width <= 0 or x < 0 or not 0 <= y < rows:
            return
        part = row_part(segments, width, self._pens, self._clusters)
        old = self._wanted[y]
        if width < columns:
            part = spliced(old, x, part)
        if part != old:
            self._wanted[y] = part

    def clear(self) -> None:
        """Forgets everything, also what should be shown."""
        self.forget()
        self._start_over()

    # --- what is shown ----------------------------------------------------------------------------

    def forget(self) -> None:
        """Somebody else has drawn on the terminal: nobody knows what it shows, nor in which state it is."""
        self._is_lost = True

    def paint(self, cursor: tuple[int, int]) -> str:
        """What to write so that the terminal shows what it should, with its cursor at (column, row)."""
        painter = Painter(
            self._pens, self._clusters, self.size, cursor=self._cursor, fills_background=self._fills_background
        )
        shown, wanted = self._shown, self._wanted
        if self._is_lost:
            self._is_lost = False
            painter.heal()
            shown = [unknown_row(self.size[0])] * self.size[1]
        else:
            shown = self._scrolled(painter, shown)
        for y, (old, new) in enumerate(zip(shown, wanted, strict=True)):
            if old is not new and old != new:
                painter.row(y, old, new)
        self._shown = wanted.copy()
        painter.finish(cursor)
        self._cursor = painter.cursor
        return painter.text

    def _scrolled(self, painter: Painter, shown: list[Row]) -> list[Row]:
        """Lets the terminal move rows; gives what it shows then."""
        width = self.size[0]
        for _ in range(MOST_SCROLLS):
            scroll = find_scroll(shown, self._wanted)
            if scroll is None:
                break
            painter.scroll(scroll)
            moved = shown[scroll.first : scroll.last + 1]
            blank = [Row(BLANK * width, DEFAULT_PEN * width)] * abs(scroll.rows)
            moved = moved[scroll.rows :] + blank if scroll.rows > 0 else blank + moved[: scroll.rows]
            shown = [*shown[: scroll.first], *moved, *shown[scroll.last + 1 :]]
        return shown
