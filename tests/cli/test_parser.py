"""The grammar of the command line."""

from __future__ import annotations

import pytest

from metis_tui.cli import parser


def test_no_command_is_the_application() -> None:
    options = parser.parse([])
    assert (options.command, options.demo, options.model, options.open_id) == (None, False, "", None)


@pytest.mark.parametrize(
    "order", [["--demo", "ask", "hi"], ["ask", "--demo", "hi"], ["ask", "hi", "--demo"]], ids=str
)
def test_an_option_before_the_command_is_never_lost(order: list[str]) -> None:
    """`--demo ask` once reached the real gateway, because the command's own default had undone the option."""
    assert parser.parse(order).demo is True


def test_shared_options_before_and_after() -> None:
    options = parser.parse(["-m", "one", "--no-save", "-c", "ask", "hi"])
    assert (options.model, options.no_save, options.continue_last) == ("one", True, True)
    assert parser.parse(["-m", "one", "ask", "-m", "two", "hi"]).model == "two"


@pytest.mark.parametrize(
    "line",
    [
        "--demo --base-url http://x",
        "--demo ask --base-url http://x hi",
        "-c --open 5",
        "ask",
        "ask hi there",
        "history",
        "history show",
        "history list --limit 0",
        "demo-gateway --port 70000",
        "demo-gateway --port x",
        "compare -m a hi",
        "--de",
    ],
)
def test_nonsense_is_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse(line.split())
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--help" in captured.err
