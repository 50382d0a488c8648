"""Conversations as one Markdown file: YAML front matter with how replies were made, roles as headings. Pure.

For people to read and to put into notebooks and repositories; the JSON document is the lossless one. The front matter
writes every text as a JSON string, which YAML takes as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.chat.printable import printable, printable_line
from metis_tui.chat.provenance import utc_time
from metis_tui.exchange.contained import contained, escaped
from metis_tui.exchange.outline import Entry, Outline, byte_count, outline

_REPLY_KEYS = (
    *("model", "cluster", "framework", "model_version", "sent_utc", "ended_utc", "stop_reason", "failure"),
    *("request_id", "client", "request_sha256", "request_check", "reply_sha256"),
)
_ESCAPES = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})
"""Characters that YAML refuses even in quotes and that `printable` leaves."""


def markdown(conversations: Sequence[Conversation]) -> bytes:
    """One file; several conversations follow one another, all described in the one front matter."""
    outlines = [outline(conversation) for conversation in conversations]
    parts = ["---"]
    if len(outlines) == 1:
        parts += _front_matter(outlines[0])
    else:
        parts.append("conversations:")
        for each in outlines:
            parts += [f"  {'- ' if number == 0 else '  '}{line}" for number, line in enumerate(_front_matter(each))]
    parts += ["---", ""]
    for each in outlines:
        parts += _body(each)
    return "\n".join(parts).encode()


def _front_matter(each: Outline) -> Iterator[str]:
    conversation = each.conversation
    yield f"id: {_yaml(conversation.id)}"
    yield f"title: {_yaml(conversation.title)}"
    yield f"created: {utc_time(conversation.created_ms)}"
    yield f"updated: {utc_time(conversation.updated_ms or conversation.created_ms)}"
    yield f"models: {_yaml(each.models)}"
    yield f"tags: {_yaml(conversation.tags)}"
    yield f"clients: {_yaml(each.clients)}"
    if conversation.origin:
        yield f"origin: {_yaml(conversation.origin)}"
    if conversation.is_read_only and not conversation.source_file:
        yield "incomplete: true  # it holds records of a newer version of metis-tui, which are not shown"
    replies = [e for e in (*each.shown, *each.others) if e.message.role == "assistant"]
    yield "replies:" if replies else "replies: []"
    for entry in replies:
        yield from _reply_lines(each, entry)


def _reply_lines(each: Outline, entry: Entry) -> Iterator[str]:
    facts = each.provenance(entry.message)
    yield f"  - id: {_yaml(entry.message.id)}"
    for key in _REPLY_KEYS:
        if value := facts.value(key):
            yield f"    {key}: {_yaml(value)}"
    yield f"    parameters: {_yaml(dict(entry.message.params))}"
    if facts.is_recorded:
        yield f"    not_sent: {_yaml([name for name in PARAMETERS if name not in entry.message.params])}"
    if (usage := entry.message.usage) is not None:
        yield f"    usage: {_yaml({key: count for key, count in asdict(usage).items() if count is not None})}"
    if (timing := entry.message.timing) is not None:
        yield f"    timing: {_yaml({key: value for key, value in asdict(timing).items() if value is not None})}"


def _yaml(value: object) -> str:
    return json.dumps(_safe(value), ensure_ascii=False, default=str)


def _safe(value: object) -> object:
    if isinstance(value, str):
        return printable(value).translate(_ESCAPES)
    if isinstance(value, dict):
        return {_safe(str(key)): _safe(item) for key, item in value.items()}
    return [_safe(item) for item in value] if isinstance(value, (list, tuple)) else value


def _body(each: Outline) -> Iterator[str]:
    conversation = each.conversation
    yield f"# {escaped(printable_line(conversation.title, 300))}"
    yield ""
    if conversation.system.strip():
        yield "## System prompt"
        yield ""
        yield contained(conversation.system, 2)
        yield ""
    for entry in each.shown:
        yield from _message(entry, 2)
    if each.others:
        yield "## Other branches"
        yield ""
        for entry in each.others:
            yield from _message(entry, 3)


def _message(entry: Entry, level: int) -> Iterator[str]:
    message = entry.message
    yield f"{'#' * level} {escaped(entry.heading)}"
    yield ""
    if level > 2 and entry.follows:
        yield f"_Follows {escaped(entry.follows)}._"
        yield ""
    if message.reasoning.strip():
        yield "<details>"
        yield "<summary>Reasoning</summary>"
        yield ""
        yield contained(message.reasoning, level)
        yield ""
        yield "</details>"
        yield ""
    if message.text.strip():
        yield contained(message.text, level)
        yield ""
    if beside := list(_beside(entry, level)):
        yield from (f"> {line}" if line else ">" for line in "\n\n".join(beside).split("\n"))
        yield ""


def _beside(entry: Entry, level: int) -> Iterator[str]:
    if entry.remark:
        yield f"**{escaped(entry.remark)}**"
    for attachment in entry.message.attachments:
        name = escaped(printable_line(attachment.name or "file without a name", 200))
        kind = escaped(printable_line(attachment.media_type, 80))
        digest = f", SHA-256 {escaped(printable_line(attachment.sha256, 64))}" if attachment.sha256 else ""
        yield f"Attachment: {name} ({kind}, {byte_count(attachment.size)}{digest})"
    if entry.is_bookmarked:
        yield "Bookmarked."
    if entry.vote:
        yield f"Vote: {escaped(entry.vote)}"
    if entry.note:
        yield "**Note:**"
        yield contained(entry.note.expandtabs(4), level)  # a tab is narrower behind the mark of a quotation
