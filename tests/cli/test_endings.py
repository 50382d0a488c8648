"""How the program ends when something goes wrong that nobody foresaw."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from metis_tui import __main__, wiring
from metis_tui.chat import errors
from metis_tui.cli import diagnostics, failure_log
from metis_tui.cli.diagnostics import ExitCode, exit_code
from metis_tui.config.settings import Settings

SECRET = "Ag" + "x9" * 30


def ending_with(monkeypatch: pytest.MonkeyPatch, error: BaseException, *arguments: str) -> int:
    def run(options: object) -> int:
        raise error

    monkeypatch.setattr("sys.argv", ["metis-tui", *arguments, "config", "path"])
    monkeypatch.setattr(wiring, "run", run)
    return __main__.main()


def test_a_fault_is_one_line_and_the_traceback_goes_to_a_private_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setenv("METIS_TUI_TOKEN", "short-secret")
    assert ending_with(monkeypatch, RuntimeError(f"no luck with short-secret and Bearer {SECRET}")) == 1
    err = capsys.readouterr().err
    log = home / "state" / "metis-tui.log"
    assert "Traceback" not in err
    assert str(log) in err
    written = log.read_text()
    assert "Traceback" in written
    assert "RuntimeError: no luck" in written
    for text in (err, written):
        assert SECRET not in text
        assert "short-secret" not in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_log_never_grows_without_end(home: Path) -> None:
    log = home / "state" / "metis-tui.log"
    log.parent.mkdir()
    log.write_bytes(b"x" * 1_100_000)
    failure_log.report(RuntimeError("again"))
    assert log.stat().st_size < 10_000


def test_a_state_folder_that_cannot_be_written_hides_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "state").write_text("a file")
    assert failure_log.report(RuntimeError("again")) == ExitCode.ERROR
    assert "again" in capsys.readouterr().err


def test_ctrl_c_before_anything_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending_with(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_every_kind_of_failure_has_its_exit_code() -> None:
    kinds = {"sign_in_needed": 3, "sign_in_lapsed": 3, "maintenance": 4, "rate_limited": 5, "unreachable": 6}
    kinds |= {"token_inactive": 3, "wrong_identity": 3, "sign_in_failed": 3, "identity_differs": 3}
    kinds |= {
        "reply_incomplete": 7,
        "sign_in_service": 1,
        "gateway": 1,
        "access_denied": 1,
        "context_too_long": 1,
        "save_failed": 1,
    }
    found = {
        error.kind: int(exit_code(error.__new__(error)))
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.ChatError)
    }
    assert kinds.items() <= found.items()


def test_failures_are_safe_for_the_terminal_and_name_no_keys(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (errors.ModelNotLive("\x1b[2Jgone\nsecond"), errors.UpstreamFailure("x"), errors.ModelUnknown("x")):
        diagnostics.fail(error)
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "F2" not in err
    assert len(err.splitlines()) == 6


@pytest.mark.parametrize(
    ("variables", "settings", "fps", "animations"),
    [
        ({}, Settings(), None, None),
        ({"SSH_CONNECTION": "x"}, Settings(), None, "none"),  # the frugal display keeps the pace itself
        ({"SSH_CONNECTION": "x"}, Settings(display="full"), "15", "none"),
        ({"SSH_TTY": "x"}, Settings(frames_per_second=30), "30", "none"),
        ({"SSH_TTY": "x"}, Settings(display="full", line="fast"), None, "none"),
        ({}, Settings(display="full", line="slow"), "15", "none"),
        (
            {"SSH_TTY": "x", "TEXTUAL_FPS": "5", "TEXTUAL_ANIMATIONS": "basic"},
            Settings(display="full"),
            "5",
            "basic",
        ),
        ({}, Settings(frames_per_second=24), "24", None),
    ],
)
def test_over_a_slow_line_there_are_fewer_frames_and_no_animation(
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    settings: Settings,
    fps: str | None,
    animations: str | None,
) -> None:
    environment = dict(variables)
    monkeypatch.setattr("os.environ", environment)
    wiring.suit_the_line(settings)
    assert (environment.get("TEXTUAL_FPS"), environment.get("TEXTUAL_ANIMATIONS")) == (fps, animations)


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"TERM": "screen-256color", "STY": "1.a", "COLORTERM": "truecolor"}, "256"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, "standard"),
        ({"TERM": "screen-256color", "STY": "1.a", "TEXTUAL_COLOR_SYSTEM": "truecolor"}, "truecolor"),
        ({"TERM": "screen-256color", "TMUX": "x", "COLORTERM": "truecolor"}, None),
        ({"TERM": "xterm-256color"}, None),
    ],
)
def test_gnu_screen_gets_colours_that_it_understands(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colours: str | None
) -> None:
    """It takes the parts of a colour of 24 bits for attributes, so that text blinked."""
    environment = dict(variables)
    monkeypatch.setattr("os.environ", environment)
    wiring.suit_the_line(Settings())
    assert environment.get("TEXTUAL_COLOR_SYSTEM") == colours


LOADING = """
import ssl, sys, threading
from metis_tui.__main__ import start

def load():
    while True:
        ssl.create_default_context()

for _ in range(3):
    threading.Thread(target=load, daemon=True).start()
sys.argv = ["metis-tui", "config", "path"]
start()
"""


@pytest.mark.parametrize("number", range(3))
def test_the_end_does_not_tear_down_what_a_thread_is_loading(home: Path, number: int) -> None:
    """It was a segmentation fault: who quits soon after the start has threads inside OpenSSL."""
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(b"config.toml"), "what was printed has arrived"
