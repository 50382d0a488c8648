"""A ranking as text for a screen of some width. Knows no widget."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from metis_tui.chat.ranking import Ranking, Standing
from metis_tui.chat.ranking_report import HEADINGS, matrix_cells, standing_cells
from metis_tui.tui.rendering.wrapping import crop

_BAR = 24
_LEAST_NAME = 18
_WIN_RATE = 6
_WITH_WIN_RATE = 90
"""Columns from which there is room for the win rate."""


def ranking_text(ranking: Ranking, width: int) -> Text:
    """The table: a row for each model, or two where there is something to remark and no room for it."""
    told = [list(HEADINGS), *(standing_cells(standing) for standing in ranking.standings)]
    columns = [at for at in range(len(HEADINGS) - 1) if at != _WIN_RATE or width >= _WITH_WIN_RATE]
    widths = {at: max(cell_len(row[at]) for row in told) for at in columns}
    remarks = max(cell_len(row[-1]) for row in told) + 2
    spare = width - sum(widths.values()) + widths[1] - 2 * (len(columns) - 1)
    least = min(widths[1], _LEAST_NAME)
    is_remark_beside = spare >= least + remarks
    spare -= remarks if is_remark_beside else 0
    has_bar = spare >= min(widths[1], 30) + _BAR + 2
    spare -= _BAR + 2 if has_bar else 0
    widths[1] = max(least, min(widths[1], spare))
    text = Text(no_wrap=True)
    for row, standing, before in zip(
        told, (None, *ranking.standings), (None, None, *ranking.standings), strict=False
    ):
        if standing is not None and before is not None and standing.group != before.group:
            text.append("-- these never met those above --\n", "dim")
        style = "bold" if standing is None else "dim" if standing.doubt else ""
        cells = [_cell(row[at], widths[at], at) for at in columns]
        cells += [_interval_bar(standing, ranking)] if has_bar else []
        text.append("  ".join(cells), style)
        if row[-1]:
            beside = f"  {row[-1]}" if is_remark_beside else f"\n      {crop(row[-1], max(10, width - 6))}"
            text.append(beside, "dim")
        text.append("\n")
    return text


def _cell(text: str, width: int, column: int) -> str:
    """Names to the left, numbers to the right."""
    text = short_name(text, width) if column == 1 else crop(text, width)
    gap = " " * (width - cell_len(text))
    return text + gap if column in (1, 3) else gap + text


def short_name(served_by: str, width: int) -> str:
    """`model@cluster` in a width: of a long name the cluster stays, for it may be all that tells two apart."""
    model, at, cluster = served_by.rpartition("@")
    rest = width - cell_len(at + cluster)
    if cell_len(served_by) <= width or not at or rest < 6:
        return crop(served_by, width)
    return crop(model, rest) + at + cluster


def _interval_bar(standing: Standing | None, ranking: Ranking) -> str:
    """Where the interval lies among all: `   ├──●──┤   `; an end that is far off is left open."""
    if standing is None or standing.strength is None or standing.low is None or standing.high is None:
        return " " * _BAR
    known = [(s.strength, s.low, s.high, bool(s.doubt)) for s in ranking.standings]
    strengths = [strength for strength, *_ in known if strength is not None]
    sure = [
        (low, high) for _, low, high, is_doubted in known if low is not None and high is not None and not is_doubted
    ]
    lowest = min([*strengths, *(low for low, _ in sure)])
    highest = max([*strengths, *(high for _, high in sure)])
    span = max(highest - lowest, 1.0)

    def place(value: float) -> int:
        return round((min(max(value, lowest), highest) - lowest) / span * (_BAR - 1))

    low, at, high = place(standing.low), place(standing.strength), place(standing.high)
    cells = [" "] * _BAR
    for column in range(low, high + 1):
        cells[column] = "─"
    cells[low] = "◂" if standing.low < lowest else "├"
    cells[high] = "▸" if standing.high > highest else "┤"
    cells[at] = "●"
    return "".join(cells)


def matrix_text(ranking: Ranking) -> Text:
    """Who won how often against whom; as wide as it has to be."""
    rows = matrix_cells(ranking)
    names = [short_name(row[0], 34) for row in rows]
    first = max(map(cell_len, names), default=0)
    widths = [max(len(row[column]) for row in rows) for column in range(1, len(rows[0]))]
    text = Text("won/tied/lost of the row's model against the column's\n\n", no_wrap=True)
    for number, (name, row) in enumerate(zip(names, rows, strict=True)):
        cells = "  ".join(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))
        text.append(f"{name}{' ' * (first - cell_len(name))}  {cells}\n", "bold" if number == 0 else "")
    return text
