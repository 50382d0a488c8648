"""The rooms import downwards only, and nobody pays for a library that it does not use.

The contracts themselves live in pyproject.toml; here they are run, and shown to fail on a wrong import.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from metis_tui.demo.server import DemoGateway

PROJECT = Path(__file__).parent.parent
HEAVY = {"textual", "rich", "openai", "httpx", "httpx2", "globus_sdk"}


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


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that are loaded when the command ends."""
    program = (
        "import sys\n"
        f"sys.argv = ['metis-tui', *{list(arguments)!r}]\n"
        "from metis_tui.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write('\\nMODULES ' + ' '.join({name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=PROJECT,
    )
    return set(done.stderr.rsplit("MODULES ", 1)[1].split())


@pytest.mark.parametrize(
    "command",
    [["--help"], ["--version"], ["ask", "--help"], ["history", "list"], ["config", "show"], ["config", "path"]],
    ids=" ".join,
)
def test_light_commands_load_nothing_heavy(command: list[str]) -> None:
    assert not HEAVY & loaded_by(*command)


@pytest.mark.parametrize("command", [["--help"], ["--version"]], ids=" ".join)
def test_help_does_not_even_load_the_event_loop(command: list[str]) -> None:
    assert not {"asyncio", "json", "platformdirs"} & loaded_by(*command)


def test_ask_loads_neither_the_widgets_nor_globus(demo: DemoGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METIS_TUI_TOKEN", demo.token)
    loaded = loaded_by("ask", "--base-url", demo.url, "-m", "gpt-oss-120b", "hello")
    assert "openai" in loaded
    assert not {"textual", "rich", "globus_sdk"} & loaded
