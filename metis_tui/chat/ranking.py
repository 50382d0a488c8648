"""Makes a ranking of votes that says no more than they do. Pure Python; knows nothing of files or screens.

Battles. A vote for a lane is one battle won against each of the other lanes; a tie is a tie of each pair; "all bad"
is counted and is no battle: it says that the prompt was too hard, not which model is better. Lanes of the same model
do not fight.

Strengths. The model of Davidson (JASA 65, 1970, 317-328), which is Bradley and Terry's with ties: with strengths
a, b > 0 one wins with a / (a + b + v sqrt(ab)), and v >= 0 says how often people call a tie. It is taken rather than
counting a tie as half a win because half wins pull the strengths together where ties are frequent, while here the
odds of a win among decided battles stay a : b whatever v is. Ties alone therefore say that two models are near each
other and not how near. Without ties it is Bradley and Terry's model. Strengths
are shown on Elo's scale: 400 points are odds of 10 : 1, and 1000 is the mean of a group of models that met each
other, each weighted by how well it is known.

Finite. Each model has half a won and half a lost battle against an average one, as Jeffreys' prior gives to a
proportion; without that, a model that was never beaten would be infinitely strong. In the same way half a tie and one
decided battle between two equal models keep v within bounds.

Intervals. The weighted likelihood bootstrap (Newton and Raftery, JRSS B 56, 1994, 3-48): each vote gets a random
weight, exponentially distributed, instead of being drawn or not; the imaginary battles get weights, too. The vote is
what is weighted, not the battle: the battles of one vote are one opinion. For one model against one other this is
Jeffreys' interval for a proportion, so 12 wins of 12 give a wide interval where drawing votes would give none at all.

Not enough data. A standing is marked when the model has fewer than MIN_BATTLES battles, or when its interval is
wider than MAX_WIDTH points, or when it met none of the models of the largest group.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metis_tui.chat.paired_strengths import Opinions, fit
from metis_tui.chat.votes import Vote

MIN_BATTLES = 10
MAX_WIDTH = 400.0
"""Points of Elo's scale: odds that may be ten times what they are said to be."""
CENTRE = 1000.0
POINTS = 400 / math.log(10)
"""Points for a factor of e in the odds."""
BOOTSTRAPS = 1000
_MANY = 24
"""Models in a group beyond which ..."""
_FEWER_BOOTSTRAPS = 200
"""... so many bootstraps are taken: the time grows with the third power of the models."""
COVERAGE = 0.95
SEED = 20260101


@dataclass(slots=True)
class Tally:
    """Battles of one model, with one other or with all."""

    wins: int = 0
    ties: int = 0
    losses: int = 0

    @property
    def battles(self) -> int:
        return self.wins + self.ties + self.losses

    @property
    def win_rate(self) -> float | None:
        """Wins and half the ties among the battles."""
        return (self.wins + self.ties / 2) / self.battles if self.battles else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one model stands."""

    model: str
    tally: Tally
    strength: float | None
    """On Elo's scale; None without a battle."""
    low: float | None
    high: float | None
    """The interval that holds the strength with a probability of 95 %."""
    rank: int | None
    """1 and the number of models in its group that are surely stronger: whose interval lies above. None when
    there is not enough data."""
    group: int
    """Models of different groups never met, not even by way of others; 0 is the group with most battles."""
    bad_count: int
    """Votes "all bad" in which it had a lane."""
    doubt: str = ""
    """Why there is not enough data, in words; empty when there is."""

    @property
    def has_enough(self) -> bool:
        return not self.doubt


@dataclass(frozen=True, slots=True)
class Ranking:
    """All that votes say of models."""

    standings: tuple[Standing, ...] = ()
    """The group with most battles first; within a group those with enough data first, then the strongest first."""
    matrix: Mapping[tuple[str, str], Tally] = field(default_factory=dict)
    """Battles of a model (first) with another, for all pairs that met, both ways round."""
    vote_count: int = 0
    bad_count: int = 0
    """Votes "all bad" among them."""
    battle_count: int = 0
    blind_count: int = 0
    """Votes, of all that were to be looked at, that were given while the names were hidden."""

    @property
    def group_count(self) -> int:
        return len({s.group for s in self.standings if s.tally.battles})


def model_name(served_by: str) -> str:
    """The model of a `model@cluster`, without the folder that some clusters put before it."""
    return served_by.rsplit("@", 1)[0].rsplit("/", 1)[-1]


def cluster_of(served_by: str) -> str:
    """The cluster of a `model@cluster`; empty when there is none."""
    return served_by.rsplit("@", 1)[1] if "@" in served_by else ""


