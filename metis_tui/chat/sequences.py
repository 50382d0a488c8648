"""What two sequences have in common, in order. Pure; knows nothing of words or lines.

`difflib` alone takes quadratic time where elements repeat, as words do. So the sequences are first cut at runs of
three elements, then two, then single ones, that are in each of them exactly once (patience diff), which takes time
in proportion to their length; `difflib` works in the small gaps that are left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_SMALL = 20_000
"""Product of two lengths that difflib takes in a few milliseconds whatever is in them."""
_LARGEST = 1_000_000
"""Product up to which it is worth the wait when there is nothing to cut at."""


class Run(NamedTuple):
    """`a[a:a + size] == b[b:b + size]`"""

    a: int
    b: int
    size: int


def common_runs(a: Sequence[Hashable], b: Sequence[Hashable]) -> tuple[list[Run], bool]:
    """(runs in ascending order in both, whether some part was too large to look into)."""
    found: list[Run] = []
    is_coarse = False
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        a_start, a_end, b_start, b_end = waiting.pop()
        a_start, a_end, b_start, b_end = _without_ends(a, b, a_start, a_end, b_start, b_end, found)
        area = (a_end - a_start) * (b_end - b_start)
        if not area:
            continue
        anchors = _anchors(a, b, a_start, a_end, b_start, b_end) if area > _SMALL else []
        if anchors:
            last_a, last_b = a_start, b_start
            for at_a, at_b, size in anchors:
                waiting.append((last_a, at_a, last_b, at_b))
                found.append(Run(at_a, at_b, size))
                last_a, last_b = at_a + size, at_b + size
            waiting.append((last_a, a_end, last_b, b_end))
        elif area <= _LARGEST:
            matcher = SequenceMatcher(None, a[a_start:a_end], b[b_start:b_end], autojunk=False)
            found += [
                Run(a_start + block.a, b_start + block.b, block.size)
                for block in matcher.get_matching_blocks()
                if block.size
            ]
        else:
            is_coarse = True
    found.sort()
    return _joined(found), is_coarse


def _without_ends(
    a: Sequence[Hashable], b: Sequence[Hashable], a_start: int, a_end: int, b_start: int, b_end: int, found: list[Run]
) -> tuple[int, int, int, int]:
    """The middle part, after taking what both begin and end with."""
    size = 0
    most = min(a_end - a_start, b_end - b_start)
    while size < most and a[a_start + size] == b[b_start + size]:
        size += 1
    if size:
        found.append(Run(a_start, b_start, size))
    a_start, b_start, most = a_start + size, b_start + size, most - size
    size = 0
    while size < most and a[a_end - 1 - size] == b[b_end - 1 - size]:
        size += 1
    if size:
        found.append(Run(a_end - size, b_end - size, size))
    return a_start, a_end - size, b_start, b_end - size


def _anchors(
    a: Sequence[Hashable], b: Sequence[Hashable], a_start: int, a_end: int, b_start: int, b_end: int
) -> list[Run]:
    """Runs that are once in each part, in an order that both share; none overlaps the next."""
    for size in (3, 2, 1):
        once_a, once_b = _once(a, a_start, a_end, size), _once(b, b_start, b_end, size)
        pairs = [(at_a, once_b[key]) for key, at_a in once_a.items() if key in once_b]
        chosen = _rising(sorted(pairs))
        if chosen:
            runs: list[Run] = []
            for at_a, at_b in chosen:
                if not runs or (at_a >= runs[-1].a + size and at_b >= runs[-1].b + size):
                    runs.append(Run(at_a, at_b, size))
            return runs
    return []


def _once(elements: Sequence[Hashable], start: int, end: int, size: int) -> dict[Hashable, int]:
    """Where each run of this size is that is there exactly once."""
    places: dict[Hashable, int] = {}
    part = elements[start:end]
    keys: Sequence[Hashable] = (
        part if size == 1 else list(zip(*(part[shift:] for shift in range(size)), strict=False))
    )
    for at, key in enumerate(keys, start):
        places[key] = -1 if key in places else at
    return {key: at for key, at in places.items() if at >= 0}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs, sorted by their first number, in which the second numbers rise, too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(place)
            last.append(index)
        else:
            ends[at] = place
            last[at] = index
    chosen: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    chosen.reverse()
    return chosen


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Neighbours that touch as one."""
    joined: list[Run] = []
    for run in runs:
        if joined and (joined[-1].a + joined[-1].size, joined[-1].b + joined[-1].size) == (run.a, run.b):
            joined[-1] = Run(joined[-1].a, joined[-1].b, joined[-1].size + run.size)
        else:
            joined.append(run)
    return joined
