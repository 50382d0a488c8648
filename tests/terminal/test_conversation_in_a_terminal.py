"""What a user does in a real terminal: type, watch, stop, leave, come back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from saved import letters, messages
from terminal_process import COMMAND, OpenTerminal, leftovers

from metis_tui.demo.server import DemoGateway

pytestmark = pytest.mark.terminal
MODEL = ("-m", "gemma-4-31B-it")


def test_type_stream_stop_quit_and_continue(terminal: OpenTerminal, home: Path) -> None:
    first = terminal("--demo", *MODEL)
    first.wait_for("● live")
    first.ask("What is 2+2?")
    first.wait_for("2 + 2 = 4")
    first.wait_for("· stop")
    first.ask("Write 4000 tokens at 200 tokens/s")
    first.wait_for("streaming ~")
    first.press("escape")
    first.wait_for("stopped by you")
    last_words = [line.strip() for line in first.lines if line.startswith("   ")][-3:]
    first.press("ctrl+q")
    assert first.wait_exit() == 0
    assert leftovers(first.wait_drained()) == []

    prompts = messages(home / "data" / "demo", "user")
    replies = messages(home / "data" / "demo", "assistant")
    assert [prompt["text"] for prompt in prompts] == ["What is 2+2?", "Write 4000 tokens at 200 tokens/s"]
    assert [reply["stop"] for reply in replies] == ["stop", "cancelled"]

    again = terminal("--demo", "-c")
    again.wait_for("stopped by you")
    text = again.wait_for("gemma-4-31B-it@metis ● live")
    assert all(words in text for words in last_words)
    again.press("escape", "g")
    again.wait_for("2 + 2 = 4")
    again.press("ctrl+q")
    assert again.wait_exit() == 0


def test_ctrl_j_makes_a_new_line(on_gateway: OpenTerminal, demo: DemoGateway) -> None:
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.type("first")
    window.wait_for(" first")
    window.press("ctrl+j")
    window.wait_for(lambda text: "\n first\n\n" in text)
    window.type("second")
    window.wait_for(" first\n second")
    window.press("enter")
    window.wait_for_reply()
    (body,) = [request.body for request in demo.requests if request.method == "POST"]
    assert body["messages"][-1]["content"] == "first\nsecond"


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ("first\nsecond\r", "first\nsecond"),
        ("abc\x7fd\r", "abd"),
        ("ac\x1b[Db\r", "abc"),
        ("hello\rworld", "hello"),
    ],
)
def test_keys_that_arrive_together_keep_their_order(
    on_gateway: OpenTerminal, demo: DemoGateway, keys: str, sent: str
) -> None:
    """A slow line delivers many keys in one packet."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.type(keys)
    demo.log.wait_for(lambda requests: any(r.method == "POST" for r in requests), 3)
    bodies = [r.body for r in demo.requests if r.method == "POST"]
    assert [body["messages"][-1]["content"] for body in bodies] == [sent]


@pytest.mark.parametrize(
    ("opening", "shown", "keys"),
    [
        ("ctrl+x", "1  Help", b"\x1b[A\x1b[B\x1b[A"),
        ("f1", "Esc closes", b"qqq"),
        ("f1", "Esc closes", b"\r\r\r"),
        ("ctrl+r", "Conversations", b"\x12\x12\x12\x12"),
    ],
)
def test_keys_that_close_something_more_than_once(
    on_gateway: OpenTerminal, opening: str, shown: str, keys: bytes
) -> None:
    """The second one, in the same packet, closed the screen below, which ended the application."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.press(opening)
    window.wait_for(shown)
    window.send(keys)
    window.settle()
    window.press("escape", "escape")
    window.wait_for("● live")
    window.press("i")
    window.type("still here")
    window.wait_for("still here", seconds=3)


def test_a_prompt_sent_before_anything_is_connected(on_gateway: OpenTerminal) -> None:
    window = on_gateway(*MODEL)
    window.wait_for("F1 help")
    window.type("What is 2+2?\r")
    window.wait_for("2 + 2 = 4", seconds=3)


@pytest.mark.parametrize(
    "keys",
    [
        b"\x1b\r",
        b"\x1b[13;2u",
        b"\x1b[13;3u",
        b"\x1b[13;5u",
    ],
)
def test_enter_with_a_modifier_makes_a_new_line(on_gateway: OpenTerminal, demo: DemoGateway, keys: bytes) -> None:
    """Plain terminals send Alt+Enter as ESC CR; others tell Shift, Alt and Ctrl apart when asked to."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.type("first")
    window.wait_for(" first")
    window.send(keys)
    window.wait_for(lambda text: "\n first\n\n" in text, seconds=3)
    window.type("second")
    window.wait_for(" first\n second")
    assert not any(request.method == "POST" for request in demo.requests)


