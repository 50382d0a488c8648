"""The README promises nothing that the program does not have."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from metis_tui.auth.credential_file import token_files
from metis_tui.cli import parser
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.tui.actions import ACTIONS, shown_key

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = "\n".join(README.splitlines()[:16])


def grammar() -> dict[str, set[str]]:
    """Every command of the parser with its options."""

    def walk(node: argparse.ArgumentParser, name: str) -> dict[str, set[str]]:
        found = {name: {option for action in node._actions for option in action.option_strings}}
        for action in node._actions:
            if isinstance(action, argparse._SubParsersAction):
                for child, sub in action.choices.items():
                    found |= walk(sub, f"{name} {child}")
        return found

    return walk(parser.build(), "metis-tui")


GRAMMAR = grammar()


def synopsis() -> dict[str, set[str]]:
    """Every command of the README's list of commands with its options."""
    block = re.search(r"## Command line\n\n```text\n(.*?)```", README, re.S)
    assert block is not None
    found = {}
    for line in re.sub(r"\n {2,}", " ", block[1]).splitlines():
        words = re.match(r"metis-tui((?: [a-z][a-z-]*)*)", line)
        assert words is not None
        found[words[0]] = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line))
    return found


def test_the_list_of_commands_is_the_parsers() -> None:
    with_verbs = ("metis-tui auth", "metis-tui history", "metis-tui config")
    leaves = {name: options for name, options in GRAMMAR.items() if name not in with_verbs}
    listed = synopsis()
    assert listed.keys() == leaves.keys()
    for name, options in leaves.items():
        known_forms = {"-h", "--help", "--version", "--model", "--file", "--continue", "--resume"}
        assert options - known_forms == listed[name] - known_forms, name


def examples() -> list[str]:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
    return [line for line in lines if "metis-tui" in line and not line.startswith("#")]


@pytest.mark.parametrize("line", examples())
def test_every_example_parses(line: str) -> None:
    words = shlex.split(line)
    start = max(place for place, word in enumerate(words) if word.split("/")[-1] == "metis-tui")
    arguments = words[start + 1 :]
    parser.parse(arguments[: arguments.index("|")] if "|" in arguments else arguments)


def test_the_exit_codes_are_the_programs() -> None:
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)} == {int(code) for code in ExitCode}


def test_the_first_screen_holds_the_two_commands() -> None:
    assert "pip install -q . && .venv/bin/metis-tui --demo" in FIRST_SCREEN
    assert re.search(r"pip install -q -e '\.\[dev\]' && .*pytest", FIRST_SCREEN)


def test_links_to_files_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        if not target.startswith("screenshots/"):
            assert (PROJECT / target).exists(), target


def test_the_credential_file_is_the_one_in_use() -> None:
    assert f"`~/{token_files(Path('/home'))[0].relative_to('/home')}`" in README


def test_the_variables_of_the_folders_are_the_programs() -> None:
    package = PROJECT / "metis_tui"
    source = (package / "config" / "paths.py").read_text() + (package / "store" / "index" / "place.py").read_text()
    for name in re.findall(r"`(METIS_TUI_[A-Z]+_DIR)`", README):
        assert f'"{name}"' in source


def test_the_keys_are_the_programs() -> None:
    section = README.split("## Keys")[1].split("\n## ")[0]
    cells = [cell.replace("\\|", "|") for cell in re.findall(r"^\| (.+?) \| ", section, re.M)]
    listed = {key for cell in cells for key in cell.split(", ")} - {"key"}
    possible = {shown_key(key) for action in ACTIONS for key in action.keys.split(",")}
    assert listed <= possible
    assert {action.shown_key for action in ACTIONS if action.keys} <= listed
