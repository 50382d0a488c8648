"""Reads conversations of a ChatGPT export: a tree of nodes under "mapping", all branches of it. Pure.

What a tool was asked and what it gave back become replies of their own, in code blocks. Nodes that hold no words
(placeholders, hidden system messages) vanish and their children move up; thoughts become the reasoning of the reply
that follows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, Role, Stop
from metis_tui.exchange import untrusted
from metis_tui.exchange.code_block import code_block
from metis_tui.exchange.message_tree import as_tree, finished
from metis_tui.exchange.source import Source

PROGRAM = "ChatGPT"
_STOPS: dict[str, Stop] = {"max_tokens": "length", "length": "length", "interrupted": "cancelled"}


def is_chatgpt(fields: object) -> bool:
    return isinstance(fields, dict) and isinstance(fields.get("mapping"), dict)


@dataclass(slots=True)
class _Place:
    """Where a node's children go on."""

    parent: str | None
    """Id of the message that they follow."""
    created_ms: int
    reasoning: str = ""
    """Thoughts that wait for their reply."""


def read_chatgpt(fields: Mapping[str, Any], source: Source) -> Conversation | None:
    """The conversation, or None when there are no words in it."""
    source_id = untrusted.text(fields.get("conversation_id")) or untrusted.text(fields.get("id"))
    mapping = untrusted.mapping(fields.get("mapping"))
    created = untrusted.milliseconds(fields.get("create_time")) or _first_time(mapping) or source.modified_ms
    if not source_id:
        source_id = next(iter(mapping), "")
    reading = _Reading(source, source_id, created)
    for node_id, place in _in_order(mapping, _Place(None, created)):
        reading.take(node_id, mapping[node_id], place)
    messages, _ = as_tree(reading.messages)
    if not messages:
        return None
    head = reading.places.get(untrusted.text(fields.get("current_node")))
    conversation = Conversation(
        id=source.conversation_id(created, source_id),
        title=untrusted.title(fields.get("title")),
        created_ms=created,
        system=reading.system,
        is_archived=fields.get("is_archived") is True,
        is_pinned=fields.get("is_starred") is True,
        head=head.parent if head is not None else None,
        messages=messages,
        origin=source.origin(source_id),
    )
    return finished(conversation)


def _first_time(mapping: Mapping[str, Any]) -> int | None:
    nodes = (untrusted.mapping(untrusted.mapping(node).get("message")) for node in mapping.values())
    times = (untrusted.milliseconds(message.get("create_time")) for message in nodes)
    return min((time for time in times if time is not None), default=None)


def _in_order(mapping: Mapping[str, Any], start: _Place) -> Iterator[tuple[str, _Place]]:
    """Every node once, parents first, with the place that `take` of its parent left for it."""
    seen: set[str] = set()
    nodes = {i: untrusted.mapping(node) for i, node in mapping.items()}
    roots = [i for i, node in nodes.items() if untrusted.text(node.get("parent")) not in nodes]
    for root in (*roots, *nodes):  # after the roots whatever no root leads to
        waiting = [(root, start)]
        while waiting:
            node_id, place = waiting.pop()
            if node_id in seen:
                continue
            seen.add(node_id)
            own = _Place(place.parent, place.created_ms, place.reasoning)
            yield node_id, own
            children = [
                c for c in untrusted.items(nodes[node_id].get("children")) if isinstance(c, str) and c in nodes
            ]
            waiting += [(child, own) for child in reversed(children)]