def tags_in(votes: Iterable[Vote]) -> list[tuple[str, int]]:
    """Tags with the number of votes, most first."""
    counts = Counter(tag for vote in votes for tag in set(vote.tags))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def clusters_in(votes: Iterable[Vote]) -> list[tuple[str, int]]:
    """Clusters with the number of votes in which two lanes or more ran there, most first."""
    counts: Counter[str] = Counter()
    for vote in votes:
        lanes = Counter(cluster_of(model) for model in vote.models)
        counts.update(name for name, count in lanes.items() if name and count > 1)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def rank(
    votes: Iterable[Vote],
    *,
    tag: str | None = None,
    cluster: str | None = None,
    by_model: bool = False,
    blind_only: bool = False,
    bootstraps: int = BOOTSTRAPS,
    seed: int = SEED,
) -> Ranking:
    """The ranking that the votes give; the order of the votes does not matter, and the same votes give the same.

    A second or two for thousands of votes: call it off the event loop.

    Args:
        tag: only votes of conversations with this tag.
        cluster: only battles between lanes of this cluster.
        by_model: the same model on different clusters is one; else `model@cluster` are compared.
        blind_only: only votes given while the names were hidden.
        bootstraps: how many times votes are weighted anew; 0 leaves out the intervals.
    """
    kept = [vote for vote in votes if (tag is None or tag in vote.tags) and (vote.is_blind or not blind_only)]
    shapes = Counter(_shape(vote, cluster, by_model) for vote in kept)
    shapes.pop(((), "bad", -1), None)
    bad_by_model: Counter[str] = Counter()
    matrix: dict[tuple[str, str], Tally] = {}
    for (models, verdict, best), count in shapes.items():
        if verdict == "bad":
            bad_by_model.update(dict.fromkeys(models, count))
        for one, other, is_tie in _battles(models, verdict, best):
            _note(matrix, one, other, is_tie, count)
    names = sorted({model for models, _, _ in shapes for model in models})
    found = _standings(names, matrix, shapes, bad_by_model, bootstraps, seed)
    return Ranking(
        standings=tuple(found),
        matrix=matrix,
        vote_count=sum(shapes.values()),
        bad_count=sum(count for (_, verdict, _), count in shapes.items() if verdict == "bad"),
        battle_count=sum(tally.battles for tally in matrix.values()) // 2,
        blind_count=sum(vote.is_blind for vote in kept),
    )


_Shape = tuple[tuple[str, ...], str, int]
"""All that counts of a vote: the lanes' models, the verdict, the best lane or -1."""


def _shape(vote: Vote, cluster: str | None, by_model: bool) -> _Shape:
    """In an order that does not depend on the lanes', so that equal votes are equal."""
    lanes = [
        (model_name(model) if by_model else model, index == vote.best)
        for index, model in enumerate(vote.models)
        if cluster is None or cluster_of(model) == cluster
    ]
    lanes.sort()
    best = next((index for index, (_, is_best) in enumerate(lanes) if is_best), -1)
    models = tuple(model for model, _ in lanes)
    if len(set(models)) < 2 or (vote.verdict == "best" and best < 0):
        return ((), "bad", -1)  # the lanes that are left say nothing
    return (models, vote.verdict, best)


def _battles(models: Sequence[str], verdict: str, best: int) -> Iterable[tuple[str, str, bool]]:
    """(winner, loser, False) or (one, other, True) for a tie."""
    if verdict == "best":
        return [(models[best], other, False) for other in models if other != models[best]]
    if verdict == "tie":
        pairs = ((one, other) for at, one in enumerate(models) for other in models[at + 1 :])
        return [(one, other, True) for one, other in pairs if one != other]
    return []


def _note(matrix: dict[tuple[str, str], Tally], one: str, other: str, is_tie: bool, count: int) -> None:
    mine, theirs = matrix.setdefault((one, other), Tally()), matrix.setdefault((other, one), Tally())
    if is_tie:
        mine.ties += count
        theirs.ties += count
    else:
        mine.wins += count
        theirs.losses += count


# Standings


