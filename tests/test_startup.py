"""Starting in a real terminal: what is loaded before the first paint, and that no file is read twice."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from start_watch import Event, read_log
from terminal_process import TerminalProcess

from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, token_files
from metis_tui.demo.server import DemoGateway

WATCH = Path(__file__).parent / "start_watch.py"
AFTER_FIRST_PAINT = "metis_tui.chat.engine"
"""The first module that the application loads once the screen is there."""

LATER = {
    *("openai", "httpx2", "httpcore2", "anyio", "pydantic", "globus_sdk", "requests", "sqlite3"),
    *("argparse", "gettext", "pyperclip", "importlib.metadata", "urllib.request", "http.client"),
    *("markdown_it", "pygments", "textual.widgets._markdown", "textual.widgets._data_table"),
    *("metis_tui.store", "metis_tui.gateway", "metis_tui.auth", "metis_tui.demo", "metis_tui.chat.engine"),
    *(
        "metis_tui.config.theme_files",
        "metis_tui.tui.palette",
        "metis_tui.tui.rendering",
        "metis_tui.tui.widgets.transcript",
    ),
    *("metis_tui.cli.parser", "metis_tui.cli.diagnostics"),
}
MODULES_OF_OURS_AT_MOST = 70
"""A dozen file system calls each, more on a network disk."""


def start_watched(log: Path, *arguments: str) -> TerminalProcess:
    return TerminalProcess(*arguments, command=(sys.executable, str(WATCH), str(log), "--"))


def sign_in(home: Path, token: str) -> Path:
    path = token_files(home)[0]
    entry = {"access_token": token, "expires_at_seconds": time.time() + 80_000}
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"data": {"DEFAULT": {GATEWAY_RESOURCE_SERVER: entry}}}))
    return path


def before_connecting(events: list[Event]) -> list[Event]:
    names = [event.name for event in events]
    return events[: names.index(AFTER_FIRST_PAINT)]


def test_the_first_paint_waits_for_nothing_but_textual_and_light_modules(
    home: Path, demo: DemoGateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("METIS_TUI_TOKEN", demo.token)
    log = tmp_path / "log"
    with start_watched(log, "--base-url", demo.url) as terminal:
        terminal.wait_for("● live")
    first = before_connecting(read_log(log))
    loaded = {event.name for event in first if event.kind == "import"}
    assert "textual.app" in loaded
    assert not {name for name in loaded for late in LATER if name == late or name.startswith(f"{late}.")}
    ours = {name for name in loaded if name.startswith("metis_tui")}
    assert len(ours) <= MODULES_OF_OURS_AT_MOST, sorted(ours)
    own_files = [event for event in first if Path(event.name).is_relative_to(home)]
    assert [Path(event.name).name for event in own_files] == ["config.toml", "choices.json"]
    assert not [event for event in first if event.kind == "write" and not event.name.startswith("/dev/")]


@pytest.mark.parametrize("options", [(), ("-c",)], ids=["new conversation", "continued"])
def test_settings_choices_token_and_list_are_read_once(
    home: Path, demo: DemoGateway, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """The access token is asked for by two readers at the same time, and was once read by both."""
    token = sign_in(home, demo.token)
    with TerminalProcess("--base-url", demo.url) as terminal:
        terminal.wait_for("● live")
        terminal.ask("hello there")
        terminal.wait_for_reply()
        terminal.press("ctrl+q")
        terminal.wait_exit()
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('theme = "metis-light"\n')
    log = tmp_path / "log"
    with start_watched(log, "--base-url", demo.url, *options) as terminal:
        terminal.wait_for("hello there" if options else "● live")
        terminal.wait_for("● live")
        terminal.press("ctrl+q")
        terminal.wait_exit()
    own = [event for event in read_log(log) if Path(event.name).is_relative_to(home)]
    read = Counter(Path(event.name) for event in own if event.kind == "read")
    journals = {path for path in read if path.parent.name == "activity"}
    assert len(journals) == len(options)
    for path in (home / "config" / "config.toml", home / "state" / "choices.json", token, *journals):
        assert read[path] == 1, path
    assert {path.name for path, count in read.items() if count > 1} <= {"drafts.json"}
    assert not [event for event in own if event.kind == "write"], "a start changes nothing"
