"""What the chat screen's keys, slash commands and palette entries do. The screen itself keeps the state.

Other screens are imported when they are first opened: the first paint does not wait for them.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

from textual import on
from textual.screen import Screen

from metis_tui.chat.background import in_background
from metis_tui.chat.errors import InvalidRequest
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.widgets.chat_pane import ChatPane
from metis_tui.tui.widgets.notice_bar import NoticeBar
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.catalog import Catalog, ServedModel
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import Measurement
    from metis_tui.tui.access_watch import AccessWatch
    from metis_tui.tui.catalog_watch import CatalogWatch
    from metis_tui.tui.screens.conversation_settings import ConversationChoice
    from metis_tui.tui.services import Launch, Services


class ActingScreen(Screen[None]):
    """The actions of the chat screen. `ChatScreen` gives them their state."""

    launch: Launch
    catalog: Catalog
    measurements: dict[str, Measurement]
    model: ServedModel | None
    wished_model: str
    catalog_watch: CatalogWatch
    access_watch: AccessWatch
    pane: ChatPane
    prompt: PromptInput
    notices: NoticeBar
    _last_code_copied: tuple[str, int] = ("", -1)

    @property
    def services(self) -> Services:
        raise NotImplementedError

    def use_model(self, model: ServedModel) -> None:
        raise NotImplementedError

    def use_next_model(self) -> None:
        raise NotImplementedError

    def wish_model(self, wish: str) -> None:
        raise NotImplementedError

    async def retry_turn(self) -> None:
        raise NotImplementedError

    def new_conversation(self) -> Conversation:
        raise NotImplementedError

    # -- telling and keeping -----------------------------------------------------------------------------------

    def tell(self, text: str, *, title: str = "", is_problem: bool = False) -> None:
        """A passing message; its text may come from anywhere."""
        self.notify(
            printable(text)[:600],
            title=printable_line(title, 80),
            severity="error" if is_problem else "information",
            timeout=10 if is_problem else 4,
            markup=False,
        )

    def keep(self, saving: Awaitable[object]) -> None:
        """Saves in the background; the store itself tells when it cannot."""

        async def run() -> None:
            await saving

        self.run_worker(run(), group="keep", exit_on_error=False)

    def keep_choice(self, **choice: str | bool) -> None:
        self.keep(in_background(lambda: self.launch.choices.update(**choice)))

    # -- running actions by name -------------------------------------------------------------------------------

    async def run_slash(self, name: str, argument: str) -> None:
        """Runs a slash command's action, with its argument when it takes one."""
        with_argument = getattr(self, f"{name}_with", None)
        if argument and with_argument is not None:
            await with_argument(argument)
        else:
            await self.run_action(name)

    def action_leader(self) -> None:
        from metis_tui.tui.screens.leader import Leader

        def run(name: str | None) -> None:
            if name is not None:
                self.call_next(self.run_action, name)

        self.app.push_screen(Leader(), run)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_help(self) -> None:
        from metis_tui.tui.screens.help import Help

        self.app.push_screen(Help(dict(self.app.keymap_in_use)))  # type: ignore[attr-defined]

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    async def action_leave(self) -> None:
        await self.app.run_action("quit")

    @on(PromptInput.QuitRequested)
    async def quit_requested(self) -> None:
        await self.action_leave()

    async def action_copy_or_stop(self) -> None:
        """Copies a selection, else stops the reply, else clears the prompt, else quits at the second press."""
        selected = self.prompt.selected_text or self.get_selected_text()
        if selected:
            await self.copy(selected)
            self.clear_selection()
        elif self.pane.stop():
            self.tell("Stopped; what arrived is kept.")
        elif self.prompt.text:
            self.prompt.reset()
        elif self.app.is_second_press():  # type: ignore[attr-defined]
            await self.action_leave()
        else:
            self.tell("Press Ctrl+C once more to quit.")

    async def copy(self, text: str) -> None:
        self.tell(await self.app.clipboard_ladder.copy(text))  # type: ignore[attr-defined]

    # -- conversation ------------------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Esc: stops the reply; else takes a notice away; else goes to the transcript."""
        if self.pane.stop():
            return
        if not self.notices.dismiss() and self.pane.transcript.display:
            self.pane.transcript.focus()

    async def action_new_conversation(self) -> None:
        await self.show_conversation(self.new_conversation())

    async def show_conversation(self, conversation: Conversation) -> None:
        """Shows it after the running turn, if any, has been kept; drafts stay with their conversation."""
        await self.pane.settle()
        drafts = self.services.drafts
        self.save_draft()
        self.pane.show(conversation)
        self.notices.withdraw("conversation")
        self.wish_model(conversation.model or "")
        self.prompt.reset()
        draft = await in_background(lambda: drafts.load(self._draft_key()))
        if draft and not self.prompt.text:
            self.prompt.replace_all(draft)
        self.prompt.focus()

    def save_draft(self) -> None:
        """What is typed and not sent outlives the program."""
        self.services.drafts.save(self._draft_key(), self.prompt.full_text)

    def _draft_key(self) -> str:
        conversation = self.pane.conversation
        return "new" if conversation.is_empty else conversation.id

    def action_conversations(self) -> None:
        from metis_tui.tui.screens.conversations import Conversations

        def opened(conversation_id: str | None) -> None:
            if conversation_id is not None:
                self.run_worker(self.open_conversation(conversation_id), group="open", exit_on_error=False)

        self.app.push_screen(Conversations(self.services.store, self.pane.conversation.id), opened)

    async def open_conversation(self, conversation_id: str) -> None:
        if conversation_id == self.pane.conversation.id and not self.pane.conversation.is_empty:
            if not self.pane.is_running:  # its title may have changed in the list
                self.pane.conversation.title = (await self.services.store.open(conversation_id)).title
                self.post_message(ChatPane.ConversationChanged())
            return
        try:
            conversation = await self.services.store.open(conversation_id)
        except KeyError:
            self.tell(f"There is no conversation {conversation_id}.", is_problem=True)
            return
        await self.show_conversation(conversation)
        if conversation.damaged:
            count = len(conversation.damaged)
            where = conversation.damaged[0]
            self.tell(
                f"{count} damaged record{'s' if count > 1 else ''} skipped, the first in {where.path} "
                f"at byte {where.offset:,} ({where.reason}). Everything else is here; the file was not changed.",
                title="Part of this conversation cannot be read",
                is_problem=True,
            )
        if conversation.is_read_only:
            self.tell("It was written by a newer version of metis-tui.", title="Read-only", is_problem=True)

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
        if self.pane.is_running:
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

    # -- models, status, looks ---------------------------------------------------------------------------------

    def action_choose_model(self) -> None:
        self.choose_model()

    async def choose_model_with(self, name: str) -> None:
        found = self.catalog.find(name)
        if found is not None:
            self.use_model(found)
            self.tell(f"Next prompt goes to {found.key}.")
        else:
            self.choose_model(name)

    def choose_model(self, wanted: str = "") -> None:
        from metis_tui.tui.screens.models import ModelPicker

        current = self.model.key if self.model else ""

        def chosen(model: ServedModel | None) -> None:
            if model is not None:
                self.use_model(model)

        picker = ModelPicker(
            self.catalog, self.measurements, current, ask_for_refresh=self.action_refresh_catalog, wanted=wanted
        )
        self.app.push_screen(picker, chosen)
        self.run_worker(self.catalog_watch.refresh(), group="refresh", exit_on_error=False)

    def action_refresh_catalog(self) -> None:
        self.run_worker(self.catalog_watch.refresh(force=True), group="refresh", exit_on_error=False)
        self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self.tell("Reading the models' states…")

    def action_next_model(self) -> None:
        self.use_next_model()

    def action_status(self) -> None:
        from metis_tui.tui.screens.status_details import StatusDetails

        self.app.push_screen(
            StatusDetails(
                base_url=self.services.base_url,
                catalog=self.catalog,
                access=self.access_watch.token,
                saving=self.services.store.status,
                state_folder=str(self.launch.state_folder),
                notices=self.notices.notices,
            )
        )

    def action_theme(self) -> None:
        self.app.choose_theme()  # type: ignore[attr-defined]

    async def theme_with(self, name: str) -> None:
        if name in self.app.available_themes:
            self.app.theme = name
            self.keep_choice(theme=name)
        else:
            self.action_theme()

    def action_toggle_mouse(self) -> None:
        self.app.toggle_mouse()  # type: ignore[attr-defined]

    def action_redraw(self) -> None:
        self.app.refresh(layout=True, repaint=True)

    # -- transcript --------------------------------------------------------------------------------------------

    @on(PromptInput.ScrollRequested)
    def scroll_transcript(self, event: PromptInput.ScrollRequested) -> None:
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
            self.prompt.focus()

    async def action_copy_message(self) -> None:
        message = self.message_to_act_on()
        if message is not None:
            await self.copy(self.pane.transcript.source_of(message.id))

    async def action_copy_code(self) -> None:
        """Copies the message's first code block; pressed again, the next one."""
        message = self.message_to_act_on()
        blocks = self.pane.transcript.code_blocks(message.id) if message is not None else []
        if message is None or not blocks:
            self.tell("There is no code block in this message.")
            return
        last_id, last_place = self._last_code_copied
        place = (last_place + 1) % len(blocks) if last_id == message.id else 0
        self._last_code_copied = (message.id, place)
        await self.copy(blocks[place])
        if len(blocks) > 1:
            self.tell(f"Code block {place + 1} of {len(blocks)}.")
