"""After a journey the terminal shows, cell by cell, what painting everything again would show."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from cell_check import check, differences, scribble
from terminal_process import COMMAND, OpenTerminal, TerminalProcess

pytestmark = pytest.mark.terminal
MODEL = ("-m", "gemma-4-31B-it")
SYNCHRONIZED_OUTPUT = 2026
EVERYTHING = "everything you can on 日本語 e\u0301 and 🎉"
"""The demo answers with headings, lists, a table, code and mathematics about what is asked."""
HELP = "Esc closes"
LONG = "Write 900 tokens about 日本語, cafe\u0301 and 🎉 at 1500 tokens/s"


def opened(start: OpenTerminal, size: tuple[int, int] = (80, 24), **options: object) -> TerminalProcess:
    name = "xterm-256color" if options.get("is_erasing_in_colour", True) else "screen-256color"
    environment = {"TERM": name, "COLORTERM": "truecolor", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    window = start(*MODEL, size=size, environment=environment, **options)
    window.wait_for("● live")
    return window


def wait_until_over(window: TerminalProcess) -> None:
    window.wait_for(lambda text: re.search(r"context \S+/131k|ctx \d", text) and "saved" in text)


def assert_right(window: TerminalProcess) -> None:
    verdict = check(window, quiet_seconds=0.15)
    assert verdict.is_repainted, "Ctrl+L was not answered with a repaint"
    assert not verdict.wrong_cells, "\n".join(verdict.report)


@pytest.mark.parametrize(("size", "is_erasing_in_colour"), [((80, 24), True), ((120, 40), False)])
def test_replies_and_scrolling(on_gateway: OpenTerminal, size: tuple[int, int], is_erasing_in_colour: bool) -> None:
    """Text, code, tables, wide and combining characters and emoji; paged and scrolled by the wheel."""
    window = opened(on_gateway, size, is_erasing_in_colour=is_erasing_in_colour, known_modes=[SYNCHRONIZED_OUTPUT])
    window.ask(EVERYTHING)
    wait_until_over(window)
    window.press("ctrl+n")
    window.wait_for("Type a prompt")
    window.ask(LONG)
    wait_until_over(window)
    assert_right(window)
    window.press("pageup", "pageup", "pageup", "pagedown", "pageup")
    window.send(b"\x1b[<64;10;5M" * 5 + b"\x1b[<65;10;5M" * 2)
    window.wait_for("▼ more")
    assert_right(window)


def test_a_size_that_changes_while_a_reply_streams(on_gateway: OpenTerminal) -> None:
    window = opened(on_gateway)
    window.ask(LONG)
    window.wait_for("streaming")
    for columns, rows in ((100, 30), (60, 15), (120, 40), (33, 9), (80, 24)):
        window.resize(columns, rows)
        window.wait_for("─" * columns)
    wait_until_over(window)
    assert_right(window)


def test_overlays_themes_and_a_selection_over_a_streaming_reply(on_gateway: OpenTerminal) -> None:
    window = opened(on_gateway, (120, 40))
    window.ask(LONG.replace("1500", "700"))
    window.wait_for("Part 1")
    window.press("f2")
    window.wait_for("Models")
    window.press("escape", "f1")
    window.wait_for(HELP)
    window.press("escape")
    window.wait_for(lambda text: HELP not in text)
    window.press("ctrl+x")
    window.wait_for("1  Help")
    window.press("h")
    window.wait_for("Enter · Esc")
    window.press("down", "down", "enter")
    window.wait_for(lambda text: "Enter · Esc" not in text)
    window.send(b"\x1b[<0;8;6M" + b"".join(b"\x1b[<32;%d;%dM" % (8 + n, 6 + n) for n in range(9)) + b"\x1b[<0;16;14m")
    wait_until_over(window)
    assert_right(window)


def test_the_shell_and_an_editor_had_the_terminal(on_gateway: OpenTerminal, tmp_path: Path) -> None:
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs a shell with job control")
    editor, rubbish_file = tmp_path / "editor", tmp_path / "rubbish"
    rubbish_file.write_bytes(scribble(80, 24))
    editor.write_text(f"#!/bin/sh\ncat {rubbish_file}\nread line\n")
    editor.chmod(0o755)
    variables = {"PS1": "ready> ", "EDITOR": str(editor), "VISUAL": "", "COLORTERM": "truecolor"}
    window = on_gateway(command=(shell, "--norc", "--noprofile", "-i"), environment=variables)
    window.wait_for("ready>")
    window.type(" ".join((*COMMAND, *MODEL)) + "\r")
    window.wait_for("● live")
    window.ask(LONG)
    window.wait_for("Part 1")
    window.press("ctrl+z")
    stopped_at = window.wait_for_bytes(b"ready> ", window.wait_for_bytes(b"Stopped"))
    window.type("fg\r")
    window.wait_for_bytes(b"\x1b[?1049h", stopped_at)
    wait_until_over(window)
    assert_right(window)
    window.press("ctrl+g")
    window.wait_for("#%~")
    window.type("\r")
    window.wait_for("● live")
    assert_right(window)


def test_redraw_mends_what_others_drew(on_gateway: OpenTerminal) -> None:
    """One cell is found out; escape sequences out of a log leave more: the pen and the scroll region too."""
    window = opened(on_gateway)
    window.settle(0.3)
    meant = window.cells()
    window.scribble(b"\x1b[4;9H\x1b[31m?")
    verdict = check(window)
    assert verdict.wrong_cells == 1
    assert "row 4, 1 cells from column 9" in verdict.report[0]
    window.scribble(scribble(80, 24))
    start = len(window.received)
    window.press("ctrl+l")
    window.wait_for_more(start)
    window.settle()
    assert not differences(window.cells(), meant)
