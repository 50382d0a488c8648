"""Fits Davidson's model of paired comparisons with ties by Newton's method. Pure arithmetic; knows no models' names.

With log strengths x and u = log v, the log likelihood of weights of wins and ties is concave, so Newton's steps,
halved where they would go down, find its only maximum. See `chat.ranking` for what it is used for and why.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import mul
from typing import NamedTuple

_PRIOR = 0.5
"""Weight of an imaginary win, of an imaginary loss of each model, and of an imaginary tie."""
_FARTHEST = 12.0
"""Log odds beyond which a strength says nothing more: 160,000 : 1."""
_MOST_STEPS = 40
_NEAR = 0.01
"""A step this short leaves an error of its square, which is a fiftieth of a point on Elo's scale."""


class Pair(NamedTuple):
    """The weights of the battles of two models."""

    one: int
    other: int
    wins: float
    losses: float
    ties: float


@dataclass(frozen=True, slots=True)
class Battles:
    """All battles of a group of models, as weights."""

    count: int
    """Of models."""
    pairs: Sequence[Pair]
    imaginary: Sequence[tuple[float, float]]
    """(won, lost) against an average model, for each model."""
    imaginary_tie: tuple[float, float]
    """(tied, decided) between two equal models."""


class Opinions:
    """Battles with how often the opinion was given that they come from; makes `Battles` of them, again and again.

    Args:
        count: of models.
        opinions: for each its battles, (winner, loser, False) or (one, other, True: a tie), and how often it was
            given.
    """

    def __init__(self, count: int, opinions: Iterable[tuple[Sequence[tuple[int, int, bool]], int]]) -> None:
        self._count = count
        self._opinions: list[tuple[list[int], int]] = []
        """Where each weight is added: 3 x the pair's number, and 0 for a win, 1 for a loss, 2 for a tie."""
        self._pairs: dict[tuple[int, int], int] = {}
        for battles, times in opinions:
            self._opinions.append(([self._place(*battle) for battle in battles], times))

    def _place(self, winner: int, loser: int, is_tie: bool) -> int:
        pair, kind = ((winner, loser), 0) if winner < loser else ((loser, winner), 1)
        return 3 * self._pairs.setdefault(pair, len(self._pairs)) + (2 if is_tie else kind)

    def as_given(self) -> Battles:
        return self._weighted([float(times) for _, times in self._opinions], lambda mean: mean)

    def drawn(self, chance: random.Random) -> Battles:
        """With random weights, whose means are those that were given: of the imaginary battles, too."""
        draw = chance.random
        weights = [
            -math.log(1.0 - draw()) if times == 1 else chance.gammavariate(times, 1.0) for _, times in self._opinions
        ]
        return self._weighted(weights, lambda mean: chance.gammavariate(mean, 1.0))

    def _weighted(self, weights: Sequence[float], share: Callable[[float], float]) -> Battles:
        sums = [0.0] * (3 * len(self._pairs))
        for (places, _), weight in zip(self._opinions, weights, strict=True):
            for place in places:
                sums[place] += weight
        pairs = [Pair(*pair, *sums[3 * at : 3 * at + 3]) for pair, at in self._pairs.items()]
        imaginary = [(share(_PRIOR), share(_PRIOR)) for _ in range(self._count)]
        return Battles(self._count, pairs, imaginary, (share(_PRIOR), share(2 * _PRIOR)))


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum."""

    strengths: Sequence[float]
    """Natural logarithms."""
    tie_log: float
    """The logarithm of Davidson's v."""
    information: Sequence[float]
    """How well each strength is known when all others are: the curvature."""


def fit(battles: Battles, start: Fit | None = None) -> Fit:
    """The strengths that make the battles most likely. A start near them saves steps."""
    point = [0.0] * (battles.count + 1) if start is None else [*start.strengths, start.tie_log]
    value, slope, curve = _at(battles, point)
    for _ in range(_MOST_STEPS):
        step = _solved(curve, slope)
        longest = max(map(abs, step))
        if longest > 4.0:
            step = [part * 4.0 / longest for part in step]
        for _ in range(30):
            tried = [min(_FARTHEST, max(-_FARTHEST, x + d)) for x, d in zip(point, step, strict=True)]
            tried_value, tried_slope, tried_curve = _at(battles, tried)
            if tried_value >= value - 1e-9:
                break
            step = [part / 2 for part in step]
        moved = max(abs(a - b) for a, b in zip(tried, point, strict=True))
        point, value, slope, curve = tried, tried_value, tried_slope, tried_curve
        if moved < _NEAR:
            break
    return Fit(point[:-1], point[-1], [curve[i][i] for i in range(battles.count)])


def _at(battles: Battles, point: Sequence[float]) -> tuple[float, list[float], list[list[float]]]:
    """(log likelihood, its slope, its negative curvature) at a point."""
    size = battles.count
    slope = [0.0] * (size + 1)
    curve = [[0.0] * (size + 1) for _ in range(size + 1)]
    last = curve[size]
    tie = point[size]
    tie_weight = math.exp(tie)
    value = 0.0
    for one, other, wins, losses, ties in battles.pairs:
        gap = (point[one] - point[other]) / 2
        up, down = math.exp(gap), math.exp(-gap)
        total = up + down + tie_weight
        count = wins + losses + ties
        p_win, p_tie = up / total, tie_weight / total
        expected = p_win + p_tie / 2
        value += (wins - losses) * gap + ties * tie - count * math.log(total)
        pull = wins + ties / 2 - count * expected
        slope[one] += pull
        slope[other] -= pull
        slope[size] += ties - count * p_tie
        bend = count * (p_win + p_tie / 4 - expected * expected)
        curve[one][one] += bend
        curve[other][other] += bend
        curve[other][one] -= bend  # one < other: the lower triangle is all that is needed
        lean = count * p_tie * (0.5 - expected)
        last[one] += lean
        last[other] -= lean
        last[size] += count * p_tie * (1 - p_tie)
    for at, (won, lost) in enumerate(battles.imaginary):
        chance = 1 / (1 + math.exp(-point[at]))
        value += won * point[at] - (won + lost) * _log_1_exp(point[at])
        slope[at] += won - (won + lost) * chance
        curve[at][at] += (won + lost) * chance * (1 - chance) + 1e-9
    tied, decided = battles.imaginary_tie
    p_tie = tie_weight / (2 + tie_weight)
    value += tied * tie - (tied + decided) * math.log(2 + tie_weight)
    slope[size] += tied - (tied + decided) * p_tie
    last[size] += (tied + decided) * p_tie * (1 - p_tie) + 1e-9
    return value, slope, curve


def _log_1_exp(x: float) -> float:
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


def _solved(lower: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """x with A x = right for a symmetric positive definite A of which the lower triangle is given (Cholesky)."""
    size = len(right)
    root: list[list[float]] = []
    forward: list[float] = []
    for i in range(size):
        given = lower[i]
        row: list[float] = []
        for j in range(i):
            before = root[j]
            row.append((given[j] - sum(map(mul, row, before))) / before[j])
        row.append(math.sqrt(max(given[i] - sum(part * part for part in row), 1e-12)))
        root.append(row)
        forward.append((right[i] - sum(map(mul, row, forward))) / row[i])
    solution = [0.0] * size
    for i in range(size - 1, -1, -1):
        rest = sum(root[k][i] * solution[k] for k in range(i + 1, size))
        solution[i] = (forward[i] - rest) / root[i][i]
    return solution
