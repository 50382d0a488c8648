"""Reads Textual's updates of the screen. The one place that knows what these private classes look like.

Checked when the application starts: where they are not what they were, Textual draws for itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.segment import Segment
from textual.app import App
from textual.strip import Strip

from metis_tui.tui.display.cells import is_shown


class Part(NamedTuple):
    """Cells of one row: `strip` is cut to `width` cells."""

    x: int
    y: int
    strip: Strip
    width: int


def changed_hook() -> str:
    """What is not as this module knows it, in words; empty when all is well."""
    try:
        from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
    except ImportError as error:
        return f"Textual's updates are not where they were ({error})"
    wanted: tuple[tuple[Any, list[str]], ...] = (
        (getattr(App, "_display", None), ["self", "screen", "renderable"]),
        (LayoutUpdate.__init__, ["self", "strips", "region"]),
        (ChopsUpdate.__init__, ["self", "chops", "spans", "chop_ends"]),
        (CompositorUpdate.render_segments, ["self", "console"]),
    )
    for function, names in wanted:
        found = list(inspect.signature(function).parameters) if callable(function) else None
        if found != names:
            return f"{getattr(function, '__qualname__', 'App._display')} takes {found}, not {names}"
    return ""


def size_of(update: object) -> tuple[int, int] | None:
    """Columns and rows of the screen that an update belongs to; None when it is no update that can be read."""
    from textual._compositor import ChopsUpdate, LayoutUpdate

    if isinstance(update, LayoutUpdate):
        region = update.region
        return (region.width, region.height) if (region.x, region.y) == (0, 0) else None
    if isinstance(update, ChopsUpdate):
        return (max((ends[-1] for ends in update.chop_ends if ends), default=0), len(update.chops))
    return None


def is_whole(update: object) -> bool:
    """Whether an update covers the whole screen."""
    from textual._compositor import LayoutUpdate

    return isinstance(update, LayoutUpdate)


def parts_of(update: Any) -> Iterator[Part]:
    """The cells that an update says something about."""
    if is_whole(update):
        for y, line in enumerate(update.strips):
            x = 0
            for strip in line:
                yield Part(x, y, strip, strip.cell_length)
                x += strip.cell_length
        return
    for y, start, stop in update.spans:
        # A piece between two cuts belongs to one widget; only those that a span touches were surely rendered.
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < stop and end > start:
                yield Part(x, y, strip, end - x)


def has_control(strip: Strip) -> bool:
    """Whether a strip does more to the terminal than to show text: images, for instance."""
    return any(segment.control for segment in strip)


def make_harmless(update: object) -> None:
    """Takes out of an update what may not go to a terminal: for when Textual draws for itself.

    Every text was sanitised before; this is for the one that some widget, or Textual's own, forgot.
    """
    from textual._compositor import ChopsUpdate, LayoutUpdate

    if isinstance(update, LayoutUpdate):
        update.strips = [[_harmless(strip) for strip in line] for line in update.strips]
    elif isinstance(update, ChopsUpdate):
        update.chops = [
            {x: None if strip is None else _harmless(strip) for x, strip in chops.items()} for chops in update.chops
        ]


def _harmless(strip: Strip) -> Strip:
    if all(segment.control or segment.text.isprintable() for segment in strip):
        return strip
    segments = [
        segment if segment.control else Segment("".join(filter(is_shown, segment.text)), segment.style)
        for segment in strip
    ]
    return Strip(segments).adjust_cell_length(strip.cell_length)
