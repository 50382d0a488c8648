"""Conversations as files for other people and from other programs: the port. Knows nothing of formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.errors import ChatError

ExportFormat = Literal["markdown", "json", "jsonl", "html", "bundle"]

EXTENSIONS: dict[ExportFormat, str] = {
    "markdown": ".md",
    "json": ".json",
    "jsonl": ".jsonl",
    "html": ".html",
    "bundle": ".metis.zip",
}


class ImportFailure(ChatError):
    """The file is none that can be imported, or is damaged."""

    kind = "import"
    title = "This file cannot be imported"
    hint = (
        "It takes: exports of metis-tui, ChatGPT and Open WebUI, the logs.db of llm, and JSON lists of messages with "
        "role and content."
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What was in a file."""

    conversations: tuple[Conversation, ...]
    source: str
    """What kind of file it was, in plain words: "ChatGPT export"."""
    problems: tuple[str, ...] = ()
    """What could not be taken over, one sentence each."""


class ConversationExchange(Protocol):
    """Makes files of conversations and conversations of files. Blocking: call it off the event loop."""

    def export(self, conversations: Sequence[Conversation], kind: ExportFormat) -> bytes:
        """One file with the conversations, all of their branches included where the format can hold them.

        Attachments must have their data; see `ConversationStore.attachment`.
        """

    def cite(self, conversations: Sequence[Conversation]) -> str:
        """A block for a paper: BibTeX entry, acknowledgement and a sentence for the methods section."""

    def read(self, path: Path) -> Imported:
        """The conversations in a file, with ids made of their source: reading it again gives the same ids.

        Raises:
            ImportFailure: it cannot be read or is no known format.
        """
