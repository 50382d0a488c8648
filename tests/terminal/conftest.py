"""Terminals for the tests, and the way to this room's helpers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from metis_tui.demo.server import DemoGateway

sys.path.insert(0, str(Path(__file__).parent))

from terminal_process import TerminalProcess


class OpenTerminal(Protocol):
    def __call__(self, *arguments: str, **options: Any) -> TerminalProcess: ...


@pytest.fixture
def terminal() -> Iterator[OpenTerminal]:
    """Starts the application in a terminal; what still runs at the end of the test is killed."""
    with ExitStack() as opened:

        def start(*arguments: str, **options: Any) -> TerminalProcess:
            return opened.enter_context(TerminalProcess(*arguments, **options))

        yield start


@pytest.fixture
def on_gateway(terminal: OpenTerminal, demo: DemoGateway, monkeypatch: pytest.MonkeyPatch) -> OpenTerminal:
    """Starts the application on a demo gateway that the test can look into."""
    monkeypatch.setenv("METIS_TUI_BASE_URL", demo.url)
    monkeypatch.setenv("METIS_TUI_TOKEN", demo.token)
    return terminal
