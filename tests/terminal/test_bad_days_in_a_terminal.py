"""The whole application on a disk that fills up or takes nothing, twice on one conversation, under a killed shell."""

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
from small_disk import mounted
from terminal_process import COMMAND, OpenTerminal, leftovers

pytestmark = pytest.mark.terminal


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", kilobytes=256) as folder:
        yield folder


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


@pytest.mark.parametrize("is_new", [True, False])
def test_a_read_only_home_is_told_and_what_is_there_is_read(
    on_gateway: OpenTerminal, small_disk: Path, is_new: bool
) -> None:
    """What is said meanwhile is saved when the home can be written again."""
    folders = {
        f"METIS_TUI_{name}_DIR": str(small_disk / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")
    }
    variables = {"HOME": str(small_disk), **folders}
    if not is_new:
        before = on_gateway("-m", "gemma-4-31B-it", environment=variables)
        before.wait_for("● live")
        before.ask("hello")
        before.wait_for_reply()
        before.press("ctrl+q")
        assert before.wait_exit() == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    window = on_gateway("-m", "gemma-4-31B-it", "-c", environment=variables)
    window.wait_for("NOT SAVED: the folder is read-only")
    window.wait_for("● live")
    if not is_new:
        window.wait_for("Hello! I am")
    window.ask("Write 30 tokens at 1000 tokens/s")
    window.wait_for_reply()
    window.press("ctrl+q")
    window.wait_for("quit and lose")
    window.press("escape")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    window.wait_for(lambda text: "NOT SAVED" not in text and "saved" in text, 30)
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    assert leftovers(window.wait_drained()) == []
    assert len(messages(small_disk / "data")) == (2 if is_new else 4)


def test_a_run_that_keeps_nothing_does_not_claim_to_save(on_gateway: OpenTerminal) -> None:
    window = on_gateway("-m", "gemma-4-31B-it", "--no-save")
    shown = window.wait_for("Nothing of this is kept on your own disk")
    assert "saved on your own" not in shown
    window.wait_for("● live")
    window.press("f4")
    window.wait_for("nothing is kept on disk, as you asked for")


def test_two_windows_on_one_conversation(on_gateway: OpenTerminal, home: Path) -> None:
    """Both write at once, one of them dies, and nothing of either is lost."""
    left = on_gateway("-m", "gemma-4-31B-it")
    left.wait_for("● live")
    left.ask("hello")
    left.wait_for_reply()
    left.wait_for("saved")
    right = on_gateway("-m", "gemma-4-31B-it", "-c")
    right.wait_for("● live")
    right.wait_for("hello")
    left.ask("Write 2500 tokens at 1000 tokens/s")
    right.ask("Write 9000 tokens at 1000 tokens/s")
    left.wait_for("streaming ~")
    right.wait_for("streaming ~")
    left.wait_for(lambda text: "streaming" not in text and "saved" in text)
    right.kill(signal.SIGKILL)
    right.wait_exit()
    again = on_gateway("-c")
    again.wait_for("recovered")
    again.press("ctrl+q")
    assert again.wait_exit() == 0
    assert len({path.name.split(".")[0] for path in (home / "data" / "conversations").rglob("*.jsonl")}) == 1
    prompts = {record["text"]: record["id"] for record in messages(home / "data", "user")}
    replies = {record["parent"]: record for record in messages(home / "data", "assistant")}
    assert len(prompts) == len(replies) == 3
    assert replies[prompts["Write 2500 tokens at 1000 tokens/s"]]["stop"] == "stop"
    assert replies[prompts["Write 9000 tokens at 1000 tokens/s"]]["stop"] == "interrupted"


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
