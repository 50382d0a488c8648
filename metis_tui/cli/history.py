"""`history list` and `history show`: saved conversations on standard output. Knows the store's port only."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict

from metis_tui.chat.conversation import ChatMessage, Conversation, ConversationSummary
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.opening import open_conversation
from metis_tui.cli.output import Output, table

_ENDS = {
    "length": "ended at its length limit",
    "error": "incomplete",
    "interrupted": "interrupted",
    "cancelled": "stopped",
}


async def run(options: argparse.Namespace, *, store: ConversationStore, output: Output) -> ExitCode:
    try:
        if options.verb == "list":
            await _list(options, store, output)
        else:
            await _show(options, store, output)
    except ChatError as error:
        return diagnostics.fail(error)
    return ExitCode.OK


async def _list(options: argparse.Namespace, store: ConversationStore, output: Output) -> None:
    summaries = await store.list(limit=options.limit)
    if options.json:
        output.json({"conversations": [asdict(summary) for summary in summaries]})
    elif summaries:
        output.line(table([_row(summary) for summary in summaries]))
    else:
        diagnostics.warn("nothing is saved yet")


def _row(summary: ConversationSummary) -> list[str]:
    return [
        summary.id,
        _moment(summary.updated_ms),
        f"{summary.message_count:>4}",
        printable_line(summary.model or "-", 60),
        printable_line(summary.title, 80),
    ]


async def _show(options: argparse.Namespace, store: ConversationStore, output: Output) -> None:
    conversation = await open_conversation(store, options.id)
    if conversation.damaged:
        diagnostics.warn(f"{len(conversation.damaged)} damaged records were skipped")
    if options.shape == "json":
        output.json(conversation_as_json(conversation))
    elif options.shape == "markdown":
        output.text(conversation_as_markdown(conversation))
    else:
        output.text(conversation_as_text(conversation))


def conversation_as_text(conversation: Conversation) -> str:
    """The branch shown, each message under its writer's name, its own lines indented."""
    blocks = [f"{printable_line(conversation.title)}  ({conversation.id})"]
    for message in conversation.path():
        lines = "\n".join(f"  {line}" if line else "" for line in message.text.rstrip("\n").split("\n"))
        blocks.append(f"{_writer(message)}{_remark(message)}\n{lines}")
    return "\n\n".join(blocks) + "\n"


def conversation_as_markdown(conversation: Conversation) -> str:
    """The branch shown: roles as headings, texts as they are, reasoning folded."""
    blocks = [f"# {printable_line(conversation.title)}", f"Conversation {conversation.id}"]
    if conversation.system.strip():
        blocks += ["## System prompt", conversation.system.strip()]
    for message in conversation.path():
        blocks.append(f"## {_writer(message)}{_remark(message)}")
        if message.reasoning.strip():
            blocks.append(f"<details><summary>Reasoning</summary>\n\n{message.reasoning.strip()}\n\n</details>")
        if message.text.strip():
            blocks.append(message.text.strip("\n"))
    return "\n\n".join(blocks) + "\n"


def conversation_as_json(conversation: Conversation) -> dict[str, object]:
    """Everything that is kept, all branches included."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_ms": conversation.created_ms,
        "updated_ms": conversation.updated_ms,
        "model": conversation.model,
        "system": conversation.system,
        "params": dict(conversation.params),
        "head": conversation.head,
        "is_trashed": conversation.is_trashed,
        "messages": [_message(message) for message in conversation.messages.values()],
        "damaged": [asdict(record) for record in conversation.damaged],
    }


def _message(message: ChatMessage) -> dict[str, object]:
    facts = asdict(message)
    facts["params"] = dict(message.params)
    return facts


def _writer(message: ChatMessage) -> str:
    if message.role == "user":
        return "You"
    return printable_line(message.served_by or message.role, 120)


def _remark(message: ChatMessage) -> str:
    if not message.is_incomplete:
        return ""
    why = _ENDS.get(message.stop or "", "incomplete")
    if message.failure is not None:
        why += f": {printable_line(message.failure.title)}"
    return f" [{why}]"


def _moment(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(milliseconds / 1000))
