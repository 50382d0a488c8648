"""What a user does with branches: another sibling, another reply, an earlier prompt edited, a fork, the tree.

Presents; how branches hang together is known by `chat.branches`, replies come from the pane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.branches import Place, ShownBranches, fork, places_on, prompt_of
from metis_tui.chat.exchange import with_attachments
from metis_tui.chat.printable import printable_line
from metis_tui.tui.paste import LARGEST_PASTE
from metis_tui.tui.prompt_editing import PromptEditing

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.tui.screens.chat_base import ChatBase
    from metis_tui.tui.screens.reply_parameters import ReplyChoice
    from metis_tui.tui.screens.tree import TreeChoice

_STREAMS = "A reply is streaming; its place must stay. Wait for its end, or stop it with Esc."


class Branching:
    """For the conversation that the chat screen shows at the time."""

    def __init__(self, chat: ChatBase) -> None:
        self._chat = chat
        self._shown = ShownBranches()
        self._shown_of = ""

    @property
    def _conversation(self) -> Conversation:
        return self._chat.pane.conversation

    def _may_change(self, *, says_something: bool = False) -> bool:
        """Whether branches may be changed now; tells why not. `says_something`: something is to be sent."""
        if self._chat.is_busy:
            self._chat.tell(_STREAMS, is_problem=True)
        elif says_something and self._conversation.is_read_only:
            reason = f"{self._conversation.read_only_reason} f goes on in a copy of your own."
            self._chat.tell(reason, title="Read-only", is_problem=True)
        else:
            self.saw()
            return True
        return False

    def saw(self) -> None:
        """Remembers the branch on screen, before another one takes its place."""
        if self._shown_of != self._conversation.id:
            self._shown, self._shown_of = ShownBranches(), self._conversation.id
        self._shown.saw(self._conversation.path())

    # -- siblings ----------------------------------------------------------------------------------------------

    def step(self, step: int) -> None:
        """Shows the branch of the sibling before or after."""
        if not self._may_change():
            return
        found = self._fork_at_hand()
        if found is None:
            self._chat.tell("There is one branch only. e edits a prompt into another one, r asks for another reply.")
            return
        message_id, place = found
        sibling = place.neighbour(step)
        if sibling is None:
            which = "last" if step > 0 else "first"
            self._chat.tell(f"This is the {which} of {place.of}.")
        else:
            self.show(sibling, instead_of=message_id)

    def _fork_at_hand(self) -> tuple[str, Place] | None:
        """The message under the cursor if it has siblings, else the nearest one above it that has, else the last."""
        conversation = self._conversation
        path = [message.id for message in conversation.path()]
        places = places_on(conversation, conversation.path())
        current = self._chat.pane.transcript.current
        above = path[: path.index(current) + 1] if current in path else path
        for message_id in [*reversed(above), *reversed(path)]:
            if message_id in places:
                return message_id, places[message_id]
        return None

    def show(self, message_id: str, instead_of: str | None = None) -> None:
        """Shows the branch through a message; it is shown again after a restart and in other windows."""
        conversation = self._conversation
        head = self._shown.end_through(conversation, message_id)
        if head != conversation.head:
            conversation.head = head
            self._chat.keep(self._chat.services.store.set_value(conversation, "head", head))
        self._chat.pane.show_branch(message_id, instead_of)

    # -- another reply -----------------------------------------------------------------------------------------

    def _prompt_at_hand(self) -> ChatMessage | None:
        """The prompt under the cursor, or the one that the message there answers; else the last one."""
        conversation = self._conversation
        at = self._chat.pane.transcript.current or conversation.head
        found = prompt_of(conversation, at) if at is not None else None
        if found is None:
            self._chat.tell("There is no prompt yet.")
        return found

    def regenerate(self) -> None:
        """Another reply to the prompt at hand, by the model that the next prompt would go to."""
        if self._may_change(says_something=True) and (prompt := self._prompt_at_hand()) is not None:
            self._chat.run_worker(self._regenerate(prompt), group="send", exit_on_error=False)

    async def _regenerate(self, prompt: ChatMessage) -> None:
        conversation = self._conversation
        model = await self._chat.model_to_use()
        if model is not None and not self._chat.is_busy and self._conversation is conversation:
            self._chat.notices.withdraw("turn")
            self._chat.pane.regenerate(prompt.id, model)

    def ask_another(self) -> None:
        """Another reply by a model of choice and with parameters of choice, for this reply alone."""
        from metis_tui.tui.screens.reply_parameters import ReplyParameters

        chat, conversation = self._chat, self._conversation
        if not self._may_change(says_something=True) or (prompt := self._prompt_at_hand()) is None:
            return

        def chosen(model: ServedModel | None) -> None:
            if model is not None:
                chat.app.push_screen(ReplyParameters(model.key, conversation.params), lambda c: decided(model, c))

        def decided(model: ServedModel, choice: ReplyChoice | None) -> None:
            if choice is None or chat.pane.conversation is not conversation or not self._may_change():
                return
            if choice.is_for_conversation:
                chat.use_model(model)
                if choice.params != conversation.params:
                    conversation.params = choice.params
                    chat.keep(chat.services.store.set_value(conversation, "params", choice.params))
            chat.notices.withdraw("turn")
            chat.pane.regenerate(prompt.id, model, choice.params)

        chat.pick_model(chosen)

    # -- editing and forking -----------------------------------------------------------------------------------

    def edit(self) -> None:
        """Takes an earlier prompt into the prompt box, to be sent as a new branch."""
        chat = self._chat
        if not self._may_change(says_something=True) or (prompt := self._prompt_at_hand()) is None:
            return
        if len(prompt.text.encode("utf-8", "replace")) > LARGEST_PASTE:
            chat.tell("This prompt is too long for the prompt box. o opens it, s and | take it elsewhere.")
            return
        chat.cancel_editing()
        chat.editing = PromptEditing(chat.prompt, prompt)
        chat.set_focus(chat.prompt)

    def fork_here(self) -> None:
        """Forks at the message under the cursor as it is now; what is typed meanwhile goes to the fork's prompt."""
        transcript = self._chat.pane.transcript

        async def forked(at: str | None) -> None:
            try:
                await self.fork(at)
            finally:
                transcript.release_keys()

        transcript.hold_keys()
        self._chat.run_worker(forked(transcript.current), group="open", exit_on_error=False)

    async def fork(self, message_id: str | None = None) -> None:
        """Copies the branch up to a message into a conversation of its own and opens that."""
        chat, conversation = self._chat, self._conversation
        if chat.is_busy:
            chat.tell(_STREAMS, is_problem=True)
            return
        at = message_id if message_id in conversation.messages else conversation.head
        if at is None:
            chat.tell("There is nothing to fork yet.")
            return
        copy = await with_attachments(fork(conversation, at), chat.services.store)
        added = await chat.services.store.add(copy)
        if chat.pane.conversation is not conversation or chat.is_busy:
            chat.tell(f"Forked: {printable_line(copy.title, 80)} is among the saved conversations (Ctrl+R).")
            return
        await chat.show_conversation(copy)
        chat.set_focus(chat.prompt)  # at once: what is typed next is the fork's
        kept = "" if added.is_saved or not chat.services.is_saving else " It is not saved yet."
        title = printable_line(conversation.title, 80)
        chat.tell(f"A conversation of its own, up to that message.{kept} {title} stays as it was.", title="Forked")

    # -- the tree ----------------------------------------------------------------------------------------------

    def open_tree(self) -> None:
        """The whole conversation as a tree."""
        from metis_tui.tui.screens.tree import Tree

        chat, conversation = self._chat, self._conversation
        if conversation.is_empty:
            chat.tell("There is nothing to show yet.")
            return

        def chosen(choice: TreeChoice | None) -> None:
            if choice is None or chat.pane.conversation is not conversation:
                return
            if choice.is_fork:
                chat.run_worker(self.fork(choice.message_id), group="open", exit_on_error=False)
            elif any(message.id == choice.message_id for message in conversation.path()):
                chat.pane.transcript.current = choice.message_id
                chat.pane.transcript.scroll_to_message(choice.message_id)
                chat.set_focus(chat.pane.transcript)
            elif self._may_change():
                self.show(choice.message_id)
                chat.set_focus(chat.pane.transcript)

        chat.app.push_screen(Tree(conversation, chat.pane.transcript.current or conversation.head or ""), chosen)
