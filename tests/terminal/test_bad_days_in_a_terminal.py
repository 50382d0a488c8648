"""The whole application on a disk that fills up, and under a shell that is killed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from saved import messages
from terminal_process import COMMAND, OpenTerminal, leftovers

pytestmark = pytest.mark.terminal


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill_disk(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(
    on_gateway: OpenTerminal, small_disk: Path
) -> None:
    window = on_gateway("-m", "gemma-4-31B-it", environment={"METIS_TUI_DATA_DIR": str(small_disk / "data")})
    window.wait_for("● live")
    window.ask("hello")
    window.wait_for_reply()
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space"):
        fill_disk(ballast)
    window.ask("Write 900 tokens at 3000 tokens/s")
    window.wait_for("NOT SAVED")
    window.wait_for("the disk is full")
    window.type("typing goes on")
    window.wait_for("typing goes on")
    ballast.unlink()
    window.wait_for(lambda text: "NOT SAVED" not in text and "saved" in text, 30)
    window.press("ctrl+u")
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    prompts = [record["text"] for record in messages(small_disk / "data", "user")]
    replies = messages(small_disk / "data", "assistant")
    assert prompts == ["hello", "Write 900 tokens at 3000 tokens/s"]
    assert len(replies) == 2
    assert replies[1]["stop"] == "stop"
    assert len(replies[1]["text"]) > 2000


def test_the_shell_above_is_killed(on_gateway: OpenTerminal, home: Path) -> None:
    """The terminal is left clean, and what arrived is kept."""
    inner = shlex.join((*COMMAND, "-m", "gemma-4-31B-it"))
    window = on_gateway(command=("bash", "-c", f"{inner}; true"))
    window.wait_for("● live")
    window.ask("Write 9000 tokens at 1000 tokens/s")
    window.wait_for("streaming ~")
    os.kill(window.process.pid, signal.SIGKILL)
    window.wait_exit()
    window.wait_for(lambda _: bool(messages(home / "data", "assistant")), 15)
    window.wait_for(lambda _: not leftovers(bytes(window.received)), 10)
    (reply,) = messages(home / "data", "assistant")
    assert reply["stop"] == "interrupted"
    assert reply["text"]


FAULT = """
import sys
sys.argv = ["metis-tui", *sys.argv[1:]]
from metis_tui.tui.screens.view_actions import ViewActions
def broken(self): raise ZeroDivisionError("the secret of this fault")
ViewActions.action_help = broken
from metis_tui.__main__ import main
sys.exit(main())
"""


def test_a_fault_of_the_application_leaves_the_terminal_clean_and_keeps_the_reply(
    on_gateway: OpenTerminal, home: Path
) -> None:
    window = on_gateway("-m", "gemma-4-31B-it", command=(sys.executable, "-c", FAULT))
    window.wait_for("● live")
    window.ask("Write 9000 tokens at 1000 tokens/s")
    window.wait_for("streaming ~")
    window.press("f1")
    assert window.wait_exit() == 1
    received = window.wait_drained()
    assert leftovers(received) == []
    assert b"Traceback" not in received
    (reply,) = messages(home / "data", "assistant")
    assert reply["stop"] in ("interrupted", "cancelled")
    assert reply["text"]
