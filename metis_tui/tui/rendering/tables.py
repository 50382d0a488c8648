"""Tables -> lines: as wide as they need, wrapped in their cells, or stacked when too narrow for columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.style import Style

from metis_tui.tui.rendering.lines import Line, Piece
from metis_tui.tui.rendering.palette import Palette
from metis_tui.tui.rendering.wrapping import cells, wrap_pieces

Cell = list[Piece]
_NO_STYLE = Style.null()
_BETWEEN = " \u2502 "
_MIN_COLUMN = 5
_MAX_COLUMNS = 40


@dataclass
class Row:
    """One row of a table: its cells and its line in the source."""

    cells: list[Cell] = field(default_factory=list)
    source: int = 0


@dataclass
class Table:
    header: Row = field(default_factory=Row)
    rows: list[Row] = field(default_factory=list)
    alignments: list[str] = field(default_factory=list)
    """left, center or right for each column."""


def table_lines(table: Table, width: int, palette: Palette) -> list[Line]:
    """The table in columns where they fit, else one `header: value` list per row."""
    widths = _column_widths(table, width)
    if widths is None:
        return _stacked(table, width, palette)
    lines = _row_lines(table.header, widths, table.alignments, palette)
    lines.append(_rule(widths, palette, table.header.source + 1))
    bodies = [_row_lines(row, widths, table.alignments, palette) for row in table.rows]
    is_wrapped = any(len(body) > 1 for body in bodies)
    for number, body in enumerate(bodies):
        if is_wrapped and number:
            lines.append(_rule(widths, palette, table.rows[number].source))
        lines += body
    return lines


def _text(cell: Cell) -> str:
    return "".join(text for text, _ in cell)


def _column_widths(table: Table, width: int) -> list[int] | None:
    """The width of each column, or None when the columns cannot stand side by side."""
    count = len(table.header.cells)
    room = width - len(_BETWEEN) * (count - 1)
    if count == 0 or count > _MAX_COLUMNS or room < count * 2:
        return None
    natural, least = [1] * count, [1] * count
    for row in (table.header, *table.rows):
        for column, cell in enumerate(row.cells[:count]):
            text = _text(cell)
            natural[column] = max(natural[column], *(cells(line) for line in text.split("\n")))
            longest_word = max((cells(word) for word in text[:2000].split()), default=1)
            least[column] = max(least[column], min(longest_word, 2 * _MIN_COLUMN))
    if sum(natural) <= room:
        return natural
    if sum(least) > room:
        return None
    return _shared(natural, least, room)


def _shared(natural: list[int], least: list[int], room: int) -> list[int]:
    """Narrow columns keep what they need; the wide ones share the rest evenly."""
    widths = list(least)
    spare = room - sum(widths)
    while spare > 0:
        wanting = [column for column in range(len(widths)) if widths[column] < natural[column]]
        if not wanting:
            break
        share = max(1, spare // len(wanting))
        for column in wanting:
            grow = min(share, natural[column] - widths[column], spare)
            widths[column] += grow
            spare -= grow
    return widths


def _row_lines(row: Row, widths: Sequence[int], alignments: Sequence[str], palette: Palette) -> list[Line]:
    columns = [wrap_pieces(cell, size) for cell, size in zip(row.cells, widths, strict=False)]
    lines: list[Line] = []
    for index in range(max((len(column) for column in columns), default=1)):
        pieces: list[Piece] = []
        for number, size in enumerate(widths):
            if number:
                pieces.append((_BETWEEN, palette.gutter))
            column = columns[number] if number < len(columns) else []
            part = column[index].pieces if index < len(column) else []
            is_last = number == len(widths) - 1
            pieces += _aligned(part, size, alignments[number] if number < len(alignments) else "", is_last)
        lines.append(Line(pieces, (row.source, row.source + 1), "table"))
    return lines


def _aligned(pieces: list[Piece], width: int, alignment: str, is_last: bool) -> list[Piece]:
    gap = width - sum(cells(text) for text, _ in pieces)
    if gap <= 0 or not pieces:
        return pieces if is_last or gap <= 0 else [(" " * gap, _NO_STYLE)]
    left = gap if alignment == "right" else gap // 2 if alignment == "center" else 0
    before: list[Piece] = [(" " * left, _NO_STYLE)] if left else []
    after: list[Piece] = [(" " * (gap - left), _NO_STYLE)] if gap > left and not is_last else []
    return [*before, *pieces, *after]


def _rule(widths: Sequence[int], palette: Palette, source: int) -> Line:
    text = "\u2500\u253c\u2500".join("\u2500" * size for size in widths)
    return Line([(text, palette.gutter)], (source, source + 1), "table")


def _stacked(table: Table, width: int, palette: Palette) -> list[Line]:
    lines: list[Line] = []
    rows = table.rows or [table.header]
    for number, row in enumerate(rows):
        if number:
            lines.append(Line([("\u2500" * min(8, width), palette.gutter)], (row.source, row.source), "table"))
        for column, cell in enumerate(row.cells):
            header = table.header.cells[column] if column < len(table.header.cells) else []
            pieces: list[Piece] = (
                [*header, (": ", palette.muted), *cell] if header and row is not table.header else cell
            )
            for index, wrapped in enumerate(wrap_pieces(pieces, max(1, width - 2))):
                indent: list[Piece] = [("  ", palette.text)] if index and width > 4 else []
                lines.append(Line([*indent, *wrapped.pieces], (row.source, row.source + 1), "table"))
    return lines
