"""Conversations as one HTML file for reading and printing: no scripts, nothing loaded, all text escaped.

The branch shown comes first; other branches, reasoning and provenance are folded, which needs no script either.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence

from metis_tui.chat.conversation import Attachment, Conversation
from metis_tui.chat.printable import printable_line
from metis_tui.chat.provenance import origin_in_words
from metis_tui.exchange.html_page import html_page
from metis_tui.exchange.html_text import line_html, plain_html, text_html
from metis_tui.exchange.outline import Entry, Outline, byte_count, minute, outline

_PICTURES = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml"))
_LONGEST_TEXT = 200_000
"""Bytes of an attached text that is shown."""
_CONTENTS_FROM = 4
"""Prompts from which on a conversation gets a table of contents."""


def html(conversations: Sequence[Conversation]) -> bytes:
    """One page with all conversations, and a list of them when there are several."""
    outlines = [outline(conversation) for conversation in conversations]
    titles = [_title(each) for each in outlines]
    page = titles[0] if len(titles) == 1 else f"{len(titles)} conversations"
    parts = list(_list_of(outlines)) if len(outlines) > 1 else []
    for number, each in enumerate(outlines, start=1):
        parts += _Page(each, f"c{number}").parts()
    return html_page(page, ["conversation.css"], parts)


def _title(each: Outline) -> str:
    return printable_line(each.conversation.title, 300) or "Conversation"


def _list_of(outlines: Sequence[Outline]) -> Iterator[str]:
    yield f"<nav>\n<strong>{len(outlines)} conversations</strong>\n<ol>\n"
    for number, each in enumerate(outlines, start=1):
        when = f'<span class="when">{line_html(minute(each.conversation.created_ms))}</span>'
        yield f'<li><a href="#c{number}">{line_html(_title(each))}</a> {when}</li>\n'
    yield "</ol>\n</nav>\n"


class _Page:
    """One conversation on the page. Anchors are numbers: ids in a file may be any text."""

    def __init__(self, each: Outline, anchor: str) -> None:
        self._outline = each
        self._anchor = anchor
        self._numbers = {
            entry.message.id: number for number, entry in enumerate((*each.shown, *each.others), start=1)
        }
        self._aside: dict[str | None, list[Entry]] = defaultdict(list)
        for entry in each.others:
            self._aside[entry.message.parent].append(entry)

    def parts(self) -> Iterator[str]:
        conversation = self._outline.conversation
        yield f'<section class="conversation" id="{self._anchor}">\n<h1>{line_html(_title(self._outline))}</h1>\n'
        yield from self._facts()
        yield from self._contents()
        if conversation.system.strip():
            yield f"<details><summary>System prompt</summary>\n{text_html(conversation.system)}</details>\n"
        for entry in self._outline.shown:
            yield from self._message(entry)
            yield from self._branches(entry.message.parent)
        for parent in list(self._aside):  # those that go on from the head
            yield from self._branches(parent)
        yield "</section>\n"

    def _facts(self) -> Iterator[str]:
        each, conversation = self._outline, self._outline.conversation
        tags = " ".join(f'<span class="tag">{line_html(printable_line(tag, 60))}</span>' for tag in conversation.tags)
        facts = [
            ("Models", ", ".join(line_html(printable_line(model, 120)) for model in each.models)),
            (
                "Time",
                f"{minute(conversation.created_ms)} to {minute(conversation.updated_ms or conversation.created_ms)}",
            ),
            (
                "Messages",
                f"{len(each.shown)} shown, {len(each.others)} in other branches"
                if each.others
                else f"{len(each.shown)}",
            ),
            ("Tags", tags),
            ("Written with", ", ".join(line_html(printable_line(client, 80)) for client in each.clients)),
            ("Origin", line_html(printable_line(origin_in_words(conversation.origin), 300))),
            ("Conversation", f"<code>{line_html(conversation.id)}</code>"),
        ]
        yield '<dl class="facts">\n'
        yield from (f"<dt>{label}</dt><dd>{value}</dd>\n" for label, value in facts if value)
        yield "</dl>\n"
        if conversation.is_read_only and not conversation.source_file:
            yield '<p class="remark">It holds records of a newer version of metis-tui, which are not shown.</p>\n'

    def _contents(self) -> Iterator[str]:
        prompts = [entry for entry in self._outline.shown if entry.message.role == "user"]
        if len(prompts) < _CONTENTS_FROM:
            return
        yield f"<details><summary>Contents: {len(prompts)} prompts</summary>\n<ol>\n"
        for entry in prompts:
            words = line_html(printable_line(entry.message.text, 90)) or "(no text)"
            yield f'<li><a href="#{self._place(entry)}">{words}</a></li>\n'
        yield "</ol></details>\n"

    def _place(self, entry: Entry) -> str:
        return f"{self._anchor}-m{self._numbers[entry.message.id]}"

    def _branches(self, parent: str | None) -> Iterator[str]:
        """The branches that leave at a message, folded, each with all that follows in it."""
        for root in self._aside.pop(parent, []):
            entries = list(self._following(root))
            words = printable_line(root.message.text, 70)
            count = f", {len(entries)} messages" if len(entries) > 1 else ""
            yield f'<details class="branch"><summary>Other branch: {line_html(root.heading)}{count}'
            yield f"{': ' + line_html(words) if words else ''}</summary>\n"
            for entry in entries:
                yield from self._message(entry, is_aside=entry is not root)
            yield "</details>\n"

    def _following(self, root: Entry) -> Iterator[Entry]:
        waiting = [root]
        while waiting:
            entry = waiting.pop()
            yield entry
            waiting += reversed(self._aside.pop(entry.message.id, []))

    def _message(self, entry: Entry, *, is_aside: bool = False) -> Iterator[str]:
        message = entry.message
        place = self._place(entry)
        about = [line_html(part) for part in entry.facts]
        if is_aside and entry.follows:
            about.append(f"follows {line_html(entry.follows)}")
        yield f'<article class="message {message.role}" id="{place}">\n'
        yield f'<header><h2><a href="#{place}">{entry.name}</a></h2>'
        yield f'<span class="about">{" · ".join(about)}</span></header>\n'
        if message.reasoning.strip():
            yield '<details class="reasoning"><summary>Reasoning</summary>\n'
            yield f"<div>\n{text_html(message.reasoning)}</div></details>\n"
        if message.text.strip():
            yield text_html(message.text)
        for attachment in message.attachments:
            yield _attachment(attachment)
        yield from self._beside(entry)
        if message.role == "assistant":
            yield from self._provenance(entry)
        yield "</article>\n"

    def _beside(self, entry: Entry) -> Iterator[str]:
        if entry.remark:
            yield f'<p class="remark">{line_html(entry.remark)}</p>\n'
        marks = ["Bookmarked"] if entry.is_bookmarked else []
        if entry.vote:
            marks.append(f"Vote: {line_html(entry.vote)}")
        if marks:
            yield f'<p class="mark">{" · ".join(marks)}</p>\n'
        if entry.note:
            yield f'<div class="note"><strong>Note</strong>\n{text_html(entry.note)}</div>\n'

    def _provenance(self, entry: Entry) -> Iterator[str]:
        yield '<details class="provenance"><summary>Provenance</summary>\n<table>\n'
        for section in self._outline.provenance(entry.message).sections:
            yield f'<tr><th colspan="2">{line_html(section.title)}</th></tr>\n'
            for fact in section.facts:
                if fact.key.endswith("_local"):
                    continue  # the zone of whoever exports says nothing to whoever reads
                missing = "" if fact.is_known else ' class="missing"'
                yield f"<tr><th>{line_html(fact.label)}</th><td{missing}>{line_html(fact.value)}</td></tr>\n"
        yield "</table></details>\n"


def _attachment(attachment: Attachment) -> str:
    name = line_html(printable_line(attachment.name, 200)) or "file without a name"
    kind = line_html(printable_line(attachment.media_type, 80))
    caption = f"{name} ({kind}, {byte_count(attachment.size)})"
    data = attachment.data
    if data is None:
        return f'<p class="mark">Attachment: {caption}; its content is not here.</p>\n'
    if attachment.media_type in _PICTURES:
        source = f"data:{attachment.media_type};base64,{base64.b64encode(data).decode()}"
        return f'<figure><img src="{source}" alt="{name}"><figcaption>{caption}</figcaption></figure>\n'
    if attachment.media_type.startswith("text/") and len(data) <= _LONGEST_TEXT:
        text = plain_html(data.decode(errors="replace"))
        return f"<details><summary>Attachment: {caption}</summary>\n{text}</details>\n"
    return f'<p class="mark">Attachment: {caption}</p>\n'
