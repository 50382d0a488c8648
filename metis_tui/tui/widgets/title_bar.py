"""The header: model and its state on the left, the conversation's title on the right."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from metis_tui.chat.catalog import ModelState
from metis_tui.chat.printable import printable_line


class TitleBar(Widget):
    DEFAULT_CSS = """
    TitleBar { height: 1; background: $panel; color: $foreground; }
    TitleBar > .title--model { text-style: bold; }
    TitleBar > .title--live { color: $text-success; }
    TitleBar > .title--other { color: $text-warning; }
    TitleBar > .title--title { color: $foreground; }
    """
    COMPONENT_CLASSES = {"title--model", "title--live", "title--other", "title--title"}

    model: reactive[str] = reactive("")
    """`model@cluster`; empty: none chosen."""
    state: reactive[ModelState | None] = reactive(None)
    title: reactive[str] = reactive("")
    message_count: reactive[int] = reactive(0)

    def render(self) -> Text:
        width = self.size.width
        model = printable_line(self.model, 80) or "no model"
        state = f" {self.state.symbol} {self.state.value}" if self.state is not None else ""
        count = f" · {self.message_count} message{'s' * (self.message_count > 1)}" if self.message_count else ""
        title = printable_line(self.title, 120)
        model_room = max(8, width - 4 - cell_len(state))
        if cell_len(model) > model_room:
            model = set_cell_size(model, model_room - 1) + "…"
        room = width - cell_len(model) - cell_len(state) - 5
        if cell_len(title) + len(count) > room:
            count = ""
        if cell_len(title) > room:
            title = set_cell_size(title, room - 1).rstrip() + "…" if room > 8 else ""
        right = title + count
        line = Text(" ", no_wrap=True, overflow="crop", end="")
        line.append(model, self.get_component_rich_style("title--model", partial=True))
        tone = "title--live" if self.state is ModelState.LIVE else "title--other"
        line.append(state, self.get_component_rich_style(tone, partial=True))
        gap = max(1, width - line.cell_len - cell_len(right) - 1)
        line.append(" " * gap)
        line.append(right, self.get_component_rich_style("title--title", partial=True))
        return line
