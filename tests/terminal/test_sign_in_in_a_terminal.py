"""The address of a sign-in in a real terminal: a link, and alone on the screen as one line for the terminal."""

from __future__ import annotations

import re

import pytest
from terminal_process import OpenTerminal

SIGN_IN = ("--demo", "--scenario", "sign-in")
LINK = re.compile(rb"\x1b\]8;id=\d+;(http://[^\x1b]+)\x1b\\")
MOUSE_OFF, MOUSE_ON = b"\x1b[?1000l", b"\x1b[?1000h"


def test_the_address_is_one_link_and_alone_it_is_one_line(terminal: OpenTerminal) -> None:
    window = terminal(*SIGN_IN)
    window.wait_for("paste the code here")
    window.wait_for("83732ff2")
    links = set(LINK.findall(bytes(window.received)))
    assert len(links) == 1
    (address,) = links
    window.press("tab")
    window.wait_for("c copy")
    before = len(window.received)
    window.type("w")
    window.wait_for("Select it with your mouse")
    assert window.text.replace("\n", "").startswith(address.decode())
    # written once more in one piece, the terminal wrapping by itself, and everything as it was afterwards
    whole = re.compile(
        rb"\x1b7\x1b\[H\x1b\[\?7h[^\x1b]*(?:\x1b\[[0-9;]*m)?" + re.escape(address) + rb"[^\x1b]*\x1b\["
    )
    window.wait_for(lambda _: whole.search(bytes(window.received[before:])))
    assert MOUSE_OFF in window.received[before:]
    before = len(window.received)
    window.press("escape")
    window.wait_for("c copy")
    window.wait_for(lambda _: MOUSE_ON in window.received[before:])
    window.press("ctrl+q")
    assert window.wait_exit() == 0


@pytest.mark.parametrize(
    "variables", [{"STY": "1.tty", "TERM": "screen"}, {"TERM": "linux"}], ids=["screen", "linux"]
)
def test_no_link_where_its_control_strings_would_be_shown(terminal: OpenTerminal, variables: dict[str, str]) -> None:
    window = terminal(*SIGN_IN, environment=variables)
    window.wait_for("paste the code here")
    window.wait_for("83732ff2")
    assert b"\x1b]8;" not in window.received
