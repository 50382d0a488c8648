"""Gives the conversation shown to others: an export to a file, and the block to cite it by.

Asks and tells; formats are the exchange's business, files that of `taking_out`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.exchange import EXTENSIONS, ExportFormat, suggested_name, with_attachments
from metis_tui.tui.screens.export_dialog import FORMATS, AskExport
from metis_tui.tui.screens.text_view import TextView

if TYPE_CHECKING:
    from metis_tui.chat.conversation import Conversation
    from metis_tui.tui.screens.chat_base import ChatBase

_NAMES: dict[str, ExportFormat] = {
    **{"md": "markdown", "markdown": "markdown", "json": "json", "jsonl": "jsonl"},
    **{"html": "html", "bundle": "bundle", "zip": "bundle"},
}


class Sharing:
    """Its deeds run as workers of the chat screen, as they may ask something first."""

    def __init__(self, chat: ChatBase) -> None:
        self._chat = chat

    def _conversation(self) -> Conversation | None:
        conversation = self._chat.pane.conversation
        if conversation.is_empty:
            self._chat.tell("There is nothing to export yet.")
            return None
        return conversation

    async def export(self, words: str = "") -> None:
        """`[FORMAT] [PATH]`: what is not said is asked. A path tells its format by its end."""
        conversation = self._conversation()
        if conversation is None:
            return
        first, _, rest = words.strip().partition(" ")
        kind = _NAMES.get(first.lower())
        path = words.strip() if kind is None else rest.strip()
        kind = kind or format_of(path)
        if path and kind is None:
            names = ", ".join(sorted(_NAMES))
            self._chat.tell(f"The format is not clear. /export takes one of {names}, and a path.", is_problem=True)
            return
        if kind is None:
            choice = await self._chat.app.push_screen_wait(AskExport([conversation.title], Path(os.getcwd())))
            if choice is None:
                return
            kind, path = choice.kind, str(choice.path)
        path = path or suggested_name([conversation.title], kind)
        whole = await with_attachments(conversation, self._chat.services.store)
        data = await in_background(partial(self._chat.services.exchange.export, [whole], kind))
        title = f"Export as {FORMATS[kind][0]} to"
        await self._chat.taking_out.save(title, data, path, is_asked=False)

    async def cite(self) -> None:
        """BibTeX, acknowledgement and a sentence for the methods section, to be copied."""
        conversation = self._conversation()
        if conversation is None:
            return
        whole = replace(conversation, messages=dict(conversation.messages))  # a turn may add to it meanwhile
        text = await in_background(partial(self._chat.services.exchange.cite, [whole]))
        await self._chat.app.push_screen_wait(TextView("To cite this conversation", text, self._chat.copy))


def format_of(path: str) -> ExportFormat | None:
    """The format that a file's name stands for."""
    for kind, extension in sorted(EXTENSIONS.items(), key=lambda item: -len(item[1])):
        if path.lower().endswith(extension):
            return kind
    return None
