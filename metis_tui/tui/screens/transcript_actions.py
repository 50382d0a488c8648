"""What keys do with the transcript and its messages: scroll from the prompt, copy, go back. Owns no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from metis_tui.chat.printable import printable
from metis_tui.tui.screens.reading_actions import ReadingActions
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.sharing import Sharing


class TranscriptActions(ReadingActions):
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
        """The transcript's current message, as far as it has arrived, else the last reply."""
        current = self.pane.transcript.shown_message(self.pane.transcript.current)
        return current or next((m for m in reversed(self.pane.conversation.path()) if m.role == "assistant"), None)

    def action_focus_prompt(self) -> None:
        """i or Esc in the transcript: stops the reply, else back to the prompt."""
        if not self.pane.stop():
            self.set_focus(self.prompt)  # at once: keys that follow are meant for it

    # -- branches ----------------------------------------------------------------------------------------------

    def action_edit_branch(self) -> None:
        self.branching.edit()

    def action_regenerate(self) -> None:
        self.branching.regenerate()

    def action_ask_another(self) -> None:
        self.branching.ask_another()

    def action_previous_sibling(self) -> None:
        self.branching.step(-1)

    def action_next_sibling(self) -> None:
        self.branching.step(+1)

    def action_fork(self) -> None:
        self.branching.fork_here()

    def action_tree(self) -> None:
        self.branching.open_tree()

    def action_copy_message(self) -> None:
        message = self.message_to_act_on()
        if message is not None:
            self.run_worker(self.copy(printable(message.text)), group="copy", exit_on_error=False)

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

    @property
    def sharing(self) -> Sharing:
        """What others can be given."""
        from metis_tui.tui.sharing import Sharing

        if self._sharing is None:
            self._sharing = Sharing(self)
        return self._sharing

    def action_export(self) -> None:
        self.taking_out.start(self.sharing.export())

    async def export_with(self, argument: str) -> None:
        self.taking_out.start(self.sharing.export(argument))

    def action_cite(self) -> None:
        self.taking_out.start(self.sharing.cite())

    def action_pager(self) -> None:
        self.taking_out.start(self.taking_out.page())
