"""Votes as values, and votes of several people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.ranking_report import votes_as_text, votes_from_text
from metis_tui.chat.votes import Vote, as_export, from_export, joined, vote_from, votes_of

A, B, C = "gpt-oss-120b@metis", "openai/gpt-oss-120b@sophia", "gemma-4-31B-it@metis"
BEST = Vote("01prompt", (A, B, C), "best", 1, ("r1", "r2", "r3"), "names the barrier", True, True, 1000, ("mpi",))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def some_votes(draw: st.DrawFn) -> Vote:
    models = tuple(draw(st.lists(texts, min_size=1, max_size=4)))
    verdict = draw(st.sampled_from(["best", "tie", "bad"]))
    return Vote(
        prompt_id=draw(texts),
        models=models,
        verdict=verdict,
        best=draw(st.integers(0, len(models) - 1)) if verdict == "best" else None,
        replies=tuple(f"r{n}" for n in range(len(models))) if draw(st.booleans()) else (),
        is_blind=draw(st.booleans()),
        is_same_speed=draw(st.booleans()),
        created_ms=draw(st.integers(0, 2**45)),
        tags=tuple(draw(st.lists(texts, max_size=2))),
    )


@given(some_votes())
def test_a_vote_comes_back_from_its_value(vote: Vote) -> None:
    assert vote_from(vote.prompt_id, json.loads(json.dumps(vote.as_value()))) == vote


@pytest.mark.parametrize(
    "value",
    [
        None,
        "best",
        [],
        {},
        {"verdict": "best", "models": [A, B]},
        {"verdict": "best", "models": [A, B], "best": 2},
        {"verdict": "best", "models": [A, B], "best": True},
        {"verdict": "best", "models": [A, 7], "best": 0},
        {"verdict": "worst", "models": [A, B]},
        {"verdict": ["tie"], "models": [A, B]},
        {"verdict": "tie", "models": []},
    ],
)
def test_what_is_no_vote_is_none(value: object) -> None:
    assert vote_from("p", value) is None


def test_unknown_keys_and_bad_details_do_not_matter() -> None:
    value = {"verdict": "tie", "models": [A, B], "replies": ["r1"], "best": 1, "created": "now", "mood": 3}
    assert vote_from("p", value) == Vote("p", (A, B), "tie")


def test_a_reason_is_one_safe_line() -> None:
    value = replace(BEST, reason="two\nlines \x1b[31mred").as_value()
    assert value["reason"] == "two lines ␛[31mred"


def test_votes_of_a_conversation_carry_its_tags_of_today() -> None:
    conversation = Conversation(tags=("now",), votes={"p1": BEST.as_value(), "p2": "a mark of something else"})
    assert [(vote.prompt_id, vote.tags) for vote in votes_of(conversation)] == [("p1", ("now",))]


def test_a_vote_that_names_no_lane_is_refused() -> None:
    with pytest.raises(ValueError, match="best lane"):
        Vote("p", (A, B), "best", 2)
    with pytest.raises(ValueError, match="names a lane"):
        Vote("p", (A, B), "tie", 0)


# Several people


def exported(*votes: Vote, is_anonymous: bool = False) -> list[Vote]:
    found, bad = from_export(json.loads(json.dumps(as_export(votes, is_anonymous=is_anonymous))))
    assert bad == 0
    return found


def test_a_file_for_others_says_nothing_of_what_was_asked() -> None:
    text = json.dumps(as_export([BEST]))
    assert not [word for word in ("01prompt", "r1", "r2") if word in text]
    (vote,) = exported(BEST)
    assert vote.comparison == BEST.comparison
    assert (vote.models, vote.best, vote.reason, vote.tags) == (BEST.models, 1, "names the barrier", ("mpi",))


def test_an_anonymous_file_names_nobody_and_gives_no_reasons() -> None:
    text = json.dumps(as_export([replace(BEST, voter="ann")], is_anonymous=True))
    assert not [word for word in ("ann", "barrier", "mpi") if f'"{word}' in text or f"{word} " in text]


def test_my_own_file_adds_nothing_to_my_votes() -> None:
    mine = [replace(BEST, voter="me"), Vote("02prompt", (A, B), "tie", created_ms=2, voter="me")]
    assert joined(mine, exported(*mine)) == mine
    assert joined(mine, exported(*mine, is_anonymous=True)) == mine


def test_the_last_vote_of_a_voter_counts_and_other_voters_count_too() -> None:
    old = replace(BEST, voter="me", best=0, created_ms=5)
    new = replace(BEST, voter="me")
    bob = replace(BEST, voter="bob", created_ms=1001)
    assert joined([new], exported(old, bob)) == [new, replace(bob, prompt_id=bob.comparison, replies=())]


def test_anonymous_voters_stay_different_ones() -> None:
    ann, bob = replace(BEST, voter="ann", created_ms=1), replace(BEST, voter="bob", created_ms=2)
    assert len(joined([], [*exported(ann, is_anonymous=True), *exported(bob, is_anonymous=True)])) == 2


@given(st.lists(some_votes(), max_size=6))
def test_joining_twice_changes_nothing(votes: list[Vote]) -> None:
    once = joined(votes)
    assert joined(once, exported(*votes)) == once


@given(some_votes())
def test_csv_gives_the_same_votes_as_json(vote: Vote) -> None:
    """Names and tags are joined by a bar in CSV: those that have one, or are empty, are not the same again."""
    if any(not text or "|" in text or text != " ".join(text.split()) for text in (*vote.models, *vote.tags)):
        return
    (found,), bad = votes_from_text(votes_as_text([vote], is_csv=True, is_anonymous=False))
    assert bad == 0
    assert [found] == exported(vote)


def test_a_spreadsheet_computes_nothing() -> None:
    vote = replace(BEST, reason="=HYPERLINK(1)", voter="'+1")
    text = votes_as_text([vote], is_csv=True, is_anonymous=False)
    assert "'=HYPERLINK" in text
    (found,), _ = votes_from_text(text)
    assert (found.reason, found.voter) == ("=HYPERLINK(1)", "'+1")


@pytest.mark.parametrize("document", [None, [], {}, {"format": "else"}, {"format": "metis-tui votes", "version": 9}])
def test_other_files_are_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"holds no exported votes|later version"):
        from_export(document)


def test_entries_that_are_no_votes_are_counted() -> None:
    document = {
        "format": "metis-tui votes",
        "version": 1,
        "votes": [{"comparison": "x"}, 3, *as_export([BEST])["votes"]],
    }  # type: ignore[misc]
    votes, bad = from_export(document)
    assert (len(votes), bad) == (1, 2)
