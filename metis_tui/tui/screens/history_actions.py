"""Opening the history screen from the chat, what it gives back, and prompts asked again in the background.

Other screens are imported when they are first opened: the first paint does not wait for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ConversationSummary
    from metis_tui.chat.search import IndexProgress
    from metis_tui.tui.history.listing import HistoryChoice
    from metis_tui.tui.history.rerun import Rerun
    from metis_tui.tui.screens.history import History

_TOPIC = "asking-again"


class HistoryActions(ChatBase):
    """The ways to other conversations."""

    rerun: Rerun | None = None
    """Prompts that are asked again, while there are any."""
    _watches_index = False
    _known: Sequence[ConversationSummary] = ()
    """The newest conversations as they were when somebody looked last."""

    def action_conversations(self) -> None:
        self.open_history()

    async def conversations_with(self, words: str) -> None:
        self.open_history(words)

    def action_search_all(self) -> None:
        self.open_history("")

    async def search_all_with(self, words: str) -> None:
        self.open_history(words)

    def open_history(self, words: str | None = None) -> None:
        """Opens the history screen; `words` are searched for at once, empty ones begin in its search box."""
        from metis_tui.tui.screens.history import History
        from metis_tui.tui.screens.history_base import HistoryContext
        from metis_tui.tui.screens.history_search import FIRST_COUNT

        newest = self.services.store.list(limit=FIRST_COUNT, include_trashed=True)
        context = HistoryContext(
            services=self.services,
            known=self._known,
            newest=asyncio.ensure_future(newest),
            conversation=lambda: self.pane.conversation,
            is_running=lambda: self.pane.is_running,
            pick_model=self.pick_model,
            rerun=lambda: self.rerun,
            start_rerun=self.start_rerun,
            vote_through=self.comparing.vote_through,
            start_search=self.start_search,
        )

        screen = History(context, words)

        def closed(choice: HistoryChoice | None) -> None:
            self._known = list(islice(screen.shelf.summaries.values(), FIRST_COUNT))
            if choice is not None:
                self.app.clear_notifications()
            self.run_worker(self._follow(choice), group="open", exit_on_error=False)

        self._watch_index()
        self.app.push_screen(screen, closed)

    def start_search(self) -> None:
        """Opens the index, or looks for what is new; its modules load off the event loop."""
        self.run_worker(in_background(self.services.search.start), group="index", exit_on_error=False)

    def look_in_advance(self) -> None:
        """Reads the newest conversations, so that they are there when they are asked for."""
        if not self._known:
            self.run_worker(self._look_in_advance(), group="list", exit_on_error=False)

    async def _look_in_advance(self) -> None:
        from metis_tui.tui.screens.history_search import FIRST_COUNT

        found = await self.services.store.list(limit=FIRST_COUNT, include_trashed=True)
        self._known = self._known or found

    def _watch_index(self) -> None:
        """Once: a listener stays for good."""
        if self._watches_index:
            return
        self._watches_index = True
        loop = asyncio.get_running_loop()

        def from_another_thread(progress: IndexProgress) -> None:
            loop.call_soon_threadsafe(self._index_changed, progress)

        self.services.search.watch(from_another_thread)

    def _index_changed(self, progress: IndexProgress) -> None:
        for screen in self._histories():
            screen.take_progress(progress)

    def _histories(self) -> list[History]:
        """The history screen, if it is open."""
        from metis_tui.tui.screens.history import History

        stack = self.app.screen_stack if self.app.is_running else []
        return [screen for screen in stack if isinstance(screen, History) and screen.is_attached]

    async def _follow(self, choice: HistoryChoice | None) -> None:
        """Opens what was chosen; what was changed in the list is shown in any case."""
        if choice is None:
            self.show_state()
            return
        await self.open_conversation(choice.conversation_id, at=choice.message_id, phrases=choice.phrases)

    # --- asking again -----------------------------------------------------------------------------

    def start_rerun(self, rerun: Rerun) -> None:
        """Asks prompts of other conversations again; a notice says how far it is."""
        self.rerun = rerun
        rerun.told = self._show_rerun
        self.run_worker(self._run_again(rerun), group="asking-again", exit_on_error=False)

    def stop_rerun(self) -> bool:
        """Ends asking again; False when nothing is asked."""
        if self.rerun is None:
            return False
        self.rerun.stop()
        return True

    def _show_rerun(self) -> None:
        if self.rerun is not None:
            notice = Notice(self.rerun.words, "", "Esc stops it; what has arrived is kept.", "information")
            self.notices.post_notice(_TOPIC, notice)
        for screen in self._histories():
            screen.show_state()

    async def _run_again(self, rerun: Rerun) -> None:
        try:
            summary = await rerun.run()
        finally:
            self.rerun = None
            self.notices.withdraw(_TOPIC)
        self._show_rerun()
        words = f"{rerun.model.key}: {summary.in_words(rerun.total)}"
        self.tell(words, title="Asked again", is_problem=bool(summary.failed))
