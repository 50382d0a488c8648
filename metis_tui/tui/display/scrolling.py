"""Finds rows that only moved up or down, so that the terminal can move them itself. Pure; writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from metis_tui.tui.display.cells import Row

MOST_SCROLLS = 3
"""In one update; more is no scrolling but another picture."""
_EDGE = 2
"""Cells at the right that do not count when rows are compared: the scrollbar stays where it is."""
_COST = 24
"""Bytes that a scroll takes, about: fewer cells are better written."""
_COMMON = 4
"""A row that stands in more places tells nothing about where it went."""


class Scroll(NamedTuple):
    """Rows `first` to `last` (counted from 0, both included) move up by `rows`; down if it is negative."""

    first: int
    last: int
    rows: int


def find_scroll(shown: Sequence[Row], wanted: Sequence[Row]) -> Scroll | None:
    """The scroll that saves most; None when writing is as cheap."""
    changed = [y for y, (old, new) in enumerate(zip(shown, wanted, strict=True)) if old != new]
    if len(changed) < 2:
        return None
    old_keys, new_keys = [_key(row) for row in shown], [_key(row) for row in wanted]
    votes = _votes(old_keys, new_keys, changed)
    found: tuple[int, Scroll] | None = None
    for distance, _ in votes.most_common(3):
        candidate = _best_run(old_keys, new_keys, wanted, distance)
        if candidate is not None and (found is None or candidate[0] > found[0]):
            found = candidate
    return found[1] if found is not None else None


def _key(row: Row) -> tuple[str, str]:
    return row.text[:-_EDGE], row.pens[:-_EDGE]


def _weight(row: Row) -> int:
    """Bytes that writing the row takes, about: the blanks at its end are erased in one go."""
    return 6 + len(row.text.rstrip())


def _votes(old_keys: list[tuple[str, str]], new_keys: list[tuple[str, str]], changed: list[int]) -> Counter[int]:
    """How many cells are found again, by how far up they went."""
    places: dict[tuple[str, str], list[int]] = {}
    for y, key in enumerate(old_keys):
        places.setdefault(key, []).append(y)
    votes: Counter[int] = Counter()
    for y in changed:
        found = places.get(new_keys[y], ())
        weight = len(new_keys[y][0].strip())
        if weight and len(found) <= _COMMON:
            for place in found:
                if place != y:
                    votes[place - y] += weight
    return votes


def _best_run(
    old_keys: list[tuple[str, str]], new_keys: list[tuple[str, str]], wanted: Sequence[Row], distance: int
) -> tuple[int, Scroll] | None:
    """The rows for which moving by a distance saves most, with the bytes saved."""
    height = len(wanted)
    weights = [_weight(row) for row in wanted]
    kept = [old == new for old, new in zip(old_keys, new_keys, strict=True)]
    best = total = 0
    start = 0
    found: tuple[int, int] | None = None
    for y in range(max(0, -distance), min(height, height - distance)):
        arrives = old_keys[y + distance] == new_keys[y]
        gain = 0 if arrives == kept[y] else weights[y] if arrives else -weights[y]
        if total <= 0:
            total, start = 0, y
        total += gain
        if total > best and arrives:
            best, found = total, (start, y)
    if found is None:
        return None
    first, last = min(found[0], found[0] + distance), max(found[1], found[1] + distance)
    uncovered = range(found[1] + 1, last + 1) if distance > 0 else range(first, found[0])
    best -= _COST + sum(weights[y] for y in uncovered if kept[y])
    return (best, Scroll(first, last, distance)) if best > 0 else None