class _Reading:
    """One conversation while its nodes are taken one by one."""

    def __init__(self, source: Source, source_id: str, created_ms: int) -> None:
        self.messages: list[ChatMessage] = []
        self.places: dict[str, _Place] = {}
        self.system = ""
        self._source = source
        self._source_id = source_id

    def take(self, node_id: str, node: object, place: _Place) -> None:
        """Makes a message of the node, or none, and changes the place to where its children go on."""
        self.places[node_id] = place
        message = untrusted.mapping(untrusted.mapping(node).get("message"))
        if not message:
            return
        content = untrusted.mapping(message.get("content"))
        kind = untrusted.text(content.get("content_type"), "text")
        metadata = untrusted.mapping(message.get("metadata"))
        if kind in ("user_editable_context", "model_editable_context"):
            self.system = self.system or _instructions(content, metadata)
            return
        if kind in ("thoughts", "reasoning_recap"):
            place.reasoning = "\n\n".join(part for part in (place.reasoning, _thoughts(content)) if part)
            return
        role = _role(message)
        if role == "system" and metadata.get("is_visually_hidden_from_conversation") is True:
            return
        text = _text(content, kind, untrusted.mapping(message.get("author")))
        attachments = self._attachments(content, metadata)
        if not text.strip() and not attachments:
            return
        created = untrusted.milliseconds(message.get("create_time")) or place.created_ms
        is_reply = role == "assistant"
        made = ChatMessage(
            id=self._source.message_id(created, self._source_id, node_id),
            parent=place.parent,
            role=role,
            text=text,
            created_ms=created,
            reasoning=place.reasoning if is_reply else "",
            model=untrusted.text_or_none(metadata.get("model_slug")) if is_reply else None,
            stop=_stop(message, metadata) if is_reply else None,
            attachments=tuple(attachments),
            extra={"source_id": untrusted.text(node_id)},
        )
        self.messages.append(made)
        place.parent, place.created_ms, place.reasoning = made.id, created, "" if is_reply else place.reasoning

    def _attachments(self, content: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[Attachment]:
        """Pictures in the text and files beside it, each once."""
        found: dict[str, Attachment] = {}
        for item in map(untrusted.mapping, untrusted.items(metadata.get("attachments"))):
            pointer = untrusted.text(item.get("id"))
            kind = untrusted.text(item.get("mime_type")) or untrusted.text(item.get("mimeType"))
            attachment = self._source.companion(pointer, untrusted.text(item.get("name")), kind)
            if attachment is not None:
                found[pointer] = attachment
        for part in map(untrusted.mapping, untrusted.items(content.get("parts"))):
            pointer = untrusted.text(part.get("asset_pointer")).rsplit("/", 1)[-1]
            if pointer and pointer not in found and (attachment := self._source.companion(pointer)) is not None:
                found[pointer] = attachment
        return list(found.values())


def _role(message: Mapping[str, Any]) -> Role:
    role = untrusted.mapping(message.get("author")).get("role")
    known: dict[object, Literal["user", "system"]] = {"user": "user", "system": "system"}
    return known.get(role, "assistant") if isinstance(role, str) else "assistant"


def _text(content: Mapping[str, Any], kind: str, author: Mapping[str, Any]) -> str:
    """The words of a message; those for and from tools in code blocks."""
    if kind == "code":
        language = untrusted.text(content.get("language"))
        return code_block(untrusted.text(content.get("text")), "" if language == "unknown" else language)
    if kind in ("execution_output", "system_error", "tether_browsing_display"):
        return code_block(untrusted.text(content.get("text")) or untrusted.text(content.get("result")))
    if kind == "tether_quote":
        title, address = untrusted.title(content.get("title")), untrusted.title(content.get("url"))
        quoted = "\n".join(f"> {line}" for line in untrusted.text(content.get("text")).splitlines())
        return "\n\n".join(part for part in (f"{title} {address}".strip(), quoted) if part)
    parts = untrusted.items(content.get("parts"))
    words = [part for part in map(_part, parts) if part] or [untrusted.text(content.get("text"))]
    text = "\n".join(words)
    return code_block(text) if author.get("role") == "tool" and text.strip() else text


def _part(part: object) -> str:
    """Text as it is, speech as it was understood; pictures are attachments."""
    if isinstance(part, str):
        return untrusted.text(part)
    return untrusted.text(untrusted.mapping(part).get("text"))


def _thoughts(content: Mapping[str, Any]) -> str:
    thoughts = [untrusted.mapping(item) for item in untrusted.items(content.get("thoughts"))]
    texts = [untrusted.text(item.get("content")) or untrusted.text(item.get("summary")) for item in thoughts]
    return "\n\n".join(text for text in texts if text)


def _instructions(content: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    told = untrusted.mapping(metadata.get("user_context_message_data"))
    texts = (
        untrusted.text(told.get("about_user_message")) or untrusted.text(content.get("user_profile")),
        untrusted.text(told.get("about_model_message")) or untrusted.text(content.get("user_instructions")),
    )
    return "\n\n".join(text for text in texts if text.strip())


def _stop(message: Mapping[str, Any], metadata: Mapping[str, Any]) -> Stop:
    if message.get("status") == "in_progress":
        return "interrupted"
    return _STOPS.get(untrusted.text(untrusted.mapping(metadata.get("finish_details")).get("type")), "stop")
