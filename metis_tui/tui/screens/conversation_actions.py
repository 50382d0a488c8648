"""What keys and commands do to the conversation shown: open, rename, settings, drafts, copying. Owns no state.

Other screens are imported when they are first opened: the first paint does not wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on

from metis_tui.chat.background import in_background
from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.chat_pane import ChatPane
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from textual.timer import Timer

    from metis_tui.chat.conversation import Conversation
    from metis_tui.tui.screens.conversation_settings import ConversationChoice

_DRAFT_SECONDS = 2.0
"""After the first change; a crash costs at most what was typed in this time."""


class ConversationActions(ChatBase):
    """The actions on the conversation."""

    _draft_timer: Timer | None = None

    def __init__(self) -> None:
        super().__init__()
        self._told_damaged: set[str] = set()
        """Ids of conversations whose damaged records were told: once is enough."""

    def action_stop(self) -> None:
        """Esc: gives up editing; else stops the reply, takes a notice away or goes to the transcript."""
        if self.cancel_editing() or self.pane.stop() or self.stop_rerun():
            return
        if not self.notices.dismiss() and self.pane.transcript.display:
            self.pane.transcript.focus()

    async def action_new_conversation(self) -> None:
        self.app.clear_notifications()
        await self.show_conversation(self.new_conversation())

    async def show_conversation(self, conversation: Conversation) -> None:
        """Shows it after the running turn, if any, has been kept; drafts stay with their conversation."""
        await self.pane.settle()
        drafts = self.services.drafts
        self.save_draft()
        if self.editing is not None:
            self.editing.leave()
            self.editing = None
        if self._reading is not None:
            self._reading.end_find()
        self.pane.show(conversation)
        self.notices.withdraw("turn")
        self.wish_model(conversation.model or (self.model.key if self.model else self.wished_model))
        self.prompt.reset()
        draft = await in_background(lambda: drafts.load(self._draft_key()))
        if draft and not self.prompt.text:
            self.prompt.replace_all(draft)
        self.prompt.focus()

    def save_draft(self) -> None:
        """What is typed and not sent outlives the program."""
        if self.is_connected:
            unsent = self.prompt.full_text if self.editing is None else self.editing.unsent_text
            self.services.drafts.save(self._draft_key(), unsent)

    @on(PromptInput.Changed)
    def draft_changed(self) -> None:
        """Saves the draft when typing pauses."""
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(_DRAFT_SECONDS, self._save_draft_now)

    def _save_draft_now(self) -> None:
        self._draft_timer = None
        self.save_draft()

    def cancel_editing(self) -> bool:
        """An earlier prompt leaves the box, what was there before comes back; False when none is in it."""
        if self.editing is None:
            return False
        editing, self.editing = self.editing, None
        if editing.cancel():
            self.tell("Nothing was sent. Up brings the changed prompt back.")
        return True

    def forget_draft(self) -> None:
        """What was typed is sent."""
        self.services.drafts.save(self._draft_key(), "")

    def _draft_key(self) -> str:
        conversation = self.pane.conversation
        return "new" if conversation.is_empty else conversation.id

    async def open_conversation(
        self, conversation_id: str, *, at: str | None = None, phrases: Sequence[str] = ()
    ) -> None:
        """Shows it, at a message of it and with words highlighted when they are given.

        The branch with that message is shown; the branch that was chosen before stays the saved one until something
        is sent.
        """
        if conversation_id == self.pane.conversation.id and not self.pane.conversation.is_empty:
            self.post_message(ChatPane.ConversationChanged())
            self._show_found(at, phrases)
            return
        try:
            conversation = await self.services.store.open(conversation_id)
        except KeyError:
            self.tell(f"There is no conversation {conversation_id}.", is_problem=True)
            return
        await self.show_conversation(conversation)
        if conversation.damaged and conversation.id not in self._told_damaged:
            self._told_damaged.add(conversation.id)
            count = len(conversation.damaged)
            where = conversation.damaged[0]
            self.tell(
                f"{count} damaged record{'s' if count > 1 else ''} skipped, the first in {where.path} "
                f"at byte {where.offset:,} ({where.reason}). Everything else is here; the file was not changed. "
                "metis-tui doctor puts the damaged bytes aside.",
                title="Part of this conversation cannot be read",
                is_problem=True,
            )
        if conversation.is_read_only:
            way_out = " Esc, then f, goes on in a copy of your own." if conversation.source_file else ""
            self.tell(conversation.read_only_reason + way_out, title="Read-only", is_problem=True)
        self._show_found(at, phrases)

    def _show_found(self, at: str | None, phrases: Sequence[str]) -> None:
        from metis_tui.tui.history.listing import branch_with

        conversation, transcript = self.pane.conversation, self.pane.transcript
        if at is None or at not in conversation.messages:
            return
        if not self.pane.is_running and all(message.id != at for message in conversation.path()):
            conversation.head = branch_with(conversation, at)[-1].id
            self.pane.show(conversation)
            self.tell("What was found is on another branch, which is shown now.")
        transcript.focus()
        self._go_when_laid_out(at, phrases)

    def _go_when_laid_out(self, message_id: str, phrases: Sequence[str], tries: int = 50) -> None:
        """A transcript that was not shown before has no rows yet."""
        transcript = self.pane.transcript
        if transcript.is_laid_out and transcript.document.entries:
            self.run_worker(self.reading.show_found(message_id, phrases), group="open", exit_on_error=False)
        elif tries > 0:
            self.set_timer(0.02, lambda: self._go_when_laid_out(message_id, phrases, tries - 1))

    def action_rename(self) -> None:
        from metis_tui.tui.screens.dialogs import AskText

        self.app.push_screen(AskText("Title", self.pane.conversation.title), self._rename)

    def _rename(self, title: str | None) -> None:
        if title:
            self.run_worker(self.rename_with(title), group="keep", exit_on_error=False)

    async def rename_with(self, title: str) -> None:
        conversation = self.pane.conversation
        conversation.title = printable_line(title, 200)
        self.post_message(ChatPane.ConversationChanged())
        await self.services.store.set_value(conversation, "title", conversation.title)

    def action_settings(self) -> None:
        from metis_tui.tui.screens.conversation_settings import ConversationSettings

        conversation = self.pane.conversation
        self.app.push_screen(ConversationSettings(conversation.system, conversation.params), self._apply_settings)

    def _apply_settings(self, choice: ConversationChoice | None) -> None:
        from metis_tui.chat.parameters import format_parameters

        if choice is None:
            return
        conversation, store = self.pane.conversation, self.services.store
        if choice.system != conversation.system:
            conversation.system = choice.system
            self.keep(store.set_value(conversation, "system", choice.system))
        if choice.params != conversation.params:
            conversation.params = choice.params
            self.keep(store.set_value(conversation, "params", choice.params))
        settings = ", ".join(format_parameters(conversation.params).splitlines()) or "the model's defaults"
        self.tell(f"From the next prompt on: {settings}; {'with a' if choice.system else 'no'} system prompt.")

    async def system_with(self, text: str) -> None:
        from metis_tui.tui.screens.conversation_settings import ConversationChoice

        self._apply_settings(ConversationChoice(text, self.pane.conversation.params))

    def action_system(self) -> None:
        self.action_settings()

    async def parameter_with(self, text: str) -> None:
        from metis_tui.chat.parameters import parse_parameters
        from metis_tui.tui.screens.conversation_settings import ConversationChoice

        try:
            params = parse_parameters(text)
        except InvalidRequest as refusal:
            self.tell(refusal.reason, title=refusal.title, is_problem=True)
        else:
            conversation = self.pane.conversation
            self._apply_settings(ConversationChoice(conversation.system, conversation.params | params))

    def action_parameter(self) -> None:
        self.action_settings()

    async def action_retry(self) -> None:
        if self.pane.is_running and not self.is_turn_stuck:
            self.tell("A reply is streaming. Esc stops it first.", is_problem=True)
        else:
            await self.retry_turn()

    async def action_edit_prompt(self) -> None:
        """Opens the prompt in $VISUAL or $EDITOR; a running turn goes on meanwhile."""
        from metis_tui.tui.editor import EditorFailed, edit

        try:
            self.prompt.put(await edit(self.prompt.full_text, self.app.suspend))
        except EditorFailed as failure:
            self.tell(str(failure), is_problem=True)
        self.prompt.focus()
