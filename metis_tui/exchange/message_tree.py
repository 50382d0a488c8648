"""Puts imported messages into the order of a conversation: parents before children. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from metis_tui.chat.conversation import ChatMessage, Conversation, title_from_prompt


def as_tree(messages: Iterable[ChatMessage]) -> tuple[dict[str, ChatMessage], int]:
    """The messages by id, and how many of them had to be attached elsewhere.

    The given order stays where parents come first anyway. A message whose parent is missing, or that is its own
    ancestor, follows the one before it. Of two with one id the first counts.
    """
    by_id: dict[str, ChatMessage] = {}
    for message in messages:
        by_id.setdefault(message.id, message)
    waiting: dict[str, list[ChatMessage]] = defaultdict(list)
    tree: dict[str, ChatMessage] = {}
    moved = 0

    def place(message: ChatMessage) -> None:
        stack = [message]
        while stack:
            next_one = stack.pop()
            if next_one.id not in tree:
                tree[next_one.id] = next_one
                stack += reversed(waiting.pop(next_one.id, []))

    for message in by_id.values():
        if message.parent is not None and message.parent not in by_id:
            message = replace(message, parent=next(reversed(tree), None))
            moved += 1
        if message.parent is None or message.parent in tree:
            place(message)
        else:
            waiting[message.parent].append(message)
    for message in by_id.values():  # what is left waits for itself: a ring of parents, opened at its first message
        if message.id not in tree:
            place(replace(message, parent=next(reversed(tree), None)))
            moved += 1
    return tree, moved


def finished(conversation: Conversation) -> Conversation:
    """With a title, a model, a time of change and a head, made of the messages where the source told none."""
    messages = conversation.messages
    if not conversation.title.strip():
        prompts = (message.text for message in messages.values() if message.role == "user" and message.text.strip())
        conversation.title = title_from_prompt(next(prompts, ""))
    if conversation.head not in messages:
        conversation.head = next(reversed(messages), None)
    if conversation.model is None:
        conversation.model = next((m.model for m in reversed(conversation.path()) if m.model), None)
    conversation.updated_ms = max((message.created_ms for message in messages.values()), default=0)
    return conversation
