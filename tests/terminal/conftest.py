"""Terminals for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from terminal_process import OpenTerminal, TerminalProcess

from metis_tui.demo.server import DemoGateway


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
