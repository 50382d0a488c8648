"""What keys do with the transcript and its messages: scroll from the prompt, copy, go back. Owns no state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage


class TranscriptActions(ChatBase):
    """The actions on the transcript."""

    _last_code_copied: tuple[str, int] = ("", -1)

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
