"""The grammar of the command line."""

from __future__ import annotations

from itertools import product

import pytest

from metis_tui.cli import parser
from metis_tui.cli.quick_start import read_start


def test_no_command_is_the_application() -> None:
    options = parser.parse([])
    assert (options.command, options.demo, options.model, options.open_id) == (None, False, "", None)


@pytest.mark.parametrize(
    "order", [["--demo", "ask", "hi"], ["ask", "--demo", "hi"], ["ask", "hi", "--demo"]], ids=str
)
def test_an_option_before_the_command_is_never_lost(order: list[str]) -> None:
    """`--demo ask` once reached the real gateway, because the command's own default had undone the option."""
    assert parser.parse(order).demo is True


def test_shared_options_before_and_after() -> None:
    options = parser.parse(["-m", "one", "--no-save", "-c", "ask", "hi"])
    assert (options.model, options.no_save, options.continue_last) == ("one", True, True)
    assert parser.parse(["-m", "one", "ask", "-m", "two", "hi"]).model == "two"


def test_a_scenario_before_and_after() -> None:
    assert parser.parse(["--demo", "models"]).scenario == "default"
    for line in ("--demo --scenario tpm models", "models --scenario tpm --demo", "--scenario tpm models --demo"):
        assert parser.parse(line.split()).scenario == "tpm"
    assert parser.parse(["demo-gateway"]).scenario == "default"
    assert parser.parse(["demo-gateway", "--scenario", "tpm"]).scenario == "tpm"


def test_the_verbs_of_auth() -> None:
    assert (parser.parse(["auth", "login"]).force, parser.parse(["auth", "login", "--force"]).force) == (False, True)
    assert (parser.parse(["auth", "token"]).show, parser.parse(["auth", "token", "--show"]).show) == (False, True)
    assert parser.parse(["auth", "status", "--json", "--demo"]).json is True


def test_all_words_behind_r_are_the_query() -> None:
    for words in (
        ["-r"],
        ["-r", "mpi", "tag:x", "--demo"],
        ["--resume", "mpi hang"],
        ["--no-save", "-r", "ask", "me"],
    ):
        quick = read_start(words)
        assert quick is not None
        assert vars(quick) == vars(parser.parse(words))
    assert parser.parse(["-r"]).history_query == ""
    assert parser.parse(["-r", "ask", "me"]).history_query == "ask me"
    assert parser.parse([]).history_query is None


def test_tags_with_plus_and_minus() -> None:
    options = parser.parse(["history", "tag", "last", "+vasp", "-old", "--add", "x", "--json"])
    assert (options.add, options.remove, options.json) == (["vasp", "x"], ["old"], True)
    assert parser.parse(["history", "tag", "--remove=-x", "last"]).remove == ["-x"]


@pytest.mark.parametrize(
    "line",
    [
        "--demo --base-url http://x",
        "--demo ask --base-url http://x hi",
        "--scenario sign-in",
        "ask --scenario sign-in hi",
        "--base-url http://x --scenario sign-in",
        "auth",
        "auth login alice",
        "auth token --json",
        "-c --open 5",
        "ask",
        "ask hi there",
        "history",
        "history show",
        "history list --limit 0",
        "demo-gateway --port 70000",
        "demo-gateway --port x",
        "compare --report pdf hi",
        "compare --repeat 0 hi",
        "matrix --concurrency 9 p",
        "matrix --report pdf d",
        "--de",
        "-r x -c",
        "-r --demo ask hi",
        "history search",
        "history export --format pdf last",
        "history rename last",
        "history list --archived --trash",
    ],
)
def test_nonsense_is_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse(line.split())
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--help" in captured.err


WORDS = [
    "-m",
    "--model",
    "a@b",
    "--base-url",
    "http://x",
    "-c",
    "--continue",
    "--open",
    "0123",
    "--demo",
    "--no-save",
    "--scenario",
    "sign-in",
    "-r",
]


@pytest.mark.parametrize("length", range(5))
def test_the_quick_way_to_start_means_what_the_parser_means(length: int) -> None:
    whole, taken = parser.build(), 0
    for words in product(WORDS, repeat=length):
        quick = read_start(words)
        if quick is not None:
            assert vars(quick) == vars(whole.parse_args(words)), words
            taken += 1
    assert taken


@pytest.mark.parametrize(
    "line",
    [
        "ask hi",
        "--help",
        "--scenario x",
        "--version",
        "-m",
        "-m -c",
        "-mx",
        "--model=x",
        "--demo --base-url http://x",
        "-c --open 1",
        "-r mpi -c",
        "-r mpi --demo hang",
    ],
)
def test_all_else_is_left_to_the_parser(line: str) -> None:
    assert read_start(line.split()) is None


@pytest.mark.parametrize("command", ["ask", "models", "status", "auth", "history", "demo-gateway", "config"])
def test_help_on_a_command_is_the_same_whichever_way_it_is_asked(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the command that comes first is made; behind an option all are."""
    for words in ([command, "--help"], ["--no-save", command, "--help"]):
        with pytest.raises(SystemExit):
            parser.parse(words)
    whole = capsys.readouterr().out
    assert whole[: len(whole) // 2] == whole[len(whole) // 2 :]
    assert command in whole
