"""The preview beside the history's list: the conversation under the cursor, at what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from metis_tui.tui.history.listing import HistoryChoice, branch_with, phrases_of
from metis_tui.tui.screens.history_base import HistoryBase
from metis_tui.tui.widgets.history_list import HistoryList

if TYPE_CHECKING:
    from textual.timer import Timer

    from metis_tui.chat.conversation import Conversation

_REST_SECONDS = 0.07
"""The preview waits until the cursor rests: keys come first."""
_TYPING_REST_SECONDS = 0.25


class HistoryPreview(HistoryBase):
    """Owns what the preview shows."""

    _preview_timer: Timer | None = None
    _previewed: Conversation | None = None
    _shown_ids: frozenset[str] = frozenset()
    """Ids of the messages of the branches that were gone through."""
    _steps_waiting = 0
    """Keys that went on while the preview was on its way."""
    _goes_to_last = False
    """The next conversation is entered from its end: N went to the one before."""

    @on(HistoryList.Moved)
    def moved(self) -> None:
        self.preview_soon()
        self.more_if_cut()

    def more_if_cut(self) -> None:
        raise NotImplementedError

    def preview_soon(self) -> None:
        if self._preview_timer is not None:
            self._preview_timer.stop()
        rest = _TYPING_REST_SECONDS if self.box.is_typing else _REST_SECONDS
        self._preview_timer = self.set_timer(rest, self._preview_now)

    def _preview_now(self) -> None:
        if self.box.is_typing and not self.settled.is_set():
            return  # keys come first; what is found next is previewed
        if not self.has_class("-no-preview"):
            self.run_worker(self._preview(), group="preview", exclusive=True, exit_on_error=False)

    async def _preview(self) -> None:
        row, is_from_end = self.current, self._goes_to_last
        self._goes_to_last = False
        if row is None:
            self._previewed = None
            self.preview.show([])
            return
        conversation = self.context.conversation()
        if conversation.id != row.id or conversation.is_empty:
            try:
                conversation = await self.context.services.store.open(row.id)
            except KeyError:
                self._previewed = None
                self.preview.show([])
                return
        if self.current is None or self.current.id != row.id:
            return
        self._previewed = conversation
        self._shown_ids = frozenset()
        hit = row.hits[-1 if is_from_end else 0] if row.hits else None
        self._show_branch(hit.message_id if hit is not None else None)
        if is_from_end and hit is not None:
            self.preview.next_found(-1)  # around the start: the last place there is
        steps, self._steps_waiting = self._steps_waiting, 0
        for _ in range(abs(steps)):
            self.next_hit(1 if steps > 0 else -1)

    def _show_branch(self, message_id: str | None) -> None:
        """The branch with the message, at the message."""
        if self._previewed is None:
            return
        branch = [m for m in branch_with(self._previewed, message_id) if m.role != "system"]
        self._shown_ids |= {message.id for message in branch}
        self.preview.show(branch)
        phrases = phrases_of(self.asked)
        self.preview.find_any(phrases)
        if message_id is not None and self.preview.is_laid_out:
            self.preview.go_to_found(message_id)
        elif message_id is not None:
            self.call_after_refresh(self.preview.go_to_found, message_id)

    def scroll_preview(self, pages: int) -> None:
        if pages > 0:
            self.preview.action_page_down()
        else:
            self.preview.action_page_up()

    def next_hit(self, step: int) -> None:
        """The next place in the preview, then those on other branches, then those of the next conversation."""
        row = self.current
        if row is None or not row.hits:
            self._leave(step)
            return
        if self._previewed is None or self._previewed.id != row.id:
            self._steps_waiting += step
            return
        if self.preview.next_found(step, wraps=False) is not None or not self.preview.found.is_complete:
            return  # there is another one, or it may still be found
        elsewhere = [hit for hit in row.hits if hit.message_id not in self._shown_ids]
        if step > 0 and elsewhere:
            self._show_branch(elsewhere[0].message_id)
        else:
            self._leave(step)

    def _leave(self, step: int) -> None:
        if self.rows_view.move(step):
            self._goes_to_last = step < 0

    def choice(self) -> HistoryChoice | None:
        """What Enter opens: where the preview stands, else at the first place found."""
        row = self.current
        if row is None:
            return None
        message_id = row.hits[0].message_id if row.hits else None
        at = self.preview.current
        if row.hits and self._previewed is not None and self._previewed.id == row.id and at is not None:
            message_id = at
        return HistoryChoice(row.id, message_id, phrases_of(self.asked) if row.hits else ())

    async def review(self) -> None:
        """Opens the conversation to read only, over this screen."""
        from metis_tui.tui.screens.review import Review

        choice, current = self.choice(), self.context.conversation()
        if choice is None:
            return
        is_open = current.id == choice.conversation_id and not current.is_empty
        store = self.context.services.store
        try:
            conversation = current if is_open else await store.open(choice.conversation_id)
        except KeyError:
            self.tell("It is gone. F5 shows what there is.", is_problem=True)
            return
        review = Review(
            conversation,
            store,
            at=choice.message_id,
            words=choice.phrases,
            is_streaming=lambda: is_open and self.context.is_running(),
        )
        await self.app.push_screen(review)
