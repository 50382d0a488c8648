"""What keys do with the messages that are read: find, mark, review, ask where they come from. Owns no state.

The deeds are in modules of their own, which are imported when they are first wanted: they are those of review, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.tui.screens.chat_base import ChatBase

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.tui.copying import Copying
    from metis_tui.tui.reading import Reading
    from metis_tui.tui.screens.review_base import ReviewEnd
    from metis_tui.tui.taking_out import TakingOut
    from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
    from metis_tui.tui.widgets.find_bar import FindBar
    from metis_tui.tui.widgets.transcript_jumps import TranscriptJumps


class ReadingActions(ChatBase):
    """The chat as something to be read."""

    @property
    def copying(self) -> Copying:
        """What can be copied."""
        from metis_tui.tui.copying import Copying

        if self._copying is None:
            self._copying = Copying(self)
        return self._copying

    @property
    def taking_out(self) -> TakingOut:
        """What can leave the application: files, commands, the pager."""
        from metis_tui.tui.taking_out import TakingOut

        if self._taking_out is None:
            self._taking_out = TakingOut(self)
        return self._taking_out

    @property
    def reading(self) -> Reading:
        """What can be done with the messages on screen."""
        from metis_tui.tui.reading import Reading

        if self._reading is None:
            self._reading = Reading(self)
        return self._reading

    @property
    def reading_transcript(self) -> ConversationTranscript:
        return self.pane.transcript

    @property
    def reading_conversation(self) -> Conversation:
        return self.pane.conversation

    @property
    def reading_store(self) -> ConversationStore:
        return self.services.store

    @property
    def shown_conversation(self) -> Conversation:
        return self.pane.conversation

    def reading_path(self) -> list[ChatMessage]:
        return [message for message in self.pane.conversation.path() if message.role != "system"]

    def show_branch_of(self, message_id: str) -> bool:
        if self.is_busy:
            self.tell("It is in another branch, and a reply is streaming in this one. Wait for its end.")
            return False
        self.branching.show(message_id)
        return True

    def remarks_changed(self) -> None:
        self.pane.mark_headings()

    def on_screen_resume(self) -> None:
        """Another screen may have written notes or set bookmarks."""
        if self.connected.is_set():
            self.reading.show_remarks()

    def on_transcript_found_changed(self) -> None:
        self.reading.found_changed()

    def on_transcript_nothing_there(self, event: TranscriptJumps.NothingThere) -> None:
        self.tell(event.words)

    def on_find_bar_other_branch_wanted(self, event: FindBar.OtherBranchWanted) -> None:
        self.reading.go_elsewhere(event.search)

    async def action_find(self) -> None:
        if self.is_connected:
            await self.reading.find()

    async def find_with(self, text: str) -> None:
        await self.reading.find(text)

    async def action_find_here(self) -> None:
        await self.reading.find()

    def action_toggle_bookmark(self) -> None:
        self.reading.toggle_bookmark()

    def action_next_bookmark(self) -> None:
        self.reading.next_bookmark()

    async def action_note(self) -> None:
        await self.reading.note()

    async def note_with(self, text: str) -> None:
        self.reading.note_with(text)

    async def action_marks(self) -> None:
        await self.reading.list_marks()

    async def action_provenance(self) -> None:
        await self.reading.provenance()

    async def action_review(self) -> None:
        from metis_tui.tui.screens.review import Review

        if not self.reading_path():
            self.tell("There is nothing to review yet. Ctrl+R lists the saved conversations.")
            return
        review = Review(
            self.pane.conversation,
            self.services.store,
            at=self.pane.transcript.current or self.pane.transcript.last_in_view,
            is_streaming=lambda: self.pane.is_running,
        )
        await self.app.push_screen(review, self._reviewed)

    def _reviewed(self, end: ReviewEnd | None) -> None:
        self.remarks_changed()
        if end is not None and end.message_id is not None:
            self.pane.transcript.go_to_message(end.message_id)
        self.set_focus(self.prompt if end is None or end.is_to_write else self.pane.transcript)
