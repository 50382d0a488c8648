"""Text that is no Markdown -> lines: prompts, reasoning, raw source. Every space and line break is kept."""

from __future__ import annotations

from rich.style import Style

from metis_tui.tui.rendering.lines import Line, LineKind, Piece
from metis_tui.tui.rendering.wrapping import expand_tabs, wrap


def plain_lines(
    text: str,
    width: int,
    style: Style,
    *,
    first_source: int = 0,
    kind: LineKind = "text",
    lead: list[Piece] | None = None,
) -> list[Line]:
    """One line of source after the other, wrapped; `lead` is drawn before each row and not copied."""
    before = lead or []
    lead_length = sum(len(part) for part, _ in before)
    room = max(1, width - lead_length)
    lines: list[Line] = []
    for number, source in enumerate(text.split("\n"), first_source):
        shown = expand_tabs(source)
        end = 0
        for span in wrap(shown, room):
            pieces = [*before, (shown[span.start : span.end], style)]
            glue = shown[end : span.start] if span.start else "\n"
            lines.append(Line(pieces, (number, number + 1), kind, lead=lead_length, glue=glue))
            end = span.end
    return lines
