"""Who draws on the terminal, and that nothing is lost or left when others have it meanwhile."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from saved import messages
from terminal_process import COMMAND, OpenTerminal

pytestmark = pytest.mark.terminal
MODEL = ("-m", "gemma-4-31B-it")
SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
QUESTION = b"\x1b[5n"
CHANGED_HOOK = """
import sys
from textual.app import App
drawn_by_textual = App._display
def _display(self, screen, renderable, more=None):
    drawn_by_textual(self, screen, renderable)
App._display = _display
sys.argv = ["metis-tui", *sys.argv[1:]]
from metis_tui.__main__ import main
sys.exit(main())
"""


def test_a_reply_goes_on_while_an_editor_has_the_terminal(
    on_gateway: OpenTerminal, home: Path, tmp_path: Path
) -> None:
    """What was drawn meanwhile went to a writing thread that had ended, which was taken for a lost terminal."""
    go_on, editor = tmp_path / "go-on", tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\necho the editor is here\nwhile [ ! -e {go_on} ]; do sleep 0.05; done\necho more >> "$1"\n'
    )
    editor.chmod(0o755)
    window = on_gateway(*MODEL, environment={"EDITOR": str(editor), "VISUAL": ""})
    window.wait_for("● live")
    window.ask("Write 300 tokens at 40 tokens/s")
    window.wait_for("Part 1")
    window.press("ctrl+g")
    window.wait_for("the editor is here")
    seen = len(window.received)
    while not messages(home / "data", "assistant"):
        assert window.process.poll() is None, "it ended while the editor was open"
        window.settle(0.1)
    assert b"Part" not in window.received[seen:]
    go_on.touch()
    window.wait_for("more")
    window.wait_for_reply()
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    assert [reply["stop"] for reply in messages(home / "data", "assistant")] == ["stop"]


def test_another_textual_draws_for_itself(on_gateway: OpenTerminal, home: Path) -> None:
    window = on_gateway(*MODEL, command=(sys.executable, "-c", CHANGED_HOOK))
    window.wait_for("● live")
    window.ask("What is 2+2?")
    window.wait_for("2 + 2 = 4")
    window.press("f4")
    window.wait_for("every change is drawn in full")
    window.press("q", "ctrl+q")
    assert window.wait_exit() == 0
    log = (home / "state" / "metis-tui.log").read_text()
    assert "The frugal display is off: " in log
    assert "more" in log


def test_the_settings_leave_drawing_to_textual(on_gateway: OpenTerminal, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('display = "full"\n')
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.ask("What is 2+2?")
    window.wait_for("2 + 2 = 4")
    window.press("f4")
    window.wait_for("every change is drawn in full")
    assert not (home / "state" / "metis-tui.log").exists()


def test_the_line_is_measured_over_ssh_and_f4_tells(on_gateway: OpenTerminal) -> None:
    window = on_gateway(*MODEL, environment=SSH)
    window.wait_for("● live")
    window.ask("Write 300 tokens at 600 tokens/s")
    window.wait_for_reply()
    assert QUESTION in window.received
    window.press("f4")
    window.wait_for("of at most 15 frames/s")
    window.wait_for("round trip")


def test_no_answer_is_left_for_the_shell(on_gateway: OpenTerminal) -> None:
    """The terminal's answers come as keys; those that come after the end would be typed into the shell."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs a shell with job control")
    window = on_gateway(
        command=(shell, "--norc", "--noprofile", "-i"), environment={"PS1": "ready> ", **SSH}, answer_seconds=0.3
    )
    window.wait_for("ready>")
    window.type(" ".join((*COMMAND, *MODEL)) + "\r")
    window.wait_for("● live")
    window.ask("Write 2000 tokens at 100 tokens/s")
    window.wait_for("Part")
    window.press("ctrl+z")
    stopped_at = window.wait_for_bytes(b"ready> ", window.wait_for_bytes(b"Stopped"))
    window.type("fg\r")
    window.wait_for_bytes(b"\x1b[?1049h", stopped_at)
    window.wait_for("streaming")
    asked_at = window.wait_for_bytes(QUESTION, stopped_at)
    window.wait_for_bytes(QUESTION, asked_at)
    window.press("ctrl+q")
    ended_at = window.wait_for_bytes(b"ready> ", window.wait_for_bytes(b"\x1b[?1049l", stopped_at))
    window.type("echo the end\r")
    window.wait_for_bytes(b"\rthe end\r\n", ended_at)
    assert b"0n" not in window.received[ended_at:]
    window.type("exit\r")
    window.wait_exit()


