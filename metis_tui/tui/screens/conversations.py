"""Saved conversations: list with preview; open, rename, trash, restore. Searching inside messages is not here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from metis_tui.chat.conversation import Conversation, ConversationSummary
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.screens.dialogs import AskText
from metis_tui.tui.screens.overlay import ClosesOnce
from metis_tui.tui.widgets.transcript import Transcript

NARROW = 100
"""Columns below which the preview goes under the list."""


def summary_line(summary: ConversationSummary, width: int, now: float) -> Text:
    """Title on the left; model and when on the right as far as there is room."""
    when = fmt.when(summary.updated_ms / 1000, now)
    model = printable_line(summary.model or "", 30) if width >= 64 else ""
    right = f"{model}  {when}".strip()
    sign = "[trash] " if summary.is_trashed else "* " if summary.is_pinned else ""
    room = max(6, width - cell_len(right) - 2)
    title = sign + printable_line(summary.title, 200)
    title = set_cell_size(title, room - 1) + "…" if cell_len(title) > room else set_cell_size(title, room)
    line = Text(title, no_wrap=True)
    line.append("  ")
    line.append(right, "dim")
    return line


class Conversations(ClosesOnce[str | None]):
    """Returns the id of the conversation to open, or None."""

    CSS_PATH = "conversations.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("ctrl+r", "dismiss(None)", "Back", show=False),
        Binding("slash", "filter", "Filter", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g,home", "first", show=False),
        Binding("G,end", "last", show=False),
        Binding("e,f2", "rename", "Rename", show=False),
        Binding("d,delete", "trash", "Trash", show=False),
        Binding("u", "restore", "Restore", show=False),
        Binding("x", "show_trash", "Trash shown or hidden", show=False),
        Binding("pagedown", "scroll_preview(1)", show=False, priority=True),
        Binding("pageup", "scroll_preview(-1)", show=False, priority=True),
    ]

    def __init__(self, store: ConversationStore, current_id: str) -> None:
        super().__init__()
        self._store = store
        self._current_id = current_id
        self._all: Sequence[ConversationSummary] = ()
        self._shown: dict[str, ConversationSummary] = {}
        self._is_trash_shown = False
        self._is_loaded = False

    def compose(self) -> ComposeResult:
        yield Static("Conversations", id="conversations-title", markup=False)
        yield Input(placeholder="/ filters by title, model and last prompt", compact=True, id="conversations-filter")
        with Container(id="conversations-body"):
            yield OptionList(id="conversations-list", compact=True, markup=False)
            with Vertical(id="conversations-preview"):
                yield Transcript()
        yield Static(
            "Enter open · / filter · e rename · d trash · u restore · x see trash · Esc",
            id="conversations-keys",
            markup=False,
        )

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
        self.query_one(Transcript).can_focus = False
        self.query_one(OptionList).focus()
        self.run_worker(self._load(self._current_id), group="list", exit_on_error=False)

    def on_resize(self) -> None:
        self.set_class(self.size.width < NARROW, "-narrow")
        if self._is_loaded:
            self._fill()

    async def _load(self, select: str | None = None) -> None:
        self._all = await self._store.list(include_trashed=True)
        self._is_loaded = True
        self._fill(select)

    def _fill(self, select: str | None = None) -> None:
        options = self.query_one(OptionList)
        if select is None:
            select = self._selected_id()
        words = self.query_one(Input).value.casefold().split()
        self._shown = {
            summary.id: summary
            for summary in self._all
            if (self._is_trash_shown or not summary.is_trashed)
            and all(word in f"{summary.title} {summary.model} {summary.excerpt}".casefold() for word in words)
        }
        room = self.size.width if self.size.width < NARROW else self.size.width * 45 // 100
        width = max(16, room - 4)
        now = time.time()
        options.clear_options()
        options.add_options(Option(summary_line(s, width, now), id=s.id) for s in self._shown.values())
        if not self._shown:
            nothing = "Nothing matches." if self._all else "No saved conversations yet."
            options.add_option(Option(nothing, disabled=True))
            self.query_one(Transcript).show([])
        else:
            options.highlighted = options.get_option_index(select) if select in self._shown else 0
        trashed = sum(summary.is_trashed for summary in self._all)
        total = len(self._all) if self._is_trash_shown else len(self._all) - trashed
        title = f"Conversations · {len(self._shown):,} of {total:,}"
        self.query_one("#conversations-title", Static).update(
            title + (f" · {trashed} in the trash" if trashed else "")
        )

    def _selected_id(self) -> str | None:
        options = self.query_one(OptionList)
        if options.highlighted is None or options.highlighted >= options.option_count:
            return None
        return options.get_option_at_index(options.highlighted).id

    @on(Input.Changed)
    def filter_changed(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def filter_done(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionHighlighted)
    def highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option.id:
            self.run_worker(self._preview(event.option.id), group="preview", exit_on_error=False)

    async def _preview(self, conversation_id: str) -> None:
        try:
            conversation: Conversation = await self._store.open(conversation_id)
        except KeyError:
            return
        if self._selected_id() == conversation_id:
            self.query_one(Transcript).show([m for m in conversation.path() if m.role != "system"])

    @on(OptionList.OptionSelected)
    def open_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option.id:
            self.dismiss(event.option.id)

    def action_back(self) -> None:
        search = self.query_one(Input)
        if search.has_focus or search.value:
            search.value = ""
            self.query_one(OptionList).focus()
        else:
            self.dismiss(None)

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def action_move(self, step: int) -> None:
        options = self.query_one(OptionList)
        options.focus()
        options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def action_first(self) -> None:
        self.query_one(OptionList).action_first()

    def action_last(self) -> None:
        self.query_one(OptionList).action_last()

    def action_scroll_preview(self, pages: int) -> None:
        transcript = self.query_one(Transcript)
        transcript.scroll_page_down(animate=False) if pages > 0 else transcript.scroll_page_up(animate=False)

    def action_show_trash(self) -> None:
        self._is_trash_shown = not self._is_trash_shown
        self._fill()

    def action_rename(self) -> None:
        summary = self._shown.get(self._selected_id() or "")
        if summary is not None:
            self.app.push_screen(
                AskText("New title", summary.title), lambda title: self._change(self._rename(summary.id, title))
            )

    async def _rename(self, conversation_id: str, title: str | None) -> None:
        if title:
            await self._store.set_value(await self._store.open(conversation_id), "title", title)

    def action_trash(self) -> None:
        chosen = self._selected_id()
        if chosen == self._current_id:
            self.notify("It is open now; start another one first (Ctrl+N).", severity="warning", markup=False)
        elif chosen:
            self._change(self._trash(chosen))

    async def _trash(self, conversation_id: str) -> None:
        await self._store.trash(conversation_id)
        self.notify("Moved to the trash. x shows the trash, u restores.", markup=False)

    def action_restore(self) -> None:
        chosen = self._selected_id()
        if chosen and self._shown[chosen].is_trashed:
            self._change(self._restore(chosen))

    async def _restore(self, conversation_id: str) -> None:
        await self._store.restore(conversation_id)

    def _change(self, change: object) -> None:
        async def run() -> None:
            place = self.query_one(OptionList).highlighted or 0
            await change  # type: ignore[misc]
            kept = self._selected_id()
            await self._load(kept)
            options = self.query_one(OptionList)
            if kept not in self._shown and self._shown:
                options.highlighted = min(place, options.option_count - 1)

        self.run_worker(run(), group="change", exit_on_error=False)
