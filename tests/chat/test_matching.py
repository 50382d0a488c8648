"""What a text holds: words, parts of words, identifiers, phrases, scripts without spaces; and where."""

from __future__ import annotations

import pytest

from metis_tui.chat.matching import EXCERPT_WIDTH, Matcher, composed, fold
from metis_tui.chat.search_query import parse_query

TEXT = """Use MPI_Allreduce(x) in the Café, not getUserName; e.g. np.linalg.eigh
with --exclusive-node and "state  of
the art". 量子力学中的波函数。 Ångström, naïve STRASSE straße Москва"""


def matcher(text: str, *, typing: bool = False) -> Matcher:
    return Matcher(parse_query(text, now=0, typing=typing)[0].terms)


@pytest.mark.parametrize(
    "query",
    [
        "MPI_Allreduce", "mpi_all", "allreduce", "reduce", "getusername", "user", "np.linalg", "linalg.eigh", "eigh",
        "--exclusive-node", "exclusive", "node", "cafe", "CAFÉ", "angstrom", "naive", "москва", "straße",
        "strasse", "量", "量子",
        "力学中", "数。", '"state of the art"', '"the"', '"mpi"', "of", "(x)", "e.g.", "reduce(",
        "reduce -banana", 'mpi -"use the"', "x", "in the",
    ],
)  # fmt: skip
def test_a_text_holds(query: str) -> None:
    assert matcher(query).matches(TEXT)


@pytest.mark.parametrize(
    "query",
    [
        "reduceall", '"reduce"', '"user"', "us", "mpi.allreduce", "np linalge", "exclusive_node",
        "量力", '"the state"',
        "mpi -cafe", 'mpi -"state of"', "-mpi", "banana", "no", "a.b",
    ],
)  # fmt: skip
def test_a_text_does_not_hold(query: str) -> None:
    assert not matcher(query).matches(TEXT)


def test_a_short_word_is_a_beginning_only_while_it_is_typed() -> None:
    assert matcher("us", typing=True).matches(TEXT)
    assert not matcher("us").matches(TEXT)
    assert not matcher("se", typing=True).matches(TEXT)


def test_letters_with_separate_accents_are_the_same() -> None:
    apart = "cafe\u0301 A\u030angstro\u0308m"
    assert matcher("café angstrom").matches(apart)
    assert matcher("cafe\u0301").matches("CAFÉ")


def test_folding_keeps_every_place() -> None:
    text = composed("İstanbul ß ﬁ Ａ ﾊﾟ が 각 ά ё \U0001f600 Å")
    assert len(fold(text)) == len(text)


def test_places_are_found_in_order_and_joined() -> None:
    text = "Allreduce reduces"
    assert matcher("reduce allred").spans(text) == ((0, 9), (10, 16))
    assert matcher("tag:x").spans(text) == ()


def test_an_excerpt_is_one_safe_line_around_the_first_place() -> None:
    text = "word " * 100 + "\n\n\x1b[31mthe  Tokamak\u202e is\there " + "more " * 100
    line, spans = matcher("tokamak").excerpt(text)
    assert "\n" not in line
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert len(line) <= EXCERPT_WIDTH + 1
    assert line.startswith("…")
    assert line.endswith("…")
    assert [line[start:end] for start, end in spans] == ["Tokamak"]


def test_an_excerpt_without_words_is_the_start() -> None:
    assert matcher("tag:x").excerpt("# Title\n\ntext") == ("# Title text", ())
