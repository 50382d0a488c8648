"""Which plan a command line means, given what the folder holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metis_tui.chat.matrix import MatrixPlan, PromptCase
from metis_tui.cli import parser
from metis_tui.cli.diagnostics import UsageProblem
from metis_tui.cli.matrix_plan import check_words, make_plan
from metis_tui.config.settings import Settings

CASES = [PromptCase("a", (("user", "one"),)), PromptCase("b", (("user", "two"),))]


def plan(line: str, known: MatrixPlan | None = None, cases: list[PromptCase] = CASES, url: str = "u") -> MatrixPlan:
    options = parser.parse(["matrix", *line.split()])
    return make_plan(options, known, cases, options.models, url, Settings(parameters={"top_p": 1}))


KNOWN = plan("f -o d -m x@c -m y@c --repeat 2 --seed 4")


def test_a_new_plan_is_what_is_asked_for() -> None:
    assert (KNOWN.models, KNOWN.repeat, KNOWN.params, KNOWN.seed) == (("x@c", "y@c"), 2, {"top_p": 1}, 4)
    assert len(KNOWN.cells()) == 8
    assert KNOWN.created_ms > 0
    assert KNOWN.client.startswith("metis-tui ")


@pytest.mark.parametrize("line", ["f -o d -m x@c -m y@c --repeat 2", "f -o d -m y@c -m x@c --repeat 2 --seed 9"])
def test_the_same_again_goes_on_with_the_plan_that_is_there(line: str) -> None:
    assert plan(line, KNOWN) == KNOWN


@pytest.mark.parametrize(
    ("line", "cases", "words"),
    [
        ("-m x@c --repeat 2", CASES, "in it and not asked for: the models y@c"),
        ("-m x@c -m y@c -m z@d --repeat 2", CASES, "asked for and not in it: the models z@d"),
        ("-m x@c -m y@c --repeat 3", CASES, "asked for and not in it: 3 repeats instead of 2"),
        ("-m x@c -m y@c --repeat 2", CASES[:1], "in it and not asked for: 1 prompt (b)"),
    ],
)
def test_more_or_less_needs_to_be_wished(line: str, cases: list[PromptCase], words: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        plan(f"f -o d {line}", KNOWN, cases)
    assert words in caught.value.reason
    assert "--extend" in caught.value.hint
    both = plan(f"f -o d --extend {line}", KNOWN, cases)
    assert set(KNOWN.cells()) <= set(both.cells())
    assert both.seed == KNOWN.seed


@pytest.mark.parametrize(
    ("line", "cases", "url", "words"),
    [
        ("--param top_p=0.5", CASES, "u", "the parameters are top_p=0.5 and not top_p=1"),
        ("", [replace(CASES[0], system="Be brief."), CASES[1]], "u", "the prompt a has another text"),
        ("", CASES, "elsewhere", "the gateway is elsewhere and not u"),
    ],
)
def test_what_would_mix_two_experiments_is_refused(line: str, cases: list[PromptCase], url: str, words: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        plan(f"f -o d -m x@c -m y@c --repeat 2 --extend {line}", KNOWN, cases, url)
    assert words in caught.value.reason


def test_a_folder_goes_on_by_itself_and_takes_more_models() -> None:
    assert plan("d", KNOWN, []) == KNOWN
    more = plan("d --extend -m z@d --repeat 3", KNOWN, [])
    assert (more.models, more.repeat, more.prompts) == (("x@c", "y@c", "z@d"), 3, KNOWN.prompts)
    with pytest.raises(UsageProblem):
        plan("d", KNOWN, [], "elsewhere")


@pytest.mark.parametrize(
    ("line", "is_folder"),
    [
        ("f -m x", False),
        ("f -o d", False),
        ("d -o e", True),
        ("d -m x", True),
        ("d --repeat 2", True),
        ("d --system x", True),
    ],
)
def test_words_that_do_not_go_together(line: str, is_folder: bool) -> None:
    options = parser.parse(["matrix", *line.split()])
    with pytest.raises(UsageProblem):
        check_words(options, options.models, is_folder=is_folder)
