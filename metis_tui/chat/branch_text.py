"""The branch shown as one text, to be read or copied: who says what. Pure; exports tell far more."""

from __future__ import annotations

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.printable import printable_line

_ENDS = {
    "length": "cut at its length limit",
    "error": "failed",
    "interrupted": "interrupted",
    "cancelled": "stopped",
}


def branch_as_markdown(conversation: Conversation) -> str:
    """Title, then each message under a heading with its writer; texts as they are, reasoning left out."""
    blocks = [f"# {printable_line(conversation.title)}"]
    if conversation.system.strip():
        blocks += ["## System prompt", conversation.system.strip("\n")]
    for message in conversation.path():
        end = f" ({_ENDS.get(message.stop or '', 'incomplete')})" if message.is_incomplete else ""
        blocks.append(f"## {_writer(message)}{end}")
        if message.text.strip():
            blocks.append(message.text.strip("\n"))
    return "\n\n".join(blocks) + "\n"


def _writer(message: ChatMessage) -> str:
    if message.role == "user":
        return "You"
    return printable_line(message.served_by or {"assistant": "Reply", "system": "System"}[message.role], 120)
