"""What keys do with the transcript and its messages: scroll from the prompt, copy, go back. Owns no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from metis_tui.chat.printable import printable
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.tui.reading import Reading
    from metis_tui.tui.screens.review import ReviewEnd
    from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
    from metis_tui.tui.widgets.find_bar import FindBar
    from metis_tui.tui.widgets.transcript_jumps import TranscriptJumps


class TranscriptActions(ChatBase):
    """The actions on the transcript."""

    @on(PromptInput.ScrollRequested)
    def scroll_transcript(self, event: PromptInput.ScrollRequested) -> None:
        if not self.is_connected:
            return
        transcript = self.pane.transcript
        transcript.action_page_up() if event.pages < 0 else transcript.action_page_down()

    @on(PromptInput.PasteRefused)
    def paste_refused(self, event: PromptInput.PasteRefused) -> None:
        self.tell(
            f"{event.reason} Save it as a file and send the part that matters.",
            title="Too much to paste",
            is_problem=True,
        )

    def message_to_act_on(self) -> ChatMessage | None:
        """The transcript's current message, else the last reply."""
        transcript = self.pane.transcript
        messages = self.pane.conversation.messages
        current = messages.get(transcript.current or "")
        return current or next((m for m in reversed(self.pane.conversation.path()) if m.role == "assistant"), None)

    def action_focus_prompt(self) -> None:
        """i or Esc in the transcript: stops the reply, else back to the prompt."""
        if not self.pane.stop():
            self.set_focus(self.prompt)  # at once: keys that follow are meant for it

    # -- reading -----------------------------------------------------------------------------------------------

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

    # -- branches ----------------------------------------------------------------------------------------------

    def action_edit_branch(self) -> None:
        self.branching.edit()

    async def action_regenerate(self) -> None:
        await self.branching.regenerate()

    def action_ask_another(self) -> None:
        self.branching.ask_another()

    def action_previous_sibling(self) -> None:
        self.branching.step(-1)

    def action_next_sibling(self) -> None:
        self.branching.step(+1)

    async def action_fork(self) -> None:
        await self.branching.fork()

    def action_tree(self) -> None:
        self.branching.open_tree()

    async def action_copy_message(self) -> None:
        message = self.message_to_act_on()
        if message is not None:
            await self.copy(printable(message.text))

    def action_copy_code(self) -> None:
        self.copying.start(self.copying.code())

    def action_copy_menu(self) -> None:
        self.copying.start(self.copying.menu())

    async def copy_menu_with(self, argument: str) -> None:
        self.copying.start(self.copying.what(argument))

    def action_save_code(self) -> None:
        self.taking_out.start(self.taking_out.save_code())

    async def save_code_with(self, argument: str) -> None:
        self.taking_out.start(self.taking_out.save_as_told(argument))

    def action_pipe(self) -> None:
        self.taking_out.start(self.taking_out.pipe())

    async def pipe_with(self, command: str) -> None:
        self.taking_out.start(self.taking_out.pipe(command))

    def action_pager(self) -> None:
        self.taking_out.start(self.taking_out.page())
