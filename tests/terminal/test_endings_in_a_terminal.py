"""Processes that are killed, told to end, or lose their terminal in the middle of a reply."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from saved import letters, messages
from terminal_process import COMMAND, PROJECT, OpenTerminal, TerminalProcess, leftovers

from metis_tui.demo.server import DemoGateway

pytestmark = pytest.mark.terminal
PROMPT = "Write 20000 tokens at 1000 tokens/s"


def streaming(start: OpenTerminal, **options: bool) -> TerminalProcess:
    """An application in the middle of a long reply."""
    window = start("-m", "gemma-4-31B-it", **options)
    window.wait_for("● live")
    window.ask(PROMPT)
    window.wait_for("streaming ~")
    window.wait_for(lambda text: text.count("\n   ") > 12)
    return window


def seen(window: TerminalProcess) -> str:
    """The end of the reply as it is on screen now, without its last line, which may be half drawn."""
    return letters("".join(line for line in window.whole_frame() if line.startswith("   "))[:-80])[-240:]


def test_a_killed_process_loses_at_most_a_second(on_gateway: OpenTerminal, home: Path) -> None:
    window = streaming(on_gateway)
    shown = seen(window)
    shown_at = time.monotonic()
    while time.monotonic() - shown_at < 1.0:
        window.wait_for("streaming")
        time.sleep(0.05)
    window.kill(signal.SIGKILL)
    assert window.wait_exit() == -signal.SIGKILL

    again = on_gateway("-c")
    again.wait_for("interrupted: the program ended while it streamed")
    again.wait_for("recovered")
    (prompt,), (reply,) = messages(home / "data", "user"), messages(home / "data", "assistant")
    assert prompt["text"] == PROMPT
    assert reply["stop"] == "interrupted"
    assert shown in letters(reply["text"])
    assert letters(reply["text"])[-100:] in letters(again.text)
    again.press("escape", "g")
    again.wait_for(PROMPT)
    again.press("ctrl+q")
    assert again.wait_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_everything_and_leaves_the_terminal_clean(
    on_gateway: OpenTerminal, home: Path, number: signal.Signals
) -> None:
    window = streaming(on_gateway)
    shown = seen(window)
    window.kill(number)
    assert window.wait_exit(8) == 128 + number
    assert leftovers(window.wait_drained()) == []
    (reply,) = messages(home / "data", "assistant")
    assert reply["stop"] == "interrupted"
    assert shown in letters(reply["text"])
    assert not list((home / "data").rglob("*.partial"))


@pytest.mark.parametrize("is_told", [True, False])
def test_a_process_without_a_terminal_ends(
    on_gateway: OpenTerminal, demo: DemoGateway, home: Path, is_told: bool
) -> None:
    """The window is closed or the line is cut; not every process is told so by a signal."""
    window = streaming(on_gateway, is_controlling=is_told)
    shown = seen(window)
    window.close()
    code = window.wait_exit(6)
    if is_told:
        assert code == 128 + signal.SIGHUP
    assert demo.log.wait_for(lambda requests: any(r.closed_by_client for r in requests), 5)
    (reply,) = messages(home / "data", "assistant")
    assert reply["stop"] == "interrupted"
    assert shown in letters(reply["text"])


def test_a_full_queue_to_a_lost_terminal_does_not_deafen_the_process(on_gateway: OpenTerminal, home: Path) -> None:
    """Writing failed before any signal came: drawing went on into a queue that nobody emptied."""
    window = streaming(on_gateway, is_controlling=False)
    window.close()
    time.sleep(3)  # dozens of frames
    if window.process.poll() is None:
        window.kill(signal.SIGTERM)
    window.wait_exit(6)
    assert messages(home / "data", "assistant")[0]["stop"] == "interrupted"


def test_a_signal_while_an_editor_has_the_terminal(on_gateway: OpenTerminal, home: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'the editor is here'\nread line\n")
    editor.chmod(0o755)
    window = on_gateway("-m", "gemma-4-31B-it", environment={"EDITOR": str(editor), "VISUAL": ""})
    window.wait_for("● live")
    window.ask(PROMPT)
    window.wait_for("streaming ~")
    window.press("ctrl+g")
    window.wait_for_bytes(b"the editor is here")
    window.kill(signal.SIGTERM)
    assert window.wait_exit(8) == 128 + signal.SIGTERM
    assert leftovers(window.wait_drained()) == []
    assert messages(home / "data", "assistant")[0]["stop"] == "interrupted"


def test_without_a_terminal_there_is_a_hint(home: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert done.returncode == 2
    assert b"metis-tui ask" in done.stderr
    assert done.stdout == b""
