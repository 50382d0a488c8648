"""What the user put beside the messages of a conversation, as it is shown. Pure."""

from __future__ import annotations

from typing import NamedTuple

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.tui.widgets.transcript_finding import Search
from metis_tui.tui.widgets.transcript_heading import Remarks


def remarks_of(conversation: Conversation) -> dict[str, Remarks]:
    """Notes and bookmarks by message id."""
    marked = set(conversation.bookmarks)
    ids = marked | conversation.notes.keys()
    return {i: Remarks(i in marked, conversation.notes.get(i, "")) for i in ids}


class Remarked(NamedTuple):
    """A message with a note or a bookmark."""

    message: ChatMessage
    number: int | None
    """Its place in the branch shown, from 1 on; None: in another branch."""
    remarks: Remarks


def remarked(conversation: Conversation, path: list[ChatMessage]) -> list[Remarked]:
    """All messages with notes or bookmarks: those of the branch shown in its order, then the others."""
    known = remarks_of(conversation)
    numbers = {message.id: number for number, message in enumerate(path, 1)}
    found = [Remarked(m, numbers.get(m.id), known[m.id]) for m in conversation.messages.values() if m.id in known]
    return sorted(found, key=lambda item: (item.number is None, item.number or 0))


def elsewhere(conversation: Conversation, path: list[ChatMessage], search: Search) -> list[tuple[ChatMessage, int]]:
    """The messages of other branches that hold words, and how often."""
    shown = {message.id for message in path}
    others = (m for m in conversation.messages.values() if m.id not in shown and m.role != "system")
    counts = ((m, search.count_in(m.text) + search.count_in(m.reasoning)) for m in others)
    return [(message, count) for message, count in counts if count]
