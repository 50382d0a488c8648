"""The line: what the renderer makes and the transcript draws. Knows nothing of Markdown or widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

LineKind = Literal["text", "heading", "code", "code-label", "table", "rule", "math", "blank", "fact", "reasoning"]
"""What a line belongs to; "fact" is said by the program (headings, notes), never part of a message's text."""

Piece = tuple[str, Style]


class Line:
    """One row: styled pieces and where they come from in the message's source."""

    __slots__ = ("_paint", "_pieces", "block", "glue", "kind", "lead", "source_end", "source_start", "text")

    def __init__(
        self,
        pieces: Iterable[Piece],
        source: tuple[int, int] = (0, 0),
        kind: LineKind = "text",
        *,
        lead: int = 0,
        glue: str = "\n",
        block: int = 0,
        paint: Callable[[], list[Piece]] | None = None,
    ) -> None:
        self._pieces = [piece for piece in pieces if piece[0]]
        self._paint = paint
        self.text = "".join(text for text, _ in self._pieces)
        """The plain characters of the row."""
        self.source_start, self.source_end = source
        """First line of the source this row shows, and the line after the last."""
        self.kind: LineKind = kind
        self.lead = lead
        """Leading characters that are decoration and are not copied: gutters, bars, a wrapped row's indentation."""
        self.glue = glue
        """What joins this row to the one before when copied: a newline, the spaces of a break, nothing in a word."""
        self.block = block
        """Number of the code block, counted from 1 within its message; 0 elsewhere."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Line):
            return NotImplemented
        return (
            self.text == other.text
            and self.kind == other.kind
            and self.block == other.block
            and self.source_start == other.source_start
            and self.glue == other.glue
            and self.pieces == other.pieces
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Line({self.text!r}, {self.kind}, {self.source_start}:{self.source_end})"

    @property
    def pieces(self) -> list[Piece]:
        """The styled pieces; colouring of code happens at the first look."""
        if self._paint is not None:
            self._pieces = self._paint()
            self._paint = None
        return self._pieces

    @property
    def copied_text(self) -> str:
        """The characters that copying the whole row gives."""
        return self.text[self.lead :]

    def strip(self) -> Strip:
        return Strip([Segment(text, style) for text, style in self.pieces])

    def looks_like(self, other: Line) -> bool:
        """Cheap equality for redrawing: the same characters in the same styles."""
        return self is other or (self.text == other.text and self.pieces == other.pieces)
