"""Signing in on a real terminal, where questions are asked and keys come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sign_in_process import SigningMetis, code_from
from terminal_process import TerminalProcess

from metis_tui.demo.server import DemoGateway

pytestmark = pytest.mark.terminal
WIDE = (600, 30)
"""Wide enough for the page's address."""


@pytest.fixture
def metis(demo: DemoGateway, home: Path) -> SigningMetis:
    return SigningMetis(demo, home)


def open_terminal(metis: SigningMetis, *arguments: str, **options: Any) -> TerminalProcess:
    environment = {**metis.variables(), "TERM": "xterm-256color"}
    return TerminalProcess("auth", *arguments, size=WIDE, environment=environment, **options)


def shown_page(terminal: TerminalProcess) -> str:
    text = terminal.wait_for("code:")
    found = re.search(r"^http\S+$", text, re.M)
    assert found is not None
    return found.group()


def test_a_mistyped_code_is_asked_for_again(metis: SigningMetis) -> None:
    with open_terminal(metis, "login") as terminal:
        page = shown_page(terminal)
        terminal.type("not-this-one\r")
        terminal.wait_for(lambda text: text.count("code:") == 2)
        assert "The sign-in did not work" in terminal.text
        assert "Paste it again" in terminal.text
        terminal.type(f"{code_from(page)}\r")
        assert terminal.wait_exit() == 0
        terminal.wait_drained()
        assert "Signed in as Alice Tester" in terminal.text


def test_three_wrong_codes_are_enough(metis: SigningMetis) -> None:
    with open_terminal(metis, "login") as terminal:
        for count in (1, 2, 3):
            terminal.wait_for(lambda text, count=count: text.count("code:") == count)
            terminal.type("wrong\r")
        assert terminal.wait_exit() == 3


@pytest.mark.parametrize(("key", "code"), [("ctrl+c", 130), ("ctrl+d", 3)])
def test_keys_that_end_it(metis: SigningMetis, key: str, code: int) -> None:
    with open_terminal(metis, "login") as terminal:
        terminal.wait_for("code:")
        terminal.press(key)
        assert terminal.wait_exit() == code
        terminal.wait_drained()
        assert ("interrupted" if code == 130 else "No code was given") in terminal.text
        assert "Traceback" not in terminal.text
        assert "Fatal" not in terminal.text
    assert metis.kept() == {}


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 3)])
def test_another_identity_is_asked_about(metis: SigningMetis, answer: str, code: int) -> None:
    assert metis.gateway is not None
    metis.keep_sign_in("alice")
    metis.gateway.oauth.revoke_everything()
    metis.gateway.oauth.sign_in_as("bob")
    with open_terminal(metis, "login") as terminal:
        terminal.type(f"{code_from(shown_page(terminal))}\r")
        terminal.wait_for("Replace the stored identity? [y/N]")
        terminal.type(f"{answer}\r")
        assert terminal.wait_exit() == code
        terminal.wait_drained()
        assert ("Signed in as Bob Builder" if code == 0 else "Nothing was changed.") in terminal.text
    assert metis.kept()["identity_id"].startswith("2222" if code == 0 else "1111")


def test_the_access_token_is_not_shown_on_a_terminal_unless_asked_for(metis: SigningMetis) -> None:
    value = metis.keep_sign_in()
    with open_terminal(metis, "token") as terminal:
        assert terminal.wait_exit() == 2
        assert value.encode() not in terminal.wait_drained()
        assert "metis-tui auth token --show" in terminal.text
    with open_terminal(metis, "token", "--show") as terminal:
        assert terminal.wait_exit() == 0
        assert value.encode() in terminal.wait_drained()
