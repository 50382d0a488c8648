"""What users type into a search box: words, phrases, filters, dates; and what is told when it makes no sense."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.search import SearchQuery, Term
from metis_tui.chat.search_query import moment_ms, parse_query, summary_matches, title_matcher, words_to_highlight

NOW = 1_795_626_400.0
"""2026-11-25 11:06:40 in Chicago, UTC-6."""


@pytest.fixture(autouse=True)
def _chicago(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def parsed(text: str, *, typing: bool = False) -> SearchQuery:
    query, problems = parse_query(text, now=NOW, typing=typing)
    assert problems == ()
    return query


def local_ms(*moment: int) -> int:
    return int(datetime(*moment).timestamp() * 1000)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", SearchQuery()),
        ("  ", SearchQuery()),
        ("plasma beta", SearchQuery((Term("plasma"), Term("beta")))),
        ('"plasma beta" x', SearchQuery((Term("plasma beta", is_phrase=True), Term("x")))),
        ('"not closed', SearchQuery((Term("not closed", is_phrase=True),))),
        ("a -b", SearchQuery((Term("a"), Term("b", is_excluded=True)))),
        ('-"a b"', SearchQuery((Term("a b", is_phrase=True, is_excluded=True),))),
        ("--flag std::vector http://x", SearchQuery((Term("--flag"), Term("std::vector"), Term("http://x")))),
        ("- -- ->", SearchQuery((Term("->"),))),
        ('""', SearchQuery()),
        ("model:llama,qwen Model:x", SearchQuery(models=("llama", "qwen", "x"))),
        ('tag:"two words" tag:b', SearchQuery(tags=("two words", "b"))),
        ("role:you role:REPLY role:system", SearchQuery(roles=("user", "assistant", "system"))),
        ("is:pinned is:archived is:trash", SearchQuery(places=("pinned", "archived", "trash"))),
        ("has:code sort:best", SearchQuery(has_code=True, order="best")),
    ],
)  # fmt: skip
def test_queries_are_understood(text: str, query: SearchQuery) -> None:
    assert parsed(text) == query


def test_of_several_dates_the_narrowest_counts() -> None:
    query = parsed("before:2026-11 after:2025 after:2024 before:today")
    assert (query.after_ms, query.before_ms) == (local_ms(2025, 1, 1), local_ms(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25", (2026, 11, 25)),
        ("2026-3-8", (2026, 3, 8)),
        ("2026-11", (2026, 11, 1)),
        ("today", (2026, 11, 25)),
        ("Yesterday", (2026, 11, 24)),
        ("7d", (2026, 11, 18, 11, 6, 40)),
        ("3w", (2026, 11, 4, 11, 6, 40)),
        ("9m", (2026, 2, 25, 11, 6, 40)),
        ("1y", (2025, 11, 25, 11, 6, 40)),
        ("12h", (2026, 11, 24, 23, 6, 40)),
    ],
)
def test_dates_are_local(text: str, moment: tuple[int, ...]) -> None:
    assert moment_ms(text, NOW) == local_ms(*moment)


def test_a_month_before_the_31st_ends_with_its_last_day() -> None:
    now = datetime(2026, 3, 31, 12).timestamp()
    assert moment_ms("1m", now) == local_ms(2026, 2, 28, 12)


@pytest.mark.parametrize("text", ["2026-13", "2026-02-30", "soon", "7", "d", "9999y", "0000-01-01", "26-1-1"])
def test_no_date_is_made_of_anything_else(text: str) -> None:
    assert moment_ms(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("role:robot x", "robot"),
        ("is:lost x", "lost"),
        ("has:image x", "image"),
        ("sort:size x", "size"),
        ("after:soon x", "soon"),
        ("model: x", "model:"),
        ("-tag:a x", "-tag:"),
        ("after:today before:yesterday x", "before:"),
    ],
)
def test_what_makes_no_sense_is_told_and_the_rest_works(text: str, word: str) -> None:
    query, problems = parse_query(text, now=NOW)
    assert len(problems) == 1
    assert word in problems[0]
    assert query.terms == (Term("x"),)


def test_while_typing_the_last_word_may_go_on_and_a_filter_may_be_half_written() -> None:
    assert parsed("plasma be", typing=True).terms == (Term("plasma"), Term("be", is_prefix=True))
    assert parsed("plasma ", typing=True).terms == (Term("plasma"),)
    assert parsed('"open phr', typing=True).terms == (Term("open phr", is_phrase=True, is_prefix=True),)
    for text in ("role:", "role:re", "after:2026-", "is:pin", "has:c"):
        assert parsed(text, typing=True).terms == ()
    assert parsed("x -be", typing=True).terms == (Term("x"), Term("be", is_excluded=True))


SUMMARY = ConversationSummary(
    "01j", "Plasma Café", "Llama-4@sophia", 1_000, 5_000, 3, is_pinned=True, tags=("VASP", "paper")
)


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("", True),
        ("words do not count", True),
        ("model:llama", True),
        ("model:qwen model:SOPHIA", True),
        ("model:qwen", False),
        ("tag:vasp tag:PAPER", True),
        ("tag:vas", False),
        ("is:pinned", True),
        ("is:archived", False),
        ("is:trash", False),
    ],
)
def test_filters_choose_from_a_list(text: str, is_shown: bool) -> None:
    assert summary_matches(parsed(text), SUMMARY) is is_shown


def test_trash_and_dates_choose_from_a_list() -> None:
    trashed = replace(SUMMARY, is_trashed=True)
    assert not summary_matches(SearchQuery(), trashed)
    assert summary_matches(parsed("is:trash"), trashed)
    assert summary_matches(SearchQuery(after_ms=5_000), SUMMARY)
    assert not summary_matches(SearchQuery(after_ms=5_001), SUMMARY)
    assert summary_matches(SearchQuery(before_ms=1_001), SUMMARY)
    assert not summary_matches(SearchQuery(before_ms=1_000), SUMMARY)


def test_titles_are_matched_like_messages() -> None:
    assert title_matcher(parsed("cafe plas"))(SUMMARY)
    assert not title_matcher(parsed("cafe -plasma"))(SUMMARY)
    assert not title_matcher(parsed("tag:vasp"))(SUMMARY)
    assert words_to_highlight(parsed('a "b c" -d tag:x')) == ("a", "b c")
