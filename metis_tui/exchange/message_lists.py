"""Reads messages in the style of OpenAI's API: a list of objects with role and content. Pure.

Such a list tells no times and no ids: its id is made of its content, so that the same list is the same conversation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, Role
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.exchange import untrusted
from metis_tui.exchange.code_block import code_block
from metis_tui.exchange.message_tree import as_tree, finished
from metis_tui.exchange.source import Source

PROGRAM = "a list of messages"
_ROLES: dict[str, Role] = {
    **{"user": "user", "human": "user"},
    **{"assistant": "assistant", "model": "assistant", "ai": "assistant", "gpt": "assistant"},
    **{"tool": "assistant", "function": "assistant", "system": "system", "developer": "system"},
}


def is_message(fields: object) -> bool:
    return isinstance(fields, dict) and "content" in fields and _role(fields) is not None


def _role(fields: Mapping[str, Any]) -> Role | None:
    word = fields.get("role")
    return _ROLES.get(word) if isinstance(word, str) else None


def is_message_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_message, value[:3]))


def has_message_list(fields: object) -> bool:
    return isinstance(fields, dict) and is_message_list(fields.get("messages"))


def read_messages(
    items: Sequence[object], source: Source, about: Mapping[str, Any] | None = None
) -> Conversation | None:
    """The conversation, or None when there are no messages.

    Args:
        about: the object around the list, for its title, model and parameters.
    """
    around = about or {}
    canonical = json.dumps(untrusted.clean(list(items)), ensure_ascii=False, sort_keys=True)
    told = untrusted.text(around.get("id"))
    source_id = told or hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()
    created = untrusted.milliseconds(around.get("created")) or untrusted.milliseconds(around.get("created_at"))
    model = untrusted.text_or_none(around.get("model"))
    systems: list[str] = []
    made: list[ChatMessage] = []
    for number, item in enumerate(items):
        message = _message(number, item, source, source_id, created, model, made[-1].id if made else None)
        if message is None:
            source.problems.tell("A message without a known role was left out.")
        elif message.role == "system" and not made:
            systems.append(message.text)
        elif message.text.strip() or message.attachments or message.reasoning:
            made.append(message)
    messages, _ = as_tree(made)
    if not messages:
        return None
    return finished(
        Conversation(
            id=source.conversation_id(created or 0, source_id),
            title=untrusted.title(around.get("title")),
            created_ms=created or source.modified_ms,
            system="\n\n".join(systems),
            params={n: v for n, v in around.items() if n in PARAMETERS and PARAMETERS[n].accepts(v)},
            messages=messages,
            origin=source.origin(told),
        )
    )


def _message(
    number: int,
    item: object,
    source: Source,
    source_id: str,
    created: int | None,
    model: str | None,
    parent: str | None,
) -> ChatMessage | None:
    fields = untrusted.mapping(item)
    word, role = fields.get("role"), _role(fields)
    if role is None:
        return None
    text, attachments = _content(fields.get("content"), source)
    if word in ("tool", "function"):
        text = code_block(text)
    for call in map(untrusted.mapping, untrusted.items(fields.get("tool_calls"))):
        function = untrusted.mapping(call.get("function"))
        name, arguments = untrusted.title(function.get("name")), untrusted.text(function.get("arguments"))
        text = "\n\n".join(part for part in (text, code_block(f"{name}({arguments})")) if part)
    is_reply = role == "assistant"
    reasoning = untrusted.text(fields.get("reasoning_content")) or untrusted.text(fields.get("reasoning"))
    return ChatMessage(
        id=source.message_id((created or 0) + number, source_id, str(number)),
        parent=parent,
        role=role,
        text=text,
        created_ms=(created or source.modified_ms) + number,
        reasoning=reasoning if is_reply else "",
        model=(untrusted.text_or_none(fields.get("model")) or model) if is_reply else None,
        stop="stop" if is_reply else None,
        attachments=tuple(attachments),
    )


def _content(content: object, source: Source) -> tuple[str, list[Attachment]]:
    """Text and pictures of a message: its content is a text or a list of parts."""
    if not isinstance(content, list):
        return untrusted.text(content), []
    texts: list[str] = []
    attachments: list[Attachment] = []
    for part in content:
        fields = untrusted.mapping(part)
        picture = fields.get("image_url")
        address = untrusted.text(picture) or untrusted.text(untrusted.mapping(picture).get("url"))
        if address:
            attachments.append(source.from_address(address))
        else:
            texts.append(
                untrusted.text(part) or untrusted.text(fields.get("text")) or untrusted.text(fields.get("refusal"))
            )
    return "\n\n".join(text for text in texts if text), attachments
