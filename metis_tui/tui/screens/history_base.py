"""What the parts of the history screen share: its state's names, and how they tell and change things."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable
from metis_tui.chat.search import SearchQuery
from metis_tui.tui.history.changes import Undo
from metis_tui.tui.history.listing import HistoryChoice, Row, Sort
from metis_tui.tui.screens.overlay import ClosesOnce

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.conversation import Conversation, ConversationSummary
    from metis_tui.tui.history.rerun import Rerun
    from metis_tui.tui.history.shelf import Shelf
    from metis_tui.tui.services import Services
    from metis_tui.tui.widgets.history_list import HistoryList
    from metis_tui.tui.widgets.search_box import SearchBox
    from metis_tui.tui.widgets.transcript import Transcript


@dataclass(frozen=True)
class HistoryContext:
    """What the history screen is given by the chat."""

    services: Services
    known: Sequence[ConversationSummary]
    """The newest as they were some time ago, for the first paint."""
    newest: asyncio.Future[Sequence[ConversationSummary]]
    """The first `FIRST_COUNT`, asked for before this screen was made."""
    conversation: Callable[[], Conversation]
    """The one in the chat."""
    is_running: Callable[[], bool]
    """Whether a turn runs in it."""
    pick_model: Callable[[Callable[[ServedModel | None], None]], None]
    """Opens the model picker over this screen and gives the model chosen, or None."""
    rerun: Callable[[], Rerun | None]
    """The prompts that are asked again in the background, while there are any."""
    start_rerun: Callable[[Rerun], None]
    vote_through: Callable[[Sequence[str]], None]
    """Votes on the newest comparison of each of these conversations, one after the other."""
    start_search: Callable[[], None]
    """Opens the index, or looks for what is new."""


class HistoryBase(ClosesOnce[HistoryChoice | None]):
    """Declares; `History` gives the values."""

    context: HistoryContext
    box: SearchBox
    rows_view: HistoryList
    preview: Transcript
    shelf: Shelf
    """All conversations that are known."""
    asked: SearchQuery
    """What was typed."""
    sort: Sort
    marked: dict[str, None]
    """Ids of the conversations marked, in the order of marking."""
    is_loaded: asyncio.Event
    """All conversations are known, not only the newest."""
    settled: asyncio.Event
    """What is listed belongs to what was typed."""
    undo: Undo

    def fill_again(self) -> None:
        """Lists anew what is known, after something changed; the cursor stays."""
        raise NotImplementedError

    def preview_soon(self) -> None:
        raise NotImplementedError

    def show_state(self) -> None:
        raise NotImplementedError

    def search_now(self) -> None:
        raise NotImplementedError

    @property
    def current(self) -> Row | None:
        """The conversation under the cursor."""
        return self.rows_view.current

    def chosen(self) -> list[ConversationSummary]:
        """What a key acts on: the marked conversations, else the current one."""
        if self.marked:
            known = self.shelf.summaries
            return [known[marked] for marked in self.marked if marked in known]
        row = self.current
        return [self.shelf.summaries.get(row.id, row.summary)] if row is not None else []

    def tell(self, text: str, *, is_problem: bool = False) -> None:
        """A passing message in place of the one before, which would hide more of the list."""
        self.app.clear_notifications()
        self.notify(
            printable(text)[:600],
            severity="warning" if is_problem else "information",
            timeout=8 if is_problem else 4,
            markup=False,
        )
