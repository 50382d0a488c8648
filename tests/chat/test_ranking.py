"""What a ranking makes of votes: known strengths come out, and it says no more than the votes do."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_votes import simulated

from metis_tui.chat import ranking
from metis_tui.chat.ranking import CENTRE, POINTS, Ranking, Standing, Tally, rank
from metis_tui.chat.votes import Vote

A, B, C, D = "gpt-oss-120b@metis", "openai/gpt-oss-120b@sophia", "gemma-4-31B-it@metis", "Llama@sophia"
TRUE = {"a@metis": 1.2, "b@metis": 0.5, "c@sophia": 0.0, "d@sophia": -0.6, "e@minerva": -1.3}


def best(winner: str, *others: str, **facts: object) -> Vote:
    return Vote(f"p{random.random()}", (winner, *others), "best", 0, **facts)  # type: ignore[arg-type]


def tie(*models: str) -> Vote:
    return Vote("p", models, "tie")


def by_name(found: Ranking) -> dict[str, Standing]:
    return {standing.model: standing for standing in found.standings}


@pytest.mark.parametrize("lanes", [(2,), (3,), (2, 3, 4)])
def test_the_known_order_comes_out(lanes: tuple[int, ...]) -> None:
    for seed in range(3):
        found = rank(simulated(TRUE, 800, seed, lanes=lanes), bootstraps=40)
        assert [standing.model for standing in found.standings] == list(TRUE)
        assert all(standing.has_enough for standing in found.standings)


def test_the_intervals_cover_the_truth() -> None:
    """19 of 20 should; the centre is known up to a constant only, so differences are compared with the middle one."""
    covered = total = 0
    for seed in range(12):
        found = by_name(rank(simulated(TRUE, 250, seed), bootstraps=100))
        points = {name: CENTRE + POINTS * value for name, value in TRUE.items()}
        shift = sum(found[name].strength - points[name] for name in TRUE) / len(TRUE)  # type: ignore[operator]
        for name in TRUE:
            low, high = found[name].low, found[name].high
            assert low is not None
            assert high is not None
            covered += low <= points[name] + shift <= high
            total += 1
    assert covered / total >= 0.88


def test_ties_do_not_pull_the_strengths_together() -> None:
    """The reason for Davidson's model: three of four decided battles are 3 : 1, however many ties there are."""
    few = rank([best(A, B)] * 300 + [best(B, A)] * 100, bootstraps=0)
    many = rank([best(A, B)] * 300 + [best(B, A)] * 100 + [tie(A, B)] * 800, bootstraps=0)
    gaps = [found.standings[0].strength - found.standings[1].strength for found in (few, many)]  # type: ignore[operator]
    assert gaps[0] == pytest.approx(gaps[1], abs=2)
    assert gaps[0] == pytest.approx(191, abs=3)


def test_only_ties_make_equals() -> None:
    found = rank([tie(A, B, C)] * 40)
    assert [standing.strength for standing in found.standings] == pytest.approx([CENTRE] * 3, abs=0.5)
    assert {standing.doubt for standing in found.standings} == {"only ties"}
    assert found.battle_count == 120


def test_all_bad_is_counted_and_is_no_battle() -> None:
    found = rank([best(A, B), Vote("p", (A, B), "bad"), Vote("q", (A, C), "bad")], bootstraps=10)
    assert (found.vote_count, found.bad_count, found.battle_count) == (3, 2, 1)
    standings = by_name(found)
    assert [standings[name].bad_count for name in (A, B, C)] == [2, 1, 1]
    assert standings[C].strength is None
    assert standings[C].doubt == "no battles yet"


def test_a_vote_for_one_of_three_beats_the_other_two() -> None:
    found = rank([best(A, B, C)], bootstraps=0)
    assert found.matrix[A, B] == found.matrix[A, C] == Tally(wins=1)
    assert found.matrix[B, A] == Tally(losses=1)
    assert (B, C) not in found.matrix


