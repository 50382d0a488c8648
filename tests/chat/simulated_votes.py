"""Votes drawn from known strengths, for tests of what a ranking makes of them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from metis_tui.chat.votes import Vote


def simulated(
    strengths: Mapping[str, float], count: int, seed: int, *, lanes: Sequence[int] = (2,), tie: float = 0.5
) -> list[Vote]:
    """Votes on lanes drawn by chance. Strengths are logarithms; ties come with two lanes only, as Davidson says."""
    chance = random.Random(seed)
    votes = []
    for number in range(count):
        models = chance.sample(sorted(strengths), chance.choice(lanes))
        weights = [math.exp(strengths[model]) for model in models]
        if len(models) == 2:
            weights.append(tie * math.sqrt(weights[0] * weights[1]))
        best = chance.choices(range(len(weights)), weights)[0]
        is_tie = best == len(models)
        votes.append(
            Vote(
                prompt_id=f"prompt-{seed}-{number}",
                models=tuple(models),
                verdict="tie" if is_tie else "best",
                best=None if is_tie else best,
                created_ms=number + 1,
            )
        )
    return votes
