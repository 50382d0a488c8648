"""What the headings of messages say beside the name, from what the conversation holds. Pure."""

from __future__ import annotations

from metis_tui.chat.branches import children_of, places_on
from metis_tui.chat.conversation import Conversation


def heading_marks(conversation: Conversation) -> dict[str, str]:
    """Marks by message id, for the branch shown: "2/3" is the second of three siblings."""
    return {
        message_id: f"{place.number}/{place.of}"
        for message_id, place in places_on(conversation, conversation.path()).items()
    }


def with_streaming_reply(conversation: Conversation, prompt_id: str, reply_id: str) -> dict[str, str]:
    """The same while a reply streams, which is not part of the conversation before its end."""
    before = len(children_of(conversation).get(prompt_id, ()))
    marks = heading_marks(conversation)
    return {**marks, reply_id: f"{before + 1}/{before + 1}"} if before else marks
