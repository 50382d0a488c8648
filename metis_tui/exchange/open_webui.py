"""Reads chats of an Open WebUI export, all branches of them. Pure.

Reasoning, which Open WebUI keeps as a <details> block in the text, becomes the reply's reasoning.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation, FailureNote, Role, Stop, Usage
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.exchange import untrusted
from metis_tui.exchange.message_tree import as_tree, finished
from metis_tui.exchange.source import Source

PROGRAM = "Open WebUI"
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_REASONING = re.compile(r'<details type="reasoning"[^>]{0,200}>\s*(?:<summary>[^<]{0,200}</summary>)?')
_CLOSING = "</details>"


def is_open_webui(fields: object) -> bool:
    """Whether it is an entry of an export, or a chat alone."""
    chat = _chat(untrusted.mapping(fields))
    return isinstance(untrusted.mapping(chat.get("history")).get("messages"), dict) or (
        "chat" in untrusted.mapping(fields) and isinstance(chat.get("messages"), list)
    )


def _chat(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return untrusted.mapping(fields.get("chat")) or fields


def read_open_webui(fields: Mapping[str, Any], source: Source) -> Conversation | None:
    """The conversation, or None when there are no messages in it."""
    chat = _chat(fields)
    history = untrusted.mapping(chat.get("history"))
    nodes = list(untrusted.mapping(history.get("messages")).items())
    if not nodes:
        nodes = _as_chain(untrusted.items(chat.get("messages")))
    source_id = untrusted.text(fields.get("id")) or untrusted.text(chat.get("id")) or (nodes[0][0] if nodes else "")
    times = (untrusted.milliseconds(untrusted.mapping(node).get("timestamp")) for _, node in nodes)
    created = (
        untrusted.milliseconds(fields.get("created_at"))
        or untrusted.milliseconds(chat.get("timestamp"))
        or min((time for time in times if time), default=source.modified_ms)
    )
    ids = {node_id: source.message_id(_created(node, created), source_id, node_id) for node_id, node in nodes}
    read = [_message(node_id, node, ids, created, source) for node_id, node in nodes]
    messages, _ = as_tree(message for message in read if message is not None)
    if not messages:
        return None
    params = untrusted.mapping(untrusted.clean(chat.get("params")))
    meta = untrusted.mapping(fields.get("meta"))
    tags = untrusted.items(meta.get("tags")) or untrusted.items(chat.get("tags"))
    return finished(
        Conversation(
            id=source.conversation_id(created, source_id),
            title=untrusted.title(fields.get("title")) or untrusted.title(chat.get("title")),
            created_ms=created,
            system=untrusted.text(chat.get("system")) or untrusted.text(params.get("system")),
            params={n: v for n, v in params.items() if n in PARAMETERS and PARAMETERS[n].accepts(v)},
            tags=tuple(dict.fromkeys(filter(None, map(_tag, tags)))),
            is_pinned=fields.get("pinned") is True,
            is_archived=fields.get("archived") is True,
            head=ids.get(untrusted.text(history.get("currentId"))),
            messages=messages,
            votes=_votes(nodes, ids, messages),
            origin=source.origin(source_id),
        )
    )


def _as_chain(nodes: Iterable[object]) -> list[tuple[str, Any]]:
    """Messages of an old chat, which is a list: each follows the one before."""
    chain: list[tuple[str, Any]] = []
    for number, node in enumerate(map(untrusted.mapping, nodes)):
        node_id = untrusted.text(node.get("id")) or str(number)
        chain.append((node_id, {**node, "parentId": chain[-1][0] if chain else None}))
    return chain


def _created(node: object, default: int) -> int:
    return untrusted.milliseconds(untrusted.mapping(node).get("timestamp")) or default


def _tag(value: object) -> str:
    """A tag is a text, or an object with its name."""
    return untrusted.title(value) or untrusted.title(untrusted.mapping(value).get("name"))


def _message(node_id: str, value: object, ids: Mapping[str, str], created: int, source: Source) -> ChatMessage | None:
    node = untrusted.mapping(value)
    role = _ROLES.get(untrusted.text(node.get("role")))
    if role is None:
        source.problems.tell("A message without a known role was left out.")
        return None
    reasoning, text = (
        _parted(_content(node.get("content"))) if role == "assistant" else ("", _content(node.get("content")))
    )
    failure = _failure(node.get("error"))
    is_reply = role == "assistant"
    return ChatMessage(
        id=ids[node_id],
        parent=ids.get(untrusted.text(node.get("parentId"))),
        role=role,
        text=text,
        created_ms=_created(node, created),
        reasoning=reasoning,
        model=untrusted.text_or_none(node.get("model")) if is_reply else None,
        usage=_usage(node) if is_reply else None,
        stop=_stop(node, failure) if is_reply else None,
        failure=failure,
        attachments=tuple(_attachments(node, source)),
        extra={"source_id": untrusted.text(node_id)},
    )


def _content(value: object) -> str:
    """Text, or the text parts of a list."""
    if isinstance(value, list):
        return "\n".join(filter(None, (untrusted.text(untrusted.mapping(part).get("text")) for part in value)))
    return untrusted.text(value)


def _parted(text: str) -> tuple[str, str]:
    """(reasoning, the rest). Open WebUI writes the lines of reasoning as a quotation, with HTML entities."""
    reasoning: list[str] = []
    rest: list[str] = []
    at = 0
    while (opening := _REASONING.search(text, at)) is not None:
        end = text.find(_CLOSING, opening.end())
        if end < 0:  # none of those that follow ends either
            break
        rest.append(text[at : opening.start()])
        reasoning += (re.sub(r"^> ?", "", line) for line in _lines(text[opening.end() : end]))
        at = end + len(_CLOSING)
    rest.append(text[at:])
    return "\n".join(reasoning).strip(), "".join(rest).strip() if reasoning else text


def _lines(block: str) -> list[str]:
    return html.unescape(block).strip().splitlines()


def _stop(node: Mapping[str, Any], failure: FailureNote | None) -> Stop:
    if failure is not None:
        return "error"
    return "interrupted" if node.get("done") is False else "stop"


def _failure(error: object) -> FailureNote | None:
    if not error:
        return None
    reason = untrusted.text(untrusted.mapping(error).get("content")) or untrusted.text(error)
    return FailureNote("The reply failed", reason or "The export does not tell why.", "imported")


def _usage(node: Mapping[str, Any]) -> Usage | None:
    told = untrusted.mapping(node.get("usage")) or untrusted.mapping(untrusted.mapping(node.get("info")).get("usage"))
    if not isinstance(told.get("completion_tokens"), int):
        return None
    prompt, completion = untrusted.whole(told.get("prompt_tokens")), untrusted.whole(told.get("completion_tokens"))
    return Usage(prompt, completion, untrusted.whole(told.get("total_tokens")) or prompt + completion)


def _attachments(node: Mapping[str, Any], source: Source) -> Iterable[Attachment]:
    for item in map(untrusted.mapping, untrusted.items(node.get("files"))):
        inner = untrusted.mapping(item.get("file"))
        meta = untrusted.mapping(inner.get("meta"))
        name = untrusted.text(item.get("name")) or untrusted.text(inner.get("filename"))
        kind = untrusted.text(item.get("content_type")) or untrusted.text(meta.get("content_type"))
        address = untrusted.text(item.get("url"))
        if address or name:
            yield source.from_address(address, name, kind)


def _votes(
    nodes: Iterable[tuple[str, object]], ids: Mapping[str, str], messages: Mapping[str, ChatMessage]
) -> dict[str, object]:
    ratings = ((i, untrusted.mapping(untrusted.mapping(n).get("annotation")).get("rating")) for i, n in nodes)
    return {ids[i]: rating for i, rating in ratings if isinstance(rating, (int, str)) and ids[i] in messages}
