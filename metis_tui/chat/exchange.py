"""Conversations as files for other people and from other programs: the port. Knows nothing of formats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from metis_tui.chat.conversation import Attachment, Conversation
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ConversationStore

ExportFormat = Literal["markdown", "json", "jsonl", "html", "bundle"]

EXTENSIONS: dict[ExportFormat, str] = {
    "markdown": ".md",
    "json": ".json",
    "jsonl": ".jsonl",
    "html": ".html",
    "bundle": ".metis.zip",
}


_LONGEST_NAME = 60


def suggested_name(titles: Sequence[str], kind: ExportFormat) -> str:
    """A file name made of the title, or of how many conversations there are."""
    text = titles[0] if len(titles) == 1 else f"{len(titles)} conversations"
    name = re.sub(r"[^\w.-]+", "-", text, flags=re.UNICODE).strip("-._")[:_LONGEST_NAME].rstrip("-._").lower()
    return (name or "conversation") + EXTENSIONS[kind]


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


class Citation(NamedTuple):
    """What a paper says of the conversations behind it, for programs."""

    bibtex: str
    acknowledgement: str
    policy: str
    """The address of the rules for the acknowledgement."""
    methods: str


class ConversationExchange(Protocol):
    """Makes files of conversations and conversations of files. Blocking: call it off the event loop."""

    def export(self, conversations: Sequence[Conversation], kind: ExportFormat) -> bytes:
        """One file with the conversations, all of their branches included where the format can hold them.

        Attachments must have their data; see `with_attachments`.
        """

    def cite(self, conversations: Sequence[Conversation]) -> str:
        """A block for a paper: BibTeX entry, acknowledgement and a sentence for the methods section."""

    def citation(self, conversations: Sequence[Conversation]) -> Citation:
        """The same in its parts."""

    def read(self, path: Path) -> Imported:
        """The conversations in a file, with ids made of their source: reading it again gives the same ids.

        Raises:
            ImportFailure: it cannot be read or is no known format.
        """


async def with_attachments(conversation: Conversation, store: ConversationStore) -> Conversation:
    """A copy of the conversation whose attachments have their content, as far as the store has it.

    To be called before an export; the content of large attachments is not read when a conversation is opened.
    """
    messages = dict(conversation.messages)
    for message_id, message in messages.items():
        if any(attachment.data is None and attachment.sha256 for attachment in message.attachments):
            filled = [await _filled(attachment, store) for attachment in message.attachments]
            messages[message_id] = replace(message, attachments=tuple(filled))
    return replace(conversation, messages=messages)


async def _filled(attachment: Attachment, store: ConversationStore) -> Attachment:
    if attachment.data is not None or not attachment.sha256:
        return attachment
    return replace(attachment, data=await store.attachment(attachment.sha256))
