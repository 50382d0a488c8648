"""Conversations as a JSON document or as JSON Lines, lossless both ways. Pure: knows nothing of files.

One document holds any number of conversations:

    {"format": "metis-tui conversations", "version": 1, "conversations": [CONVERSATION, ...]}

    CONVERSATION  id, title, created, updated (Unix time in ms; updated follows from the messages), model
                  ("model@cluster" for the next prompt), system, params, tags, pinned, archived, trashed,
                  head (id of the last message of the branch shown), origin, notes {message id: text},
                  votes {message id: any value}, bookmarks [message id], extras [records of other types],
                  messages [MESSAGE], parents before children
    MESSAGE       id, parent (null: a root; messages with one parent are siblings, that is branches), role, created,
                  text, and what there is of: reasoning, model, cluster, framework, params, usage, timing (seconds),
                  stop, failure, request_id, continuation, model_version, request_sha256, client, attachments, extra,
                  text_sha256 (replies: of the text in UTF-8)
    ATTACHMENT    name, media_type, sha256, size, data (base64; left out when the content is not here)

`conversation.schema.json` beside this module says the same in JSON Schema. Keys with nothing in them are left out,
order and spacing are fixed, and nothing of the moment or the machine goes in: exporting what was imported gives the
same bytes. In JSON Lines a first line holds format and version, then every conversation is one line with the key
"conversation" that lacks its messages, followed by a line with the key "message" for each of them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from metis_tui.chat.conversation import Attachment, ChatMessage, Conversation
from metis_tui.chat.printable import storable
from metis_tui.chat.provenance import text_sha256

FORMAT = "metis-tui conversations"
VERSION = 1

_MESSAGE_TEXTS = ("reasoning", "model", "cluster", "framework")
_MESSAGE_TEXTS_AT_END = ("request_id", "model_version", "request_sha256", "client")


def document(conversations: Sequence[Conversation]) -> bytes:
    """One JSON document; every message on a line of its own, so that it can be compared and searched."""
    return "".join(_document_parts(conversations)).encode()


def lines(conversations: Iterable[Conversation]) -> bytes:
    """JSON Lines; see above."""
    made = [_json({"format": FORMAT, "version": VERSION, "layout": "lines"})]
    for conversation in conversations:
        made.append(_json({"conversation": _conversation(conversation)}))
        made += (_json({"message": _message(message)}) for message in conversation.messages.values())
    return "".join(f"{line}\n" for line in made).encode()


def _document_parts(conversations: Sequence[Conversation]) -> Iterable[str]:
    yield f'{{"format":{_json(FORMAT)},"version":{VERSION},"conversations":['
    for place, conversation in enumerate(conversations):
        yield f'{"," if place else ""}\n{_json(_conversation(conversation))[:-1]},"messages":['
        for number, message in enumerate(conversation.messages.values()):
            yield f"{',' if number else ''}\n{_json(_message(message))}"
        yield "]}"
    yield "\n]}\n"


def _conversation(conversation: Conversation) -> dict[str, object]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created": conversation.created_ms,
        "updated": conversation.updated_ms or conversation.created_ms,
        "model": conversation.model,
        "system": conversation.system,
        "params": conversation.params,
        "tags": list(conversation.tags),
        "pinned": conversation.is_pinned,
        "archived": conversation.is_archived,
        "trashed": conversation.is_trashed,
        "head": conversation.head,
        "origin": conversation.origin,
        "notes": conversation.notes,
        "votes": conversation.votes,
        "bookmarks": list(conversation.bookmarks),
        "extras": list(conversation.extras),
    }


def _message(message: ChatMessage) -> dict[str, object]:
    fields: dict[str, object] = {
        "id": message.id,
        "parent": message.parent,
        "role": message.role,
        "created": message.created_ms,
        "text": message.text,
    }
    optional: dict[str, object] = {
        **{name: getattr(message, name) for name in _MESSAGE_TEXTS},
        "params": message.params,
        "usage": message.usage and asdict(message.usage),
        "timing": message.timing and asdict(message.timing),
        "stop": message.stop,
        "failure": message.failure and asdict(message.failure),
        "continuation": message.is_continuation,
        **{name: getattr(message, name) for name in _MESSAGE_TEXTS_AT_END},
        "attachments": [_attachment(attachment) for attachment in message.attachments],
        "extra": message.extra,
        "text_sha256": text_sha256(message) if message.role == "assistant" else None,
    }
    fields.update({name: value for name, value in optional.items() if value})
    return fields


def _attachment(attachment: Attachment) -> dict[str, object]:
    data = attachment.data
    fields: dict[str, object] = {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "sha256": attachment.sha256 if data is None else hashlib.sha256(data).hexdigest(),
        "size": attachment.size if data is None else len(data),
    }
    if data is not None:
        fields["data"] = base64.b64encode(data).decode()
    return fields


def _json(value: object) -> str:
    """Compact JSON; numbers that JSON does not have become null, text that UTF-8 does not have is replaced."""
    options = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    try:
        text = json.dumps(value, **options)  # type: ignore[arg-type]
        text.encode()
    except (ValueError, TypeError):  # UnicodeEncodeError is a ValueError
        text = json.dumps(_clean(value), **options)  # type: ignore[arg-type]
    return text


def _clean(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value if value is None or isinstance(value, (bool, int)) else storable(str(value))
