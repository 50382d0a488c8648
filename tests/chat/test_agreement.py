"""What is found in a reply that can be checked, and what several replies agree on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metis_tui.chat.agreement import Fact, agreement
from metis_tui.chat.facts import mentions


def keys(text: str) -> list[tuple[str, str]]:
    return [(mention.kind, mention.key) for mention in mentions(text)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("1,024", "1024"),
        ("1024", "1024"),
        ("1\u202f024", "1024"),
        ("2.50", "2.5"),
        ("3.5e-4", "0.00035"),
        ("3.5 × 10⁻⁴", "0.00035"),
        ("3.5 x 10^-4", "0.00035"),
        (r"3.5 \times 10^{-4}", "0.00035"),
        ("10^6", "1000000"),
        ("10⁶", "1000000"),
        ("-273.15 K", "-273.15 K"),
        ("50 %", "50 %"),
        ("50%", "50 %"),
        ("50 percent", "50 %"),
        ("1 GiB", "1073741824 bytes"),
        ("1024 MiB", "1073741824 bytes"),
        ("16gb", "16000000000 bytes"),
        ("100 Gb", "100 Gb"),
        ("120B", "120 B"),
        ("250 ms", "0.25 s"),
        ("5 minutes", "300 s"),
        ("300s", "300 s"),
        ("2.5 GHz", "2.5 GHz"),
        ("100 GB/s", "100 GB/s"),
        ("40 Gb/s", "40 Gb/s"),
        ("2049 MPI ranks", "2049"),
        ("2049 ranks", "2049"),
        ("2 lanes", "2"),
        ("version 4.1.2", "4.1.2"),
    ],
)
def test_numbers_have_one_key_however_they_are_written(text: str, key: str) -> None:
    assert keys(f"It is {text}.") == [("number", key)]


@pytest.mark.parametrize(
    "text",
    [
        "1. First\n2. Second",
        "## 2. The limit",
        "**3)** third",
        "see step 3, Figure 12 and section 14",
        "the rank(s) of an A100 or a gpt-4",
        "use it at any time, i.e. now / then, and/or later",
        "the O(n) way, $x^2$ and x_1",
        "It is 3. So there.",
        "PyTorch on GitHub",
        "e.g. this etc. and that...",
        "a - b -- c --- d",
    ],
)
def test_what_is_no_fact_is_not_found(text: str) -> None:
    assert [found for found in keys(text) if found != ("name", "x_1")] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call `MPI_Allreduce` now", ("name", "MPI_Allreduce")),
        ("call MPI_Allreduce() now", ("name", "MPI_Allreduce")),
        ("call `np.linalg.solve(A, b)` now", ("name", "np.linalg.solve")),
        ("std::sort_it is", ("name", "std.sort_it")),
        ("`addEventListener` is", ("name", "addEventListener")),
        ("edit src/main.f90.", ("path", "src/main.f90")),
        ("edit ./run.sh", ("path", "run.sh")),
        ("in /etc/mpich.conf, too", ("path", "/etc/mpich.conf")),
        ("in `~/.bashrc`", ("path", "~/.bashrc")),
        ("pass --verbose to it", ("option", "--verbose")),
        ("pass `--nodes=4` to it", ("option", "--nodes 4")),
        ("pass `--nodes 4` to it", ("option", "--nodes 4")),
        ("pass `-N 4` to it", ("option", "-N 4")),
        ("as in [3]", ("citation", "[3]")),
        ("as in [3, 4]", ("citation", "[3,4]")),
        ("see Smith et al. (2019)", ("citation", "Smith 2019")),
        ("see (Smith & Jones, 2019)", ("citation", "Smith 2019")),
        ("doi:10.1145/3731599.3767346.", ("citation", "doi 10.1145/3731599.3767346")),
        ("https://doi.org/10.1145/3731599.3767346", ("citation", "doi 10.1145/3731599.3767346")),
        ("arXiv:2403.04132v2", ("citation", "arXiv 2403.04132")),
        ("(https://arxiv.org/abs/2403.04132)", ("citation", "arXiv 2403.04132")),
        ("<https://Docs.alcf.anl.gov/services/>.", ("address", "docs.alcf.anl.gov/services")),
        ("[guide](http://www.mpich.org/x)", ("address", "mpich.org/x")),
    ],
)
def test_names_paths_options_citations_and_addresses(text: str, expected: tuple[str, str]) -> None:
    assert keys(text) == [expected]


def test_code_gives_names_values_and_paths_and_not_every_digit() -> None:
    code = (
        "```python\nimport numpy as np\n\ndef solve_it(n=2048, tol=1e-6):\n"
        "    for i in range(3):\n        x = np.linalg.solve(a, b)[1]\n"
        "    OMP_THREADS = 8\n    return open('data/out.h5')\n```\n"
    )
    assert keys(code) == [
        ("name", "solve_it"),
        ("number", "2048"),
        ("number", "1e-06"),
        ("name", "np.linalg.solve"),
        ("number", "OMP_THREADS=8"),
        ("path", "data/out.h5"),
    ]


def test_a_shell_block_gives_options_with_their_values() -> None:
    assert keys("```bash\nmpiexec -n 2049 --ppn 4 ./app --depth=8 --bind\n```\n") == [
        ("option", "-n 2049"),
        ("option", "--ppn 4"),
        ("path", "app"),
        ("option", "--depth 8"),
        ("option", "--bind"),
    ]


def test_places_are_where_it_is_written() -> None:
    text = "Use 1,024 ranks and `--nodes=4`, see [1].\n```sh\nexport MPICH_OPT=0\n```\n"
    assert [text[m.start : m.end] for m in mentions(text)] == ["1,024", "--nodes=4", "[1]", "0"]


@given(st.text(st.sampled_from("1 0.,-+eE^×10⁻%aA_()[]{}/\\`~:#\n*=<>&é"), max_size=120))
def test_no_text_breaks_it(text: str) -> None:
    end = 0
    for mention in mentions(text):
        assert end <= mention.start < mention.end <= len(text)
        end = mention.end


# Several replies


def by_key(facts: tuple[Fact, ...]) -> dict[str, Fact]:
    return {fact.key: fact for fact in facts}


def test_values_of_the_same_thing_that_differ_come_first() -> None:
    found = agreement(
        "See [1]. It hangs at 2049 ranks after 5 minutes; use `--nodes=4` and /tmp/log.txt.",
        "See [1]. It hangs at 2,048 ranks after 300 s; use `--nodes=8`.",
    )
    assert [fact.shown for fact in found.differing] == [
        "2049 ranks",
        "2,048 ranks",
        "--nodes=4",
        "--nodes=8",
        "/tmp/log.txt",
    ]
    assert [fact.others for fact in found.differing[:3]] == [("2,048 ranks",), ("2049 ranks",), ("--nodes=8",)]
    assert [fact.is_contested for fact in found.differing] == [True, True, True, True, False]
    assert [fact.shown for fact in found.agreed] == ["5 minutes", "[1]"]


def test_lanes_and_places_of_a_fact() -> None:
    texts = ("a 17 b 17", "c", "17 d", "17")
    fact = by_key(agreement(*texts).differing)["17"]
    assert fact.lanes == (0, 2, 3)
    assert [texts[lane][start:end] for lane, places in enumerate(fact.places) for start, end in places] == ["17"] * 4


def test_what_both_say_besides_is_no_contradiction() -> None:
    found = agreement("From 10 ranks to 20 ranks.", "Up to 20 ranks.")
    assert [(fact.shown, fact.others) for fact in found.differing] == [("10 ranks", ())]


def test_equal_replies_differ_in_nothing() -> None:
    text = "Use 1,024 ranks with `MPI_Bcast` and --verbose."
    found = agreement(text, text, text)
    assert found.differing == ()
    assert len(found.agreed) == 3
