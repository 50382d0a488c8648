"""What every test starts from: a home of its own and, on request, a running demo gateway."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from metis_tui.demo.server import DemoGateway

# The ordinary suite finds the same on every run; HYPOTHESIS_PROFILE=thorough looks further and elsewhere.
settings.register_profile("ordinary", max_examples=60, derandomize=True, deadline=None, database=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

_PURPOSES = ("CONFIG", "DATA", "STATE", "CACHE", "INDEX")
_FOREIGN = (
    *("METIS_TUI_TOKEN", "ALCF_AI_TOKEN", "METIS_TUI_BASE_URL", "NO_COLOR"),
    *("SSH_CONNECTION", "SSH_TTY", "TEXTUAL_FPS", "TEXTUAL_ANIMATIONS", "TMUX", "STY", "COLUMNS", "LINES"),
    *("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *(name for name in os.environ if name.startswith(("XDG_", "GLOBUS_"))),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; this user's own settings, conversations and access tokens are out of reach."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for purpose in _PURPOSES:
        monkeypatch.setenv(f"METIS_TUI_{purpose}_DIR", str(folder / purpose.lower()))
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", "http://127.0.0.1:9/")  # nobody is there; never the real one
    return folder


@pytest.fixture
def demo() -> Iterator[DemoGateway]:
    """A running demo gateway, quick and without the limit on requests a second."""
    with DemoGateway(throttle=None, speed=20.0, seed=1) as gateway:
        yield gateway
