"""The parts of signing in that know no screen: words, pauses, browsers, QR codes, links. Tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import segno

from metis_tui.chat.errors import TokenInactive
from metis_tui.chat.ports import AccessToken
from metis_tui.chat.sign_in import SignInDeadline, SignInFacts
from metis_tui.tui.access_watch import pause_seconds
from metis_tui.tui.browser import find_browser, open_in_browser
from metis_tui.tui.display.terminal_traits import takes_links
from metis_tui.tui.qr_code import qr_lines
from metis_tui.tui.screens.qr_screen import fits
from metis_tui.tui.sign_in_words import deadline_clock, fact_rows

NOW = 1_790_000_000.0
DAY = 86_400.0
ADDRESS = "https://auth.globus.org/v2/oauth2/authorize?client_id=7f3e61f5&scope=" + "a%2F" * 95


def token(left: float | None) -> AccessToken:
    return AccessToken("secret-value", None if left is None else NOW + left, "a test")


def deadline(left: float | None, **more: object) -> SignInDeadline:
    usual: dict[str, object] = {"signed_in_at": NOW - DAY, "days": 7.0, "source": "setting"}
    return SignInDeadline(at=None if left is None else NOW + left, **(usual | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "wish", "pause"),
    [
        (SignInFacts(token(172_000)), 60, 60),
        (SignInFacts(token(90), is_renewable=True), 60, 30),
        (SignInFacts(token(20), is_renewable=True, is_renewing=True), 20, 1),
        (SignInFacts(token(0.5)), 60, 1),
        (SignInFacts(token(-5), TokenInactive("Expired."), is_renewable=True), 1, 5),
        (SignInFacts(token(None), is_fixed=True), 600, 60),
        (SignInFacts(None), 60, 60),
    ],
)
def test_access_is_looked_at_when_something_may_have_changed(facts: SignInFacts, wish: float, pause: float) -> None:
    assert pause_seconds(facts, wish, NOW) == pause


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (deadline(6 * DAY), "7 days after the sign-in, as set (sign_in_days)"),
        (deadline(DAY, days=5.3, source="refused"), "learned: the gateway refused a sign-in after 5.3 days"),
        (deadline(None, days=8.1, source="accepted"), "learned: the gateway accepted a sign-in after 8.1 days"),
        (deadline(DAY, days=1.0), "1 day after the sign-in, as set (sign_in_days)"),
    ],
)
def test_how_a_deadline_is_known(known: SignInDeadline, words: str) -> None:
    assert known.how_it_is_known == words


def test_deadlines_tell_what_is_estimated_and_what_has_passed() -> None:
    assert deadline_clock(deadline(6 * DAY), NOW).startswith("6d left, until ")
    assert deadline_clock(deadline(6 * DAY, is_estimate=True), NOW).startswith("at most 6d left")
    assert "sign in again (F8)" in deadline_clock(deadline(-1), NOW)
    assert "still accepts this sign-in, which is 8d old" in deadline_clock(
        deadline(None, signed_in_at=NOW - 8 * DAY), NOW
    )
    assert "elsewhere" in deadline(DAY, is_estimate=True).how_it_is_known


def test_details_of_access_hold_no_access_token() -> None:
    facts = SignInFacts(
        token(3600),
        renewal_trouble="Globus did not answer in time.",
        is_renewable=True,
        identity_id="1234",
        scopes=("one", "two"),
        file="~/tokens.json",
        deadline=deadline(DAY),
        notes=("A damaged file was set aside.",),
    )
    rows = fact_rows(facts, "Alice", NOW)
    assert "secret" not in str(rows)
    told = dict(rows)
    assert told["Renewal"] == "failed the last time: Globus did not answer in time."
    assert (told["Identity"], told["Scopes"], told["Credential file"]) == ("Alice", "one two", "~/tokens.json")
    assert told["Note"] == "A damaged file was set aside."
    fixed = dict(fact_rows(SignInFacts(token(None), is_fixed=True), "", NOW))
    assert fixed["Access token"] == "expiry unknown, from a test"


def command(folder: Path, name: str, script: str = "exit 0") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("environment", "is_found"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({}, False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, False),
        ({"DISPLAY": "localhost:10.0", "SSH_TTY": "/dev/pts/1"}, False),
        ({"DISPLAY": ":0", "BROWSER": "lynx"}, False),
        ({"DISPLAY": ":0", "BROWSER": "/usr/bin/w3m %s"}, False),
        ({"DISPLAY": ":0", "BROWSER": "no-such-browser"}, False),
    ],
)
def test_a_browser_is_offered_only_with_a_display_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_found: bool
) -> None:
    for name in ("xdg-open", "lynx", "w3m"):
        command(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(environment, "linux") == (["xdg-open"] if is_found else [])


def test_macos_has_its_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(tmp_path, "open")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser({}, "darwin") == ["open"]


async def test_a_browser_gets_the_address_and_its_failure_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    good = command(tmp_path, "good", f'echo noise; echo "$1" > {log}')
    assert await open_in_browser([good], ADDRESS) == "good was asked to open it."
    assert log.read_text().strip() == ADDRESS
    bad = command(tmp_path, "bad", "exit 3")
    assert await open_in_browser([bad], ADDRESS) == "bad could not open it: it ended with status 3."
    assert "could not open it: no such file" in await open_in_browser([str(tmp_path / "none")], ADDRESS)


def test_a_qr_code_in_half_blocks_is_the_code_itself() -> None:
    lines = qr_lines(ADDRESS)
    dark = [[ch in pair for ch in line] for line in lines for pair in ("▀█", "▄█")]
    border = 2
    wanted = [list(map(bool, row)) for row in segno.make(ADDRESS, error="l", boost_error=False).matrix]
    size = len(wanted)
    assert [row[border:-border] for row in dark[border : border + size]] == wanted
    assert not any(any(row) for row in dark[:border] + dark[border + size :])
    assert all(len(line) == size + 2 * border for line in lines)
    assert (fits(lines, 120, 40), fits(lines, 80, 24)) == (True, False)


def test_a_qr_code_is_refused_for_what_is_too_long() -> None:
    with pytest.raises(ValueError, match=r"."):
        qr_lines("x" * 5000)


@pytest.mark.parametrize(
    ("environment", "takes"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color", "TMUX": "x"}, True),
        ({"TERM": "screen", "TMUX": "x"}, True),
        ({"TERM": "screen.xterm", "STY": "x"}, False),
        ({"TERM": "linux"}, False),
        ({}, False),
    ],
)
def test_links_only_where_they_do_no_harm(environment: dict[str, str], takes: bool) -> None:
    assert takes_links(environment) is takes
