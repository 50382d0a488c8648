"""The log for support: what is in it, and what never is."""

from __future__ import annotations

import logging
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import Metis

from metis_tui.config import log_file
from metis_tui.config.log_file import redacted

SECRET = "Ag" + "x9" * 30
PROMPT = "a prompt nobody else may read"


@pytest.fixture(autouse=True)
def own_logger() -> Iterator[None]:
    logger = logging.getLogger("metis_tui")
    before = (list(logger.handlers), logger.level, logger.propagate)
    yield
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        "Authorization: Bearer secret-word",
        "Authorization: secret-word",
        "{'refresh_token': 'secret-word'}",
        '"access_token": "secret-word"',
        "https://auth.example/authorize?code=secret-word&state=x",
        "GET /callback?code=secret-word",
        "proxy http://me:secret-word@host:1",
        SECRET,
    ],
)
def test_secrets_are_blotted_out(text: str) -> None:
    told = redacted(f"before {text}")
    assert told.startswith("before ")
    assert "secret-word" not in told
    assert SECRET not in told


def test_ordinary_words_stay() -> None:
    text = "GET /resource_server/metis/jobs: 200 after 12 ms, error id 0123456789abcdef, 3 token counts"
    assert redacted(text) == text


def test_a_good_run_leaves_no_log_and_debug_writes_routes_without_words(metis: Metis, home: Path) -> None:
    path = home / "state" / "metis-tui.log"
    assert metis("ask", "-m", "gpt-oss-120b", PROMPT).code == 0
    assert not path.exists()
    assert metis("--debug", "ask", "-m", "gpt-oss-120b", PROMPT).code == 0
    written = path.read_text()
    assert "metis-tui " in written.splitlines()[0]
    assert "GET /resource_server/list-endpoints: 200 after" in written
    assert "POST /resource_server/metis/api/v1/chat/completions: ended after" in written
    assert PROMPT not in written
    assert metis.gateway is not None
    assert metis.gateway.token not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failure_is_written_without_debug(offline: Metis, home: Path) -> None:
    offline.environment = {"METIS_TUI_TOKEN": "very-secret-value"}
    assert offline("ask", PROMPT).code == 6
    written = (home / "state" / "metis-tui.log").read_text()
    assert "unreachable: 127.0.0.1:9 refused the connection" in written
    assert PROMPT not in written
    assert "very-secret-value" not in written


def test_full_logs_make_room(home: Path) -> None:
    path = home / "state" / "metis-tui.log"
    for number in range(5):
        assert log_file.append(path, f"{number}\n")
        with path.open("ab") as file:
            file.truncate(1_100_000)
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.1", f"{path.name}.2"]


def test_writing_never_waits_for_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(log_file, "append", lambda path, text: goes_on.wait(10))
    log = log_file.start(home / "state", "first")
    began = time.monotonic()
    for number in range(5_000):
        logging.getLogger("metis_tui.gateway").info("line %d", number)
    assert time.monotonic() - began < 2
    assert log._lines.qsize() < 1_100
    goes_on.set()
