"""The whole conversation as a tree: every branch, what it is about, which one is shown. Changes nothing itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from metis_tui.chat.branches import TreeLine, tree_lines
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.printable import printable_line
from metis_tui.tui.rendering.wrapping import cells, crop
from metis_tui.tui.screens.overlay import Overlay
from metis_tui.tui.widgets.tree_view import TreeRow, TreeView

_ENDS = {"length": "cut at limit", "error": "failed", "interrupted": "interrupted", "cancelled": "stopped"}
_WIDE = 60
"""Cells from which on a line also tells marks, size and time."""
_VERY_WIDE = 100
"""Cells from which on it tells the day, too."""
_MOST_GUIDES = 24
"""Cells; what hangs deeper loses the left of its lines."""


@dataclass(frozen=True, slots=True)
class TreeChoice:
    message_id: str
    is_fork: bool
    """To be copied into a conversation of its own; else to be shown."""


class Tree(Overlay[TreeChoice | None]):
    """Returns what was chosen, or None."""

    CSS_PATH = "tree.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,T", "dismiss(None)", "Close", show=False),
        Binding("enter", "choose", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g,home", "first", show=False),
        Binding("G,end", "last", show=False),
        Binding("space,pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("[", "next_place(-1)", show=False),
        Binding("]", "next_place(1)", show=False),
        Binding("h,left", "fold", show=False),
        Binding("l,right", "unfold", show=False),
        Binding("f", "fork", show=False),
    ]

    def __init__(self, conversation: Conversation, current: str) -> None:
        super().__init__()
        self._conversation = conversation
        self._current = current
        self._folded: set[str] = set()
        self._lines: list[TreeLine] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="tree-box") as box:
            messages = self._conversation.messages
            box.border_title = f"Branches ── {len(messages):,} message{'s' if len(messages) != 1 else ''}"
            yield TreeView()
            yield Static("", id="tree-keys", markup=False)

    def on_mount(self) -> None:
        self._view = self.query_one(TreeView)
        self._view.focus()
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        keys = "● shown · Enter shows · [ ] next branching · h l fold · f forks · Esc"
        short = "Enter · h l fold · f fork · Esc"
        self.query_one("#tree-keys", Static).update(keys if self.app.size.width >= 76 else short)

    # -- lines -------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        self._lines = tree_lines(self._conversation, self._folded)
        numbers = (number for number, line in enumerate(self._lines) if line.message.id == self._current)
        self._view.show(len(self._lines), self._row, next(numbers, len(self._lines) - 1))

    def _row(self, number: int, width: int) -> TreeRow:
        line = self._lines[number]
        message, guides = line.message, line.guides
        if cells(guides) > _MOST_GUIDES:
            guides = "…" + guides[-_MOST_GUIDES:]
        head = f"{'●' if line.is_shown else '○'} {crop(_writer(message), max(10, width // 4))}"
        if line.place is not None:
            head += f" {line.place.number}/{line.place.of}"
        facts = [f"+{line.hidden_count:,} folded"] if line.hidden_count else []
        if width >= _WIDE:
            facts += [self._user_marks(message), _facts(message), _time(message, is_full=width >= _VERY_WIDE)]
        right = " · ".join(fact for fact in facts if fact)
        left = crop(f"{guides}{head}", max(8, width - cells(right) - 2))
        room = width - cells(left) - cells(right) - 4
        words = crop(printable_line(message.text, 200) or "(no text)", room) if room >= 4 else ""
        return TreeRow(left, f"  {words}", right, line.is_shown)

    def _user_marks(self, message: ChatMessage) -> str:
        marks = ["bookmark"] if message.id in self._conversation.bookmarks else []
        marks += ["note"] if message.id in self._conversation.notes else []
        return ", ".join(marks)

    # -- keys --------------------------------------------------------------------------------------------------

    @property
    def _line(self) -> TreeLine | None:
        return self._lines[self._view.cursor] if self._lines else None

    def action_move(self, step: int) -> None:
        self._view.cursor += step

    def action_first(self) -> None:
        self._view.cursor = 0

    def action_last(self) -> None:
        self._view.cursor = len(self._lines) - 1

    def action_page(self, step: int) -> None:
        self._view.cursor += step * max(1, self._view.page - 1)

    def action_next_place(self, step: int) -> None:
        """Goes to the next message that has siblings: long stretches between them are alike."""
        last = len(self._lines) - 1
        number = self._view.cursor + step
        while 0 <= number <= last and self._lines[number].place is None:
            number += step
        if 0 <= number <= last:
            self._view.cursor = number

    def action_fold(self) -> None:
        """Folds what follows; where that is folded or nothing, goes to where this branch leaves."""
        line = self._line
        if line is None:
            return
        has_children = any(m.parent == line.message.id for m in self._conversation.messages.values())
        if has_children and line.message.id not in self._folded:
            self._folded.add(line.message.id)
            self._current = line.message.id
        else:
            self._current = line.message.parent or line.message.id
        self._fill()

    def action_unfold(self) -> None:
        line = self._line
        if line is None:
            return
        if line.message.id in self._folded:
            self._folded.discard(line.message.id)
            self._current = line.message.id
            self._fill()
        else:
            self.action_move(1)

    def action_fork(self) -> None:
        if self._line is not None:
            self.dismiss(TreeChoice(self._line.message.id, True))

    @on(TreeView.Chosen)
    def action_choose(self) -> None:
        if self._line is not None:
            self.dismiss(TreeChoice(self._line.message.id, False))


def _time(message: ChatMessage, *, is_full: bool) -> str:
    return time.strftime("%Y-%m-%d %H:%M" if is_full else "%H:%M", time.localtime(message.created_ms / 1000))


def _writer(message: ChatMessage) -> str:
    if message.role == "user":
        return "You"
    return printable_line(message.served_by or {"assistant": "Reply", "system": "System"}[message.role], 40)


def _facts(message: ChatMessage) -> str:
    tokens = f"{message.usage.completion_tokens:,} tok" if message.usage is not None else ""
    end = _ENDS.get(message.stop or "", "incomplete") if message.is_incomplete else ""
    return " · ".join(fact for fact in (tokens, end) if fact)