def test_sizes_that_change_faster_than_they_are_drawn(on_gateway: OpenTerminal) -> None:
    """The signal of a change may interrupt the handling of the one before; the older size was then taken last."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.ask("Write 900 tokens at 300 tokens/s")
    window.wait_for("streaming ~")
    for _ in range(15):
        for columns, rows in ((120, 40), (33, 9), (100, 30), (60, 12)):
            window.resize(columns, rows)
        window.wait_for(lambda text: text.split("\n")[9] == "─" * 60)


def test_a_size_that_comes_back_at_once(on_gateway: OpenTerminal) -> None:
    """The terminal may have lost cells on the way, although for the application nothing has changed."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    for _ in range(5):
        window.settle()
        window.scribble(b"\x1b[2J\x1b[5;5Hrubbish")
        window.resize(81, 24)
        window.resize(80, 24)
        window.wait_for(lambda text: "rubbish" not in text and "● live" in text and "Enter sends" in text)


def test_under_gnu_screen_the_terminal_keeps_its_mouse(on_gateway: OpenTerminal) -> None:
    """GNU screen keeps a lone Esc back until the next key while the mouse is asked for."""
    window = on_gateway(*MODEL, environment={"STY": "1.pts", "TERM": "screen-256color"})
    window.wait_for("● live")
    assert b"\x1b[?1000h" not in window.received
    window.press("f6")
    window.wait_for_bytes(b"\x1b[?1000h")


def test_redraw_works_over_other_screens(on_gateway: OpenTerminal) -> None:
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    for key, title in (
        ("f1", "Help"),
        ("f4", "Status"),
        ("ctrl+p", "Choose a model"),
        ("ctrl+r", "No saved conversations"),
    ):
        window.press(key)
        window.wait_for(title)
        window.settle(0.2)
        window.scribble(b"\x1b[2J\x1b[5;5Hrubbish")
        window.press("ctrl+l")
        text = window.wait_for(title)
        assert "rubbish" not in window.wait_for(lambda text: "rubbish" not in text), text
        window.press("escape")
        window.wait_for(lambda text, title=title: title not in text or title == "Help")


def test_nothing_blinks_over_ssh(on_gateway: OpenTerminal) -> None:
    """A blink repaints twice a second over the line; the palette's search did."""
    window = on_gateway(*MODEL, environment=SSH)
    window.wait_for("● live")
    for key, title in (("ctrl+p", "Choose a model"), ("ctrl+r", "No saved conversations")):
        window.press(key)
        window.wait_for(title)
        window.settle(0.3)
        start = len(window.received)
        window.settle(0.8)
        assert not window.received[start:]
        window.press("escape")
        window.wait_for(lambda text, title=title: title not in text)


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [(b"\x181", "Everywhere"), (b"\x1bOQgpt", "│ gpt"), (b"\x18h", "Enter · Esc"), (b"\x1bOSq", "● live")],
)
def test_keys_behind_one_that_opens_a_screen_go_to_that_screen(
    on_gateway: OpenTerminal, keys: bytes, wanted: str
) -> None:
    """In one packet, as over a slow line, they went to the prompt below."""
    window = on_gateway(*MODEL)
    window.wait_for("● live")
    window.send(keys)
    text = window.wait_for(lambda text: wanted in text and "Status" not in text, 5)
    assert not any(line.strip() in ("1", "gpt", "h", "q") for line in text.splitlines())
