"""What others wrote never steers the terminal: only its visible form arrives there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from saved import messages
from terminal_process import OpenTerminal, TerminalProcess

from metis_tui.demo.server import DemoGateway

pytestmark = pytest.mark.terminal
ESCAPES = "\x1b]52;c;aGVsbG8=\x07 \x1b]0;new title\x07 \x1b[2J\x1b[31m"
OTHERS = "\u009b31m \u009d0;title\u009c \u202eevil\u202c \x00\x07\x08\x7f"
HOSTILE = [
    pytest.param(f"before {OTHERS} after", id="without-esc"),
    pytest.param(f"before {ESCAPES} {OTHERS} after", id="with-esc"),
]

# What the application itself sends: CSI, its own OSC 22 (pointer shape) and OSC 8 (links), reverse line feeds, and
# letters as they are (G0 is ASCII, shifted in) before a whole screen.
_OWN = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\](?:22|8);[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[78=>M]|\x1b\(B\x0f")


def assert_harmless(window: TerminalProcess) -> None:
    rest = _OWN.sub(b"", bytes(window.received)).decode()
    assert not re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", rest)
    assert not re.findall("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]", rest)
    assert b"\x1b]52" not in window.received
    assert b"\x1b[2J\x1b[31m" not in window.received
    assert not re.search(rb"\x1b\][012];", bytes(window.received))


def test_a_reply_with_control_characters(on_gateway: OpenTerminal) -> None:
    window = on_gateway("-m", "gemma-4-31B-it")
    window.wait_for("● live")
    window.ask("say it @@control@@")
    window.wait_for_reply(4)
    window.press("ctrl+r")
    window.wait_for("Conversations · 1 of 1")
    window.press("escape", "ctrl+q")
    assert window.wait_exit() == 0
    window.wait_drained()
    assert_harmless(window)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_paste_with_control_characters(on_gateway: OpenTerminal, demo: DemoGateway, home: Path, text: str) -> None:
    window = on_gateway("-m", "gemma-4-31B-it", environment={"VISUAL": "true"})
    window.wait_for("● live")
    window.paste(text)
    window.wait_for("after", seconds=5)
    window.press("enter")
    window.wait_for_reply(4)
    window.press("f4")
    window.wait_for("State folder")
    window.press("escape", "ctrl+r")
    window.wait_for("Conversations · 1 of 1")
    window.press("escape", "ctrl+q")
    assert window.wait_exit() == 0
    window.wait_drained()
    assert_harmless(window)
    saved = messages(home / "data", "user")[0]["text"]
    assert "\x1b" not in saved
    assert "^]" not in saved, "a paste was taken for keys"
    (sent,) = [r.body["messages"][-1]["content"] for r in demo.requests if r.method == "POST"]
    assert sent == messages(home / "data", "user")[0]["text"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_saved_conversation_with_control_characters(on_gateway: OpenTerminal, text: str) -> None:
    """A large paste is saved as it came; it is harmless when it is shown again, in a prompt, title or list."""
    window = on_gateway("-m", "gemma-4-31B-it", environment={"VISUAL": "true"})
    window.wait_for("● live")
    window.paste(text + "\n" + "data " * 6000)
    window.wait_for("⟦paste 1", seconds=5)
    assert "^]" not in window.text, "a paste was taken for keys"
    window.press("enter")
    window.wait_for_reply(4)
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    window.wait_drained()
    assert_harmless(window)
    again = on_gateway("-c")
    again.wait_for_reply()
    again.press("escape", "g", "m")
    again.wait_for("before")
    again.press("ctrl+r")
    again.wait_for("Conversations · 1 of 1")
    again.press("escape", "ctrl+q")
    assert again.wait_exit() == 0
    again.wait_drained()
    assert_harmless(again)
