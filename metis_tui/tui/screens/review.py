"""Review: a conversation to read and to mark, from which nothing can be sent: there is no prompt and no engine.

Composes, and hands the keys on. What is shown is the business of `review_base`.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from metis_tui.chat.printable import printable
from metis_tui.tui.screens.review_base import ReviewBase, ReviewEnd
from metis_tui.tui.widgets.review_bar import ReviewBar, ReviewTitle

_LOOK_SECONDS = 1.0
_READ_ONLY = "Review only reads: nothing is sent or changed here but notes and bookmarks. i goes back."


class Review(ReviewBase):
    """Reads one conversation.

    Args:
        at: the message to begin at; None: the last one.
        words: phrases to be marked, as by a search that led here.
        is_streaming: whether a reply to this conversation is on its way.
    """

    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "find_here", "Find", show=False, priority=True, id="find"),
        Binding("ctrl+f", "find_here", "Find", show=False),
        Binding("f1,question_mark", "help", "Help", show=False, id="help"),
        Binding("q", "focus_prompt", "Back", show=False),
    ]

    def compose(self) -> ComposeResult:
        yield ReviewTitle(self._conversation.title)
        yield self._transcript
        yield ReviewBar()

    async def on_mount(self) -> None:
        self.set_focus(self._transcript)
        if self._at is not None and all(message.id != self._at for message in self.reading_path()):
            self._head = self._through(self._at)
        self._show_path()
        self.set_interval(_LOOK_SECONDS, self._look)
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        path = self.reading_path()
        start = self._at or (path[-1].id if path else None)
        if self._words:
            await self.reading.show_found(start, self._words)
        elif start is not None:
            self._transcript.go_to_message(start)
        self.show_state()

    # -- keys --------------------------------------------------------------------------------------------------

    def action_focus_prompt(self) -> None:
        """i, q or Esc: back to where the reader came from."""
        self.dismiss(ReviewEnd(self._transcript.current, True))

    async def action_find_here(self) -> None:
        await self.reading.find()

    def action_toggle_bookmark(self) -> None:
        self.reading.toggle_bookmark()

    def action_next_bookmark(self) -> None:
        self.reading.next_bookmark()

    async def action_note(self) -> None:
        await self.reading.note()

    async def action_marks(self) -> None:
        await self.reading.list_marks()

    async def action_provenance(self) -> None:
        await self.reading.provenance()

    def action_review(self) -> None:
        """v leaves as it came."""
        self.dismiss(ReviewEnd(self._transcript.current, False))

    def action_copy_message(self) -> None:
        message = self.copying.message()
        if message is not None:
            self.run_worker(self.copy(printable(message.text)), group="copy", exit_on_error=False)

    def action_copy_code(self) -> None:
        self.copying.start(self.copying.code())

    def action_copy_menu(self) -> None:
        self.copying.start(self.copying.menu())

    def action_save_code(self) -> None:
        self.taking_out.start(self.taking_out.save_code())

    def action_pipe(self) -> None:
        self.taking_out.start(self.taking_out.pipe())

    def action_pager(self) -> None:
        self.taking_out.start(self.taking_out.page())

    def action_help(self) -> None:
        from metis_tui.tui.screens.help import Help

        self.app.push_screen(Help(dict(self._metis_app.keymap_in_use)))

    def action_next_sibling(self) -> None:
        self.step_sibling(1)

    def action_previous_sibling(self) -> None:
        self.step_sibling(-1)

    def action_tree(self) -> None:
        from metis_tui.tui.screens.tree import Tree, TreeChoice

        def chosen(choice: TreeChoice | None) -> None:
            if choice is not None and choice.is_fork:
                self._refuse()
            elif choice is not None:
                self.reading.go_to(choice.message_id)

        self.app.push_screen(Tree(self.shown_conversation, self._transcript.current or ""), chosen)

    def _refuse(self) -> None:
        self.tell(_READ_ONLY)

    action_edit_branch = action_regenerate = action_ask_another = action_fork = _refuse
    action_export = _refuse
