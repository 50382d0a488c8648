"""Every byte that the terminal gets is printable text or a sequence that the application makes, whatever others send.

The source on disk stays exact, and keys are echoed while hostile text arrives.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from byte_check import read
from hostile_gateway import HostileGateway
from hostile_text import ALL_IN_ONE, COMMANDS, PIECES, hostile_deltas
from hypothesis import given, settings
from hypothesis import strategies as st
from saved import messages
from terminal_process import TerminalProcess

from metis_tui.demo.server import DemoGateway

pytestmark = pytest.mark.terminal
LONGEST_FREEZE_SECONDS = 0.5
MODEL = ("-m", "gemma-4-31B-it")
DISPLAYS = ["frugal", "full"]


@pytest.fixture
def gateway(demo: DemoGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileGateway]:
    with HostileGateway(demo.url) as hostile:
        monkeypatch.setenv("METIS_TUI_BASE_URL", hostile.url)
        monkeypatch.setenv("METIS_TUI_TOKEN", demo.token)
        yield hostile


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def with_hostile_names(path: str, body: bytes) -> bytes:
    """Every answer with a model and people that are called what nobody is called."""
    evil = json.dumps(ALL_IN_ONE)[1:-1].encode()
    for name in (b"AuroraGPT-IT-v4-0125", b"Demo", b"demo@"):
        body = body.replace(name, name.rstrip(b"@") + evil + name[len(name.rstrip(b"@")) :])
    return body


def is_over(text: str) -> bool:
    return "the end" in text and re.search(r"context ~?\d", text) is not None


def configure(home: Path, text: str) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text(text)


def quit_and_check(window: TerminalProcess) -> None:
    window.press("ctrl+q")
    assert window.wait_exit() == 0, window.text
    check(window)


def check(window: TerminalProcess) -> None:
    found = read(window.wait_drained())
    assert not found.foreign[:5]
    assert found.byte_count == len(window.received)


@pytest.mark.parametrize("display", DISPLAYS)
def test_replies_and_reasoning(gateway: HostileGateway, home: Path, opened: ExitStack, display: str) -> None:
    configure(home, f'display = "{display}"\n')
    sent = [*hostile_deltas(60_000, 7, 900, with_freezers=False)]
    gateway.reasoning = lambda: [f"{ALL_IN_ONE} thinking"]
    gateway.reply = lambda: sent
    window = opened.enter_context(TerminalProcess(*MODEL))
    window.wait_for("● live")
    window.ask("go")
    window.wait_for(is_over, 30)
    window.press("escape", "t", "k", "k", "g", " ", " ", "m", " ", "G", "i")
    window.press("f4")
    window.wait_for("State folder")
    window.press("escape", "ctrl+r")
    window.wait_for("Conversations · 1 of 1")
    window.press("escape")
    quit_and_check(window)
    (reply,) = messages(home / "data", "assistant")
    assert reply["text"] == "".join(sent).replace("\x00", "\u2400")


@pytest.mark.parametrize("display", DISPLAYS)
def test_names_states_notices_and_errors(
    gateway: HostileGateway, demo: DemoGateway, home: Path, opened: ExitStack, display: str
) -> None:
    """A catalogue, an identity and an error body in which every text is hostile, also as markup."""
    evil = '"' + "".join(f"\\U{ord(character):08x}" for character in ALL_IN_ONE) + '"'
    configure(home, f'display = "{display}"\ntheme = {evil}\n{evil} = 1\n')
    demo.set_maintenance("sophia", "[/bold] until Tuesday")
    gateway.changed = with_hostile_names
    window = opened.enter_context(TerminalProcess(*MODEL))
    window.wait_for("● live")
    gateway.error = json.dumps({"error": {"message": ALL_IN_ONE, "type": ALL_IN_ONE, "code": ALL_IN_ONE}}).encode()
    window.ask("go")
    window.wait_for("✕")
    window.press("f2")
    window.wait_for("Enter use")
    window.type("aurora")
    window.wait_for("argonne/AuroraGPT-IT-v4-0125␛")
    window.press("escape", "escape", "f4")
    window.wait_for("State folder")
    window.press("escape", "ctrl+p")
    window.paste(ALL_IN_ONE)
    window.settle()
    window.press("escape", "escape", "ctrl+r")
    window.wait_for("Conversations")
    window.press("/")
    window.paste(ALL_IN_ONE)
    window.settle()
    window.press("escape", "escape", "escape", "ctrl+f")
    window.paste(ALL_IN_ONE)
    window.settle()
    window.press("escape", "escape")
    quit_and_check(window)


def test_the_command_line(gateway: HostileGateway, home: Path, tmp_path: Path, opened: ExitStack) -> None:
    """`ask`, `models`, `status`, `auth status` and the history on a terminal."""
    gateway.changed = with_hostile_names
    gateway.reply = lambda: [*COMMANDS, *COMMANDS]
    attached = tmp_path / "evil\x1b[31m.txt"
    attached.write_text(ALL_IN_ONE.replace("\x00", ""))

    def run(*arguments: str) -> str:
        window = opened.enter_context(TerminalProcess(*arguments, size=(200, 50)))
        window.wait_exit()
        check(window)
        return bytes(window.received).decode()

    run("ask", *MODEL, "-f", str(attached), "say it")
    run("ask", *MODEL, "--json", ALL_IN_ONE.replace("\x00", ""))
    for command in (("models",), ("status",), ("auth", "status")):
        run(*command)
    for conversation in {path.name.split(".")[0] for path in (home / "data" / "conversations").rglob("*.jsonl")}:
        assert "␛" in run("history", "show", conversation)
    gateway.error = json.dumps({"error": {"message": ALL_IN_ONE}}).encode()
    run("ask", *MODEL, "say it")


def test_two_megabytes_stream_without_a_freeze(gateway: HostileGateway, home: Path, opened: ExitStack) -> None:
    """A key typed while they arrive is seen within half a second."""
    sent = list(hostile_deltas(2_000_000, 3, 20_000))
    gateway.reply = lambda: sent
    window = opened.enter_context(TerminalProcess(*MODEL))
    window.wait_for("● live")
    window.ask("go")
    longest = 0.0
    for letter in "abcdefghij" * 30:
        if is_over(window.text):
            break
        window.type(letter)
        began = time.monotonic()
        window.wait_for(lambda text, letter=letter: f"{letter} " in text.splitlines()[-2] + " ", 10)
        longest = max(longest, time.monotonic() - began)
    window.wait_for(is_over, 30)
    assert longest < 2 * LONGEST_FREEZE_SECONDS, longest  # twice: the test machine has other things to do
    window.press("ctrl+c")
    quit_and_check(window)
    (reply,) = messages(home / "data", "assistant")
    assert reply["text"] == "".join(sent).replace("\x00", "\u2400")


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=20), max_size=30).map("".join))
@settings(max_examples=150)
def test_the_check_finds_what_the_sanitiser_forbids(text: str) -> None:
    """The judge is strict: each command alone is found, and nothing sanitised is."""
    from metis_tui.chat.printable import printable

    shown = printable(text).replace("\t", " ")  # widgets make spaces of tabs
    assert not read(shown.encode()).foreign
