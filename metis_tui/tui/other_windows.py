"""Keeps the conversation on screen up to date with what other windows and machines add to it. Owns no conversation.

Looks only while nothing else goes on: a turn's place, an open dialog and what is being edited stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.branches import places_on

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.screens.chat_base import ChatBase

LOOK_SECONDS = 3.0
_THOROUGH_EVERY = 20
"""Looking at files that are known is cheap. The folder is listed once in so many times, and when the window gets the
focus."""


class OtherWindows:
    """Asks the store now and then."""

    def __init__(self, chat: ChatBase) -> None:
        self._chat = chat
        self._count = 0
        self._is_looking = False

    def look_soon(self, *, is_thorough: bool = False) -> None:
        """Starts a look unless one is under way or there is nothing to look at."""
        chat = self._chat
        self._count += 1
        is_thorough = is_thorough or self._count % _THOROUGH_EVERY == 0
        if self._is_looking or not self._may_look() or not chat.services.is_saving:
            return
        self._is_looking = True
        chat.run_worker(self._look(is_thorough), group="other-windows", exit_on_error=False)

    def _may_look(self) -> bool:
        chat = self._chat
        return not (chat.is_busy or chat.pane.conversation.is_empty) and chat.app.screen is chat

    async def _look(self, is_thorough: bool) -> None:
        chat, conversation = self._chat, self._chat.pane.conversation
        before, path = conversation.messages, conversation.path()
        try:
            has_changed = await chat.services.store.refresh(conversation, is_thorough=is_thorough)
        finally:
            self._is_looking = False
        if not has_changed or chat.pane.conversation is not conversation:
            return
        new = {message_id for message_id in conversation.messages if message_id not in before}
        if not chat.is_busy:  # else the turn's end shows it
            self._show(path)
            chat.pane.mark_headings()
        chat.show_state()
        if new:
            self._tell(new)

    def _show(self, path: list[ChatMessage]) -> None:
        """What follows on screen is added to it; the reader's place stays."""
        pane = self._chat.pane
        now = pane.conversation.path()
        if [message.id for message in now[: len(path)]] != [message.id for message in path]:
            pane.show_branch(now[-1].id)
            return
        for old, message in zip(path, now, strict=False):
            if old != message and message.role != "system":
                pane.transcript.replace(message)
        for message in now[len(path) :]:
            pane.transcript.add(message)

    def _tell(self, new: set[str]) -> None:
        conversation = self._chat.pane.conversation
        shown = conversation.path()
        if new.intersection(message.id for message in shown):
            self._chat.tell("New messages from another window.")
        elif places_on(conversation, shown):
            self._chat.tell("New messages from another window, on another branch: T shows all of them.")
