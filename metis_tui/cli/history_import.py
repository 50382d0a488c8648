"""`history import`: takes over conversations from files; what is here already is not taken twice."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.errors import ChatError
from metis_tui.chat.exchange import ImportFailure
from metis_tui.chat.ports import Addition, ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output

if TYPE_CHECKING:
    from metis_tui.cli.history import OpenExchange

_SHOWN_AT_MOST = 10
_GIVES_UP_AFTER = 3
"""Conversations that the disk did not take."""


@dataclass(slots=True)
class Taken:
    """What became of one file."""

    path: str
    source: str = ""
    new_conversations: int = 0
    known_conversations: int = 0
    new_messages: int = 0
    known_messages: int = 0
    unsaved: int = 0
    """Conversations that the disk did not take."""
    ids: list[str] = field(default_factory=list)
    """Of conversations that are new or have new messages."""
    problems: list[str] = field(default_factory=list)
    error: ChatError | None = None

    def count(self, conversation: Conversation, addition: Addition) -> None:
        self.new_conversations += addition.is_new
        self.known_conversations += not addition.is_new
        self.new_messages += addition.message_count
        self.known_messages += len(conversation.messages) - addition.message_count
        if addition.is_new or addition.message_count:
            self.ids.append(conversation.id)
            self.unsaved += not addition.is_saved


async def run(
    options: argparse.Namespace, store: ConversationStore, exchange: OpenExchange, output: Output
) -> ExitCode:
    found = []
    for name in options.files:
        taken = await _take(name, store, exchange, is_dry=options.dry_run)
        found.append(taken)
        if not options.json:
            _tell(taken, output, is_dry=options.dry_run)
        if taken.error is not None:
            diagnostics.fail(taken.error)
        if taken.unsaved:
            trouble = store.status.trouble or "the disk is slow"
            diagnostics.warn(f"not everything is saved: {trouble}. Import again when it works")
    if options.json:
        output.json({"is_dry_run": options.dry_run, "files": [_as_json(taken) for taken in found]})
    return ExitCode.ERROR if any(taken.error or taken.unsaved for taken in found) else ExitCode.OK


async def _take(name: str, store: ConversationStore, exchange: OpenExchange, *, is_dry: bool) -> Taken:
    taken = Taken(name)
    try:
        imported = await in_background(lambda: exchange().read(Path(name).expanduser()))
    except ChatError as error:
        name_shown = printable_line(name, 300)
        taken.error = ImportFailure(
            f"{name_shown}: {error.reason}", title=error.title, hint=diagnostics.hint_of(error)
        )
        return taken
    taken.source, taken.problems = imported.source, list(imported.problems)
    total = len(imported.conversations)
    for done, conversation in enumerate(imported.conversations, 1):
        addition = await _would_add(store, conversation) if is_dry else await store.add(conversation)
        taken.count(conversation, addition)
        if taken.unsaved >= _GIVES_UP_AFTER:  # each one may have waited for a disk that does not answer
            break
        if done % 50 == 0:
            diagnostics.progress(f"{done:,}/{total:,} conversations")
    diagnostics.progress("")
    return taken


async def _would_add(store: ConversationStore, conversation: Conversation) -> Addition:
    try:
        known = (await store.open(conversation.id)).messages
    except (KeyError, ValueError):
        return Addition(True, len(conversation.messages), True)
    return Addition(False, sum(i not in known for i in conversation.messages), True)


def _tell(taken: Taken, output: Output, *, is_dry: bool) -> None:
    if taken.error is not None:
        return
    verb = "would be taken over" if is_dry else "taken over"
    output.line(f"{printable_line(taken.path, 300)}: {printable_line(taken.source, 80)}")
    conversations = _count(taken.new_conversations, "new conversation")
    output.line(f"  {verb}: {conversations}, {_count(taken.new_messages, 'new message')}")
    if taken.known_conversations:
        output.line(
            f"  here already: {_count(taken.known_conversations, 'conversation')}, "
            f"{_count(taken.known_messages, 'message')}"
        )
    for problem in taken.problems[:_SHOWN_AT_MOST]:
        diagnostics.warn(printable_line(problem, 300))
    if len(taken.problems) > _SHOWN_AT_MOST:
        diagnostics.warn(f"and {len(taken.problems) - _SHOWN_AT_MOST} more such problems; --json tells all")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _as_json(taken: Taken) -> dict[str, object]:
    return {
        "path": taken.path,
        "source": taken.source,
        "new_conversations": taken.new_conversations,
        "known_conversations": taken.known_conversations,
        "new_messages": taken.new_messages,
        "known_messages": taken.known_messages,
        "unsaved_conversations": taken.unsaved,
        "ids": taken.ids,
        "problems": taken.problems,
        "error": diagnostics.as_json(taken.error) if taken.error else None,
    }
