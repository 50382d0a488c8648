"""The rooms import downwards only, and nobody pays for a library that it does not use.

The contracts themselves live in pyproject.toml; here they are run, and shown to fail on a wrong import.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from start_watch import read_log

from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, token_files
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.demo.server import DemoGateway
from metis_tui.store.conversation_store import ConversationFiles

PROJECT = Path(__file__).parent.parent
WATCH = Path(__file__).with_name("start_watch.py")
HEAVY = {
    "textual",
    "rich",
    "openai",
    "httpx2",
    "anyio",
    "pydantic",
    "globus_sdk",
    "requests",
    "sqlite3",
    "metis_tui.tui",
}
OF_COMMANDS = {*HEAVY, "asyncio", "ssl", "metis_tui.store", "metis_tui.gateway", "metis_tui.auth", "metis_tui.demo"}
"""What a command that neither talks to the gateway nor looks at conversations has no use for."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(PROJECT / "pyproject.toml", folder)
    shutil.copytree(PROJECT / "metis_tui", folder / "metis_tui", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_all_contracts_hold(copy: Path) -> None:
    checked = lint_imports(copy)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("chat/engine.py", "from metis_tui.config import paths"),
        ("chat/turn.py", "import metis_tui.gateway"),
        ("store/__init__.py", "import metis_tui.auth"),
        ("cli/ask.py", "import metis_tui.tui"),
        ("cli/ask.py", "import textual"),
        ("tui/__init__.py", "import metis_tui.wiring"),
        ("tui/__init__.py", "import openai"),
        ("gateway/__init__.py", "import globus_sdk"),
        ("chat/errors.py", "import sqlite3"),
    ],
)
def test_a_wrong_import_is_found(copy: Path, module: str, line: str) -> None:
    path = copy / "metis_tui" / module
    path.write_text(f"{path.read_text()}\n{line}\n")
    checked = lint_imports(copy)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "BROKEN" in checked.stdout


def test_a_new_room_needs_a_place(copy: Path) -> None:
    (copy / "metis_tui" / "helpers").mkdir()
    (copy / "metis_tui" / "helpers" / "__init__.py").write_text("")
    assert lint_imports(copy).returncode == 1


def watched(log: Path, *arguments: str) -> tuple[set[str], list[Path]]:
    """What the command imported, or tried to, and the files that it opened, in order."""
    subprocess.run(
        [sys.executable, str(WATCH), str(log), "--", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
        cwd=PROJECT,
    )
    events = read_log(log)
    imported = {event.name for event in events if event.kind == "import"}
    return imported, [Path(event.name) for event in events if event.kind != "import"]


def within(modules: set[str], packages: set[str]) -> set[str]:
    return {name for name in modules if any(name == top or name.startswith(f"{top}.") for top in packages)}


@pytest.mark.parametrize(
    ("command", "forbidden", "most_modules"),
    [
        ("--help", {*OF_COMMANDS, "metis_tui.wiring"}, 8),
        ("--version", {*OF_COMMANDS, "metis_tui.wiring"}, 8),
        ("ask --help", {*OF_COMMANDS, "metis_tui.wiring"}, 8),
        ("config path", OF_COMMANDS, 20),
        ("config show", OF_COMMANDS, 20),
        ("history list", {*HEAVY, "metis_tui.gateway", "metis_tui.auth", "urllib.request"}, 45),
    ],
)
def test_light_commands_load_nothing_heavy(
    home: Path, tmp_path: Path, command: str, forbidden: set[str], most_modules: int
) -> None:
    imported, opened = watched(tmp_path / "log", *command.split())
    assert not within(imported, forbidden)
    ours = within(imported, {"metis_tui"})
    assert len(ours) <= most_modules, sorted(ours)
    if "-" in command:
        assert not [path for path in opened if path.is_relative_to(home)]


async def test_a_list_opens_no_conversation(home: Path, tmp_path: Path) -> None:
    store = ConversationFiles(home / "data")
    for _ in range(30):
        conversation = Conversation()
        message = ChatMessage(new_ulid(), None, "user", "hello", conversation.created_ms)
        conversation.add(message)
        await store.append(conversation, message)
    await store.close()
    _, opened = watched(tmp_path / "log", "history", "list", "--limit", "5")
    own = [path for path in opened if path.is_relative_to(home)]
    assert len(own) <= 6, own
    assert sum(path.name == "config.toml" for path in own) == 1
    assert not [path for path in own if path.is_relative_to(home / "data" / "conversations")]


def test_ask_loads_neither_the_widgets_nor_globus_and_reads_no_file_twice(
    home: Path, tmp_path: Path, demo: DemoGateway
) -> None:
    token = token_files(home)[0]
    token.parent.mkdir(parents=True)
    entry = {"access_token": demo.token, "expires_at_seconds": time.time() + 80_000}
    token.write_text(json.dumps({"data": {"DEFAULT": {GATEWAY_RESOURCE_SERVER: entry}}}))
    imported, opened = watched(tmp_path / "log", "ask", "--base-url", demo.url, "-m", "gpt-oss-120b", "hello")
    assert within(imported, {"openai"})
    assert not within(imported, {"textual", "rich", "globus_sdk", "requests", "sqlite3", "metis_tui.tui"})
    assert len(within(imported, {"metis_tui"})) <= 75
    for path, times in ((home / "config" / "config.toml", 1), (home / "state" / "choices.json", 0), (token, 1)):
        assert opened.count(path) == times, path  # with a model named, the last choice is not asked for


@pytest.mark.parametrize("verb", ["token", "status"])
def test_a_good_access_token_is_used_without_globus(home: Path, tmp_path: Path, demo: DemoGateway, verb: str) -> None:
    token = token_files(home)[0]
    token.parent.mkdir(parents=True)
    documents = demo.oauth.issue(access_token_seconds=620)
    token.write_text(json.dumps({"data": {"DEFAULT": documents}, "format_version": "2.0"}))
    imported, opened = watched(tmp_path / "log", "auth", verb, "--base-url", demo.url)
    assert not within(imported, {"textual", "rich", "openai", "globus_sdk", "requests", "sqlite3", "metis_tui.tui"})
    assert bool(within(imported, {"httpx2"})) == (verb == "status")
    assert token in opened
    assert demo.oauth.grants == []