def test_a_size_that_changes_while_a_reply_streams(on_gateway: OpenTerminal, home: Path) -> None:
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.ask("Write 700 tokens at 300 tokens/s")
    window.wait_for("streaming ~")
    for columns, rows in ((120, 40), (40, 12), (80, 24), (33, 9), (120, 40)):
        window.resize(columns, rows)
        window.wait_for(lambda text, wanted="─" * columns, rows=rows: text.split("\n")[rows - 3] == wanted)
    window.wait_for(lambda text: "streaming" not in text)
    (reply,) = messages(home / "data", "assistant")
    end = letters(reply["text"])[-200:]
    window.resize(80, 24)
    window.wait_for(lambda text: end in letters(text))
    window.press("ctrl+q")
    assert window.wait_exit() == 0


def test_a_terminal_of_20x5(on_gateway: OpenTerminal, demo: DemoGateway, home: Path) -> None:
    window = on_gateway(*MODEL, size=(20, 5))
    window.wait_for("● live")
    window.type("What is 2+2?")
    window.press("enter")
    assert demo.log.wait_for(lambda requests: any(r.method == "POST" and r.is_finished for r in requests), 10)
    for key in ("f2", "f1", "f4", "ctrl+r"):
        window.press(key, "escape")
    window.resize(80, 24)
    window.wait_for("2 + 2 = 4")
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    assert [m["stop"] for m in messages(home / "data", "assistant")] == ["stop"]


def test_the_prompt_is_in_view_in_a_terminal_of_20x5(on_gateway: OpenTerminal) -> None:
    window = on_gateway(*MODEL, size=(20, 5))
    window.wait_for("● live")
    window.type("can you see me")
    window.wait_for("can you see me", seconds=3)


def test_suspend_and_come_back(on_gateway: OpenTerminal, home: Path) -> None:
    """Ctrl+Z goes to the shell, which finds its terminal clean; fg brings everything back."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs a shell with job control")
    window = on_gateway(command=(shell, "--norc", "--noprofile", "-i"), environment={"PS1": "ready> "})
    window.wait_for("ready>")
    window.type(" ".join((*COMMAND, *MODEL)) + "\r")
    window.wait_for("● live")
    window.type("What is 2")
    window.wait_for("What is 2")
    window.press("ctrl+z")
    stopped_at = window.wait_for_bytes(b"Stopped")
    window.wait_for_bytes(b"ready> ", stopped_at)
    assert leftovers(bytes(window.received[:stopped_at])) == []
    window.type("echo it is $((40 + 2))\r")
    window.wait_for_bytes(b"it is 42\r\n", stopped_at)
    window.type("fg\r")
    window.wait_for_bytes(b"\x1b[?1049h", stopped_at)
    window.wait_for(" What is 2\n")
    window.ask("+2?")
    window.wait_for("2 + 2 = 4")
    window.press("ctrl+q")
    window.wait_for_bytes(b"ready> ", window.wait_for_bytes(b"\x1b[?1049l", stopped_at))
    window.type("exit $?\r")
    assert window.wait_exit() == 0
    assert messages(home / "data", "user")[0]["text"] == "What is 2+2?"
