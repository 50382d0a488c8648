"""The status bar: one line that always tells model, access, turn and saving. Does not know where facts come from."""

from __future__ import annotations

import time

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from metis_tui.tui.status_line import SEPARATOR, StatusFacts, fit, parts


class StatusBar(Widget):
    """Set `facts`; the bar repaints only when its text changes."""

    DEFAULT_CSS = """
    StatusBar { height: 1; background: $panel; color: $foreground; }
    StatusBar > .status--muted { color: $secondary; }
    StatusBar > .status--good { color: $text-success; }
    StatusBar > .status--warning { color: $text-warning; text-style: bold; }
    StatusBar > .status--bad { color: $text-error; text-style: bold; }
    StatusBar > .status--normal { color: $foreground; }
    """
    COMPONENT_CLASSES = {"status--muted", "status--good", "status--warning", "status--bad", "status--normal"}

    facts: reactive[StatusFacts] = reactive(StatusFacts(), repaint=False)

    def __init__(self, *, now: object = time.time, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now
        self._shown: list[tuple[str, str]] = []

    def watch_facts(self) -> None:
        self.tick()

    def tick(self) -> None:
        """Brings the ages up to date."""
        if self._compose_parts() != self._shown:
            self.refresh()

    def on_resize(self) -> None:
        self.refresh()

    def _compose_parts(self) -> list[tuple[str, str]]:
        now = self._now()  # type: ignore[operator]
        return [(part.text, part.tone) for part in fit(parts(self.facts, now), self.size.width)]

    def render(self) -> Text:
        self._shown = self._compose_parts()
        muted = self.get_component_rich_style("status--muted", partial=True)
        line = Text(" ", no_wrap=True, overflow="ellipsis", end="")
        for place, (text, tone) in enumerate(self._shown):
            if place:
                line.append(SEPARATOR, muted)
            style: Style = self.get_component_rich_style(f"status--{tone}", partial=True)
            line.append(text, style)
        return line