def _standings(
    names: Sequence[str],
    matrix: Mapping[tuple[str, str], Tally],
    shapes: Mapping[_Shape, int],
    bad: Mapping[str, int],
    bootstraps: int,
    seed: int,
) -> list[Standing]:
    totals = {name: Tally() for name in names}
    for (name, _), tally in matrix.items():
        total = totals[name]
        total.wins, total.ties, total.losses = (
            total.wins + tally.wins,
            total.ties + tally.ties,
            total.losses + tally.losses,
        )
    groups = _groups(names, matrix)
    groups.sort(key=lambda group: (-sum(totals[name].battles for name in group), group))
    standings: list[Standing] = []
    for number, group in enumerate(groups):
        if len(group) == 1:
            name = group[0]
            standings.append(
                Standing(name, totals[name], None, None, None, None, number, bad.get(name, 0), "no battles yet")
            )
        else:
            strengths = _measured(group, shapes, bootstraps, seed)
            standings += _group_standings(group, strengths, totals, bad, number)
    return standings


def _groups(names: Sequence[str], matrix: Mapping[tuple[str, str], Tally]) -> list[list[str]]:
    """Models that met each other, at least by way of others."""
    met: dict[str, list[str]] = {name: [] for name in names}
    for one, other in matrix:
        met[one].append(other)
    groups: list[list[str]] = []
    seen: set[str] = set()
    for name in names:
        if name in seen:
            continue
        group, waiting = [], [name]
        seen.add(name)
        while waiting:
            group.append(waiting.pop())
            fresh = [other for other in met[group[-1]] if other not in seen]
            seen.update(fresh)
            waiting += fresh
        groups.append(sorted(group))
    return groups


_Strengths = dict[str, tuple[float, float | None, float | None]]


def _group_standings(
    group: Sequence[str], strengths: _Strengths, totals: Mapping[str, Tally], bad: Mapping[str, int], number: int
) -> list[Standing]:
    standings = []
    doubts = {name: _doubt(totals[name], *strengths[name][1:], number) for name in group}
    for name in sorted(group, key=lambda name: (bool(doubts[name]), -strengths[name][0], name)):
        strength, low, high = strengths[name]
        above = [strengths[other][1] for other in group if other != name and not doubts[other]]
        place = 1 + sum(other is not None and high is not None and other > high for other in above)
        standings.append(
            Standing(
                name,
                totals[name],
                strength,
                low,
                high,
                None if doubts[name] else place,
                number,
                bad.get(name, 0),
                doubts[name],
            )
        )
    return standings


def _doubt(tally: Tally, low: float | None, high: float | None, group: int) -> str:
    if group > 0:
        return "never met the others"
    if tally.battles < MIN_BATTLES:
        return f"fewer than {MIN_BATTLES} battles"
    if low is not None and high is not None and high - low > MAX_WIDTH:
        if tally.ties == tally.battles:
            return "only ties"
        if not tally.losses and not tally.ties:
            return "never beaten"
        if not tally.wins and not tally.ties:
            return "never won"
        return f"interval wider than {MAX_WIDTH:.0f}"
    return ""


def _measured(group: Sequence[str], shapes: Mapping[_Shape, int], bootstraps: int, seed: int) -> _Strengths:
    """Strength and interval of each model of one group."""
    place = {name: at for at, name in enumerate(group)}
    counted: list[tuple[list[tuple[int, int, bool]], int]] = []
    for (models, verdict, best), count in sorted(shapes.items()):
        battles = [
            (place[a], place[b], t) for a, b, t in _battles(models, verdict, best) if a in place and b in place
        ]
        if battles:
            counted.append((battles, count))
    opinions = Opinions(len(group), counted)
    whole = fit(opinions.as_given())
    mean = sum(s * i for s, i in zip(whole.strengths, whole.information, strict=True)) / sum(whole.information)
    shown = [CENTRE + POINTS * (strength - mean) for strength in whole.strengths]
    if bootstraps <= 0:
        return {name: (shown[at], None, None) for name, at in place.items()}
    chance = random.Random(seed)
    draws: list[list[float]] = [[] for _ in group]
    for _ in range(bootstraps if len(group) <= _MANY else min(bootstraps, _FEWER_BOOTSTRAPS)):
        drawn = fit(opinions.drawn(chance), start=whole)
        mean = sum(s * i for s, i in zip(drawn.strengths, whole.information, strict=True)) / sum(whole.information)
        for draw, strength in zip(draws, drawn.strengths, strict=True):
            draw.append(CENTRE + POINTS * (strength - mean))
    limits = [_interval(draw) for draw in draws]
    return {
        name: (shown[at], min(limits[at][0], shown[at]), max(limits[at][1], shown[at])) for name, at in place.items()
    }


def _interval(draws: list[float]) -> tuple[float, float]:
    draws.sort()
    tail = (1 - COVERAGE) / 2
    return _quantile(draws, tail), _quantile(draws, 1 - tail)


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)
