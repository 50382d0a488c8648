"""How a conversation looks in the list of the history screen: one row, two with what was found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.history.listing import Row
from metis_tui.tui.rendering.palette import Palette

Piece = tuple[str, Style]
_PLAIN = Style.null()
_COUNT_WIDTH = 5
_WHEN_WIDTH = 10
_TITLE_ROOM = 12
"""Cells that a title should have beside its signs; tags give way."""
_MODEL_WIDTH = 26


@dataclass(frozen=True, slots=True)
class RowState:
    """What is said of a row beside its conversation."""

    is_cursor: bool = False
    is_marked: bool = False
    is_open: bool = False
    """It is the conversation in the chat."""
    is_cut: bool = False
    """There may be more hits than were asked for."""


def title_pieces(row: Row, state: RowState, width: int, now: float, palette: Palette) -> list[Piece]:
    """Signs and title on the left; tags, model, message count and time on the right as far as there is room."""
    summary = row.summary
    gutter = ("\u258c" if state.is_cursor else " ") + ("\u2713" if state.is_marked else " ")
    right, signs = _right(summary, width, now), _signs(summary, state)
    if width - 3 - cell_len(right) - cell_len(signs) < _TITLE_ROOM:
        right = _right(summary, width, now, has_tags=False)  # rather than half of a sign
    room = max(6, width - 2 - cell_len(right) - 1)
    if cell_len(signs) > room - 6:
        signs = ""
    title = fitted(printable_line(summary.title, 200) or "(no title)", room - cell_len(signs))
    strong = palette.strong if state.is_cursor else _PLAIN
    return [
        (gutter, palette.cursor),
        (signs, palette.marker),
        (title, strong),
        (" ", _PLAIN),
        (right, palette.muted),
    ]


def _signs(summary: ConversationSummary, state: RowState) -> str:
    words = [
        name
        for name, is_set in (
            ("[open]", state.is_open),
            ("[trash]", summary.is_trashed),
            ("[archived]", summary.is_archived and not summary.is_trashed),
            ("*", summary.is_pinned),
        )
        if is_set
    ]
    return " ".join(words) + " " if words else ""


def _right(summary: ConversationSummary, width: int, now: float, *, has_tags: bool = True) -> str:
    when = fmt.when(summary.updated_ms / 1000, now)
    columns = [f"{when:>{_WHEN_WIDTH}}" if width >= 48 else when]
    if width >= 40:
        columns.insert(0, f"{summary.message_count:>{_COUNT_WIDTH},}")
    if width >= 72:
        columns.insert(0, fitted(printable_line(summary.model or "", 60), _MODEL_WIDTH))
    if summary.tags and width >= 48 and has_tags:
        tags = " ".join("#" + printable_line(tag, 30) for tag in summary.tags)
        columns.insert(0, fitted(tags, min(cell_len(tags), width // 4)))
    return " ".join(columns)


def excerpt_pieces(row: Row, state: RowState, width: int, palette: Palette) -> list[Piece]:
    """How many hits there are, and the words around the first; of a title that fits, the last prompt."""
    pieces: list[Piece] = [("\u258c   " if state.is_cursor else "    ", palette.cursor)]
    if not row.hits:
        words = f"title · {printable(row.summary.excerpt)}" if row.summary.excerpt else "title"
        return [*pieces, (fitted(words, width - 4), palette.muted)]
    hit = row.hits[0]
    count = f"{len(row.hits)}{'+' if state.is_cut else ''} hit{'s' if len(row.hits) > 1 or state.is_cut else ''} "
    pieces.append((f"{count:>8}", palette.muted))
    return [*pieces, *marked_excerpt(hit.excerpt, hit.spans, width - 12, palette)]


def marked_excerpt(excerpt: str, spans: Sequence[tuple[int, int]], width: int, palette: Palette) -> list[Piece]:
    """The excerpt with the words found marked; cut at its start when they would not be seen otherwise."""
    cut = 0
    if spans and cell_len(excerpt[: spans[0][1]]) > max(8, width * 2 // 3):
        cut = max(0, spans[0][0] - max(4, width // 4))
    pieces: list[Piece] = [("…", palette.muted)] if cut else []
    left = width - (1 if cut else 0)
    place = cut
    for start, end in [*spans, (len(excerpt), len(excerpt))]:
        start, end = max(start, place), max(end, place)
        for text, style in ((excerpt[place:start], palette.muted), (excerpt[start:end], palette.found)):
            if not text or left <= 0:
                continue
            shown = text if cell_len(text) <= left else fitted(text, left)
            pieces.append((shown, style))
            left -= cell_len(shown)
        place = end
    return pieces


def fitted(text: str, width: int) -> str:
    """The text in exactly so many cells; an ellipsis stands for what is left out."""
    width = max(0, width)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…" if width else ""
    return set_cell_size(text, width)
