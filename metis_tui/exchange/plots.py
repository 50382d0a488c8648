"""Draws values of several models as plain SVG: every value a point, the quartiles a box, the median a line. Pure.

Colours are CSS classes of the page around it; there is no script and no reference to anything outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

from metis_tui.chat.fair_timing import spread

WIDTH = 720
_LEFT, _RIGHT, _ROW, _TOP, _FOOT = 12, 24, 50, 8, 40
_TICKS = 6


class Series(NamedTuple):
    """The values of one model."""

    name: str
    values: Sequence[float]


def box_plot(title: str, unit: str, series: Sequence[Series]) -> str:
    """An SVG element. The axis begins at zero, so that lengths can be compared."""
    known = [value for each in series for value in each.values]
    step, end = _axis(max(known, default=0.0))
    height = _TOP + _ROW * len(series) + _FOOT
    label = f"{title} by model"

    def x(value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * value / end

    parts = [f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">']
    parts.append(f"<title>{escape(label)}</title>")
    bottom = _TOP + _ROW * len(series)
    for number in range(round(end / step) + 1):
        at, value = x(number * step), number * step
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{value:g}</text>')
    parts.append(
        f'<text class="tick" x="{WIDTH / 2:.0f}" y="{bottom + 33}" text-anchor="middle">{escape(unit)}</text>'
    )
    for place, each in enumerate(series):
        parts += _row(each, _TOP + _ROW * place, x, place)
    return "\n".join([*parts, "</svg>"])


def _row(each: Series, top: float, x: Callable[[float], float], place: int) -> list[str]:
    found = spread(each.values)
    said = "no values" if found is None else f"median {found.median:.3g}, {found.size} values"
    words = f"{each.name}: {said}"
    parts = [f'<text x="{_LEFT}" y="{top + 14}">{escape(words)}</text>']
    if found is None:
        return parts
    middle = top + 32
    colour = f"c{place % 6}"
    low, median, high = x(found.low), x(found.median), x(found.high)
    wide = max(1.0, high - low)
    parts.append(f'<rect class="box {colour}" x="{low:.1f}" y="{middle - 9}" width="{wide:.1f}" height="18" rx="2"/>')
    for number, value in enumerate(each.values):
        shift = (number * 7 % 11 - 5) * 1.2  # apart, and the same in every report
        parts.append(f'<circle class="dot {colour}" cx="{x(value):.1f}" cy="{middle + shift:.1f}" r="2.2"/>')
    parts.append(f'<line class="median" x1="{median:.1f}" y1="{middle - 12}" x2="{median:.1f}" y2="{middle + 12}"/>')
    return parts


def _axis(largest: float) -> tuple[float, float]:
    """(step, end) of an axis from zero with round steps that holds the largest value."""
    if largest <= 0:
        return 0.2, 1.0
    raw = largest / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    return step, step * math.ceil(largest / step)
