"""Where a message comes from: everything that is known of how it was made, to read and to copy. Changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from metis_tui.chat.background import in_background
from metis_tui.tui.screens.overlay import Overlay

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.provenance import Provenance

_NARROW = 60
"""Columns below which values go under their labels."""


class ProvenanceScreen(Overlay[None]):
    """Of one message."""

    CSS_PATH = "provenance.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,p,enter", "dismiss(None)", "Close", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("space,pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("g,home", "start", show=False),
        Binding("G,end", "end", show=False),
    ]

    def __init__(
        self, conversation: Conversation, message: ChatMessage, copy: Callable[[str], Awaitable[None]]
    ) -> None:
        super().__init__()
        self._conversation, self._message, self._copy = conversation, message, copy
        self._provenance: Provenance | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="provenance-box") as box:
            box.border_title = "Where this reply comes from" if self._is_reply else "Where this message comes from"
            box.border_subtitle = "y copies · j k scroll · Esc"
            yield Static("Looking it up…", markup=False)

    @property
    def _is_reply(self) -> bool:
        return self._message.role == "assistant"

    def on_mount(self) -> None:
        self.query_one("#provenance-box").focus()
        self.run_worker(self._look_up(), exit_on_error=False)

    async def _look_up(self) -> None:
        from metis_tui.chat.provenance import provenance_of

        self._provenance = await in_background(lambda: provenance_of(self._conversation, self._message))
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._provenance is not None and self.is_mounted:
            self.query_one(Static).update(self._table(self._provenance))

    def _table(self, provenance: Provenance) -> Table:
        is_narrow = self.app.size.width < _NARROW
        table = Table.grid(padding=(0, 0 if is_narrow else 2))
        table.add_column(no_wrap=not is_narrow)
        if not is_narrow:
            table.add_column(overflow="fold")  # checksums are wanted whole
        for number, section in enumerate(provenance.sections):
            table.add_row(Text(("\n" if number else "") + section.title, "bold"))
            for fact in section.facts:
                style = "" if fact.is_known else "dim"
                if is_narrow:
                    table.add_row(Text(f"{fact.label}\n  ", "dim").append(Text(fact.value, style)))
                else:
                    table.add_row(Text(f"  {fact.label}"), Text(fact.value, style))
        return table

    def as_text(self) -> str:
        """The same as plain text, a line for each fact."""
        if self._provenance is None:
            return ""
        lines: list[str] = []
        for section in self._provenance.sections:
            lines += ["", section.title] if lines else [section.title]
            lines += [f"  {fact.label}: {fact.value}" for fact in section.facts]
        return "\n".join(lines) + "\n"

    async def action_copy(self) -> None:
        if self._provenance is not None:
            await self._copy(self.as_text())

    def action_scroll(self, step: int) -> None:
        self.query_one("#provenance-box").scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        box = self.query_one("#provenance-box")
        box.scroll_relative(y=step * max(1, box.size.height - 1), animate=False)

    def action_start(self) -> None:
        self.query_one("#provenance-box").scroll_home(animate=False)

    def action_end(self) -> None:
        self.query_one("#provenance-box").scroll_end(animate=False)