@pytest.mark.parametrize("votes", [[], [Vote("p", (A,), "bad")], [best(A, A)], [Vote("p", (A,), "best", 0)]])
def test_without_two_models_there_is_nothing_to_rank(votes: list[Vote]) -> None:
    assert rank(votes) == Ranking()


def test_a_model_that_was_never_beaten_stays_finite_and_is_doubted() -> None:
    found = by_name(rank([best(A, B)] * 30 + [best(B, C)] * 30 + [best(C, B)] * 30, bootstraps=200))
    assert found[A].doubt == "never beaten"
    assert CENTRE < found[A].strength < CENTRE + 1500  # type: ignore[operator]
    assert found[A].high - found[A].low > 400  # type: ignore[operator]
    assert found[B].has_enough
    assert found[C].has_enough
    assert found[B].high - found[B].low < 250, "what is known of the others does not suffer"  # type: ignore[operator]


def test_a_handful_of_battles_is_not_enough() -> None:
    found = rank([best(A, B)] * 3 + [best(B, A)] * 3)
    assert {standing.doubt for standing in found.standings} == {"fewer than 10 battles"}
    assert {standing.rank for standing in found.standings} == {None}


def test_models_that_never_met_are_not_compared() -> None:
    one = [best(A, B)] * 20 + [best(B, A)] * 20
    other = [best(C, D)] * 10 + [best(D, C)] * 10
    found = rank(one + other, bootstraps=100)
    assert found.group_count == 2
    assert [standing.group for standing in found.standings] == [0, 0, 1, 1]
    assert [standing.doubt for standing in found.standings] == [
        "",
        "",
        "never met the others",
        "never met the others",
    ]


def test_a_filter_by_tag_and_by_cluster() -> None:
    votes = [best(A, B, tags=("mpi",)), best(A, C, B), best(B, D, tags=("mpi", "x"))]
    assert rank(votes, tag="mpi", bootstraps=0).vote_count == 2
    on_metis = rank(votes, cluster="metis", bootstraps=0)
    assert set(on_metis.matrix) == {(A, C), (C, A)}
    assert ranking.tags_in(votes) == [("mpi", 2), ("x", 1)]
    assert ranking.clusters_in(votes) == [("metis", 1), ("sophia", 1)]


def test_blind_votes_alone() -> None:
    votes = [best(A, B, is_blind=True), best(B, A), Vote("p", (A, B), "bad", is_blind=True)]
    assert rank(votes, bootstraps=0).blind_count == 2
    found = rank(votes, blind_only=True, bootstraps=0)
    assert (found.vote_count, found.blind_count, found.matrix[A, B]) == (2, 2, Tally(wins=1))


def test_the_same_weights_on_two_clusters_are_two_models_or_one() -> None:
    votes = [best(A, B), best(B, A, C)]
    assert {A, B, C} == set(by_name(rank(votes, bootstraps=0)))
    found = rank(votes, by_model=True, bootstraps=0)
    assert set(by_name(found)) == {"gpt-oss-120b", "gemma-4-31B-it"}
    assert found.battle_count == 1, "a model does not fight itself"


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 1000))
def test_neither_the_order_of_votes_nor_of_lanes_matters(chance: random.Random, seed: int) -> None:
    votes = simulated(TRUE, 40, seed, lanes=(2, 3))
    turned = []
    for vote in votes:
        places = list(range(len(vote.models)))
        chance.shuffle(places)
        at = None if vote.best is None else places.index(vote.best)
        turned.append(Vote(vote.prompt_id, tuple(vote.models[p] for p in places), vote.verdict, at))
    chance.shuffle(turned)
    assert rank(turned, bootstraps=5) == rank(votes, bootstraps=5)


def test_a_rank_counts_only_those_that_are_surely_stronger() -> None:
    votes = simulated({"a@m": 0.0, "b@m": 0.0, "c@m": -2.0}, 400, 1)
    assert sorted(standing.rank or 0 for standing in rank(votes, bootstraps=100).standings) == [1, 1, 3]
