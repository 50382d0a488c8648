"""Markup in what a gateway says is text in the status details: it neither styles nor ends the application."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rich.console import Console

from metis_tui.chat.catalog import Catalog
from metis_tui.tui.screens.status_details import StatusDetails


def test_markup_in_a_notice_is_text() -> None:
    notice: Any = SimpleNamespace(title="[/bold]", reason="[link=http://evil.example/]x[/link]", hint="[/red]")
    saving: Any = SimpleNamespace(is_saved=True, pending_count=0, trouble="")
    known: Any = {"access": lambda: None, "whoami": None, "line": lambda: None}
    details = StatusDetails(
        base_url="", route="", catalog=Catalog(), saving=saving, state_folder="", notices={"x": notice}, **known
    )
    console = Console(width=120, force_terminal=True)
    with console.capture() as captured:
        console.print(details._table())
    assert "[/bold]" in captured.get()
    assert "[link=http://evil.example/]x[/link] [/red]" in captured.get()
    assert "\x1b]8" not in captured.get()
