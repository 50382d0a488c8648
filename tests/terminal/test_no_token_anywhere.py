"""A whole day with sign-ins and renewals: no access token or refresh token is anywhere but in the credential file."""

from __future__ import annotations

import re
from pathlib import Path

from globus_probe import code_from
from terminal_process import OpenTerminal

from metis_tui.auth.credential_file import token_files
from metis_tui.demo.server import DemoGateway

LINK = re.compile(rb"\x1b\]8;id=\d+;(http://[^\x1b]+)\x1b\\")


def handed_out(demo: DemoGateway) -> set[str]:
    """Every token that the demo's Globus has issued."""
    return set(demo.oauth._tokens)


def test_tokens_stay_in_the_credential_file(home: Path, demo: DemoGateway, terminal: OpenTerminal) -> None:
    variables = {"METIS_TUI_BASE_URL": demo.url, "GLOBUS_SDK_SERVICE_URL_AUTH": demo.auth_url, "HOME": str(home)}
    window = terminal("-m", "gemma-4-31B-it", environment=variables, size=(120, 40))
    window.wait_for("paste the code here")
    window.press("escape")  # what is typed while it comes by itself belongs to the prompt
    window.wait_for(lambda text: "paste the code here" not in text)
    start = len(window.received)
    window.press("f8")
    window.wait_for("17e498c84f6a")
    (address,) = set(LINK.findall(bytes(window.received[start:])))
    window.type("a-wrong-code\r")
    window.wait_for("mistyped")
    window.press("ctrl+u")
    window.wait_for("paste the code here")
    window.type(f"{code_from(address.decode())}\r")
    window.wait_for("Signed in")
    window.wait_for("Alice Tester")
    window.press("enter")
    window.wait_for("● live")
    for prompt in ("What is MPI?", "@@inactive@@ And OpenMP?", "@@http500@@ And CUDA?"):
        window.type(f"{prompt}\r")
        window.wait_for(lambda _, prompt=prompt: any(prompt in str(request.body) for request in demo.requests))
        window.wait_for(lambda text: "· stop" in text or "again in" in text)
        window.press("escape", "i")
    assert demo.oauth.grants.count("refresh_token") >= 1
    window.press("f4")
    window.wait_for("Credential file")
    window.press("escape")
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    tokens = handed_out(demo)
    assert len(tokens) >= 5
    file = token_files(home)[0]
    assert file.stat().st_mode & 0o777 == 0o600
    assert any(token in file.read_text() for token in tokens)
    for path in home.rglob("*"):
        if path.is_file() and path != file:
            content = path.read_bytes()
            assert not [token for token in tokens if token.encode() in content], path
    assert not [token for token in tokens if token.encode() in bytes(window.received)]
    assert not [token for token in tokens if token in window.text]
