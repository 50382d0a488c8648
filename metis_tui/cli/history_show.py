"""`history show`: one saved conversation, or one of its messages, on standard output."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, NotFound, UsageProblem
from metis_tui.cli.opening import open_conversation
from metis_tui.cli.output import Output, table

_ENDS = {
    "length": "ended at its length limit",
    "error": "incomplete",
    "interrupted": "interrupted",
    "cancelled": "stopped",
}


async def run(options: argparse.Namespace, store: ConversationStore, output: Output) -> ExitCode:
    conversation = await open_conversation(store, options.id)
    if conversation.damaged:
        diagnostics.warn(f"{len(conversation.damaged)} damaged records were skipped; metis-tui doctor lists them")
    message = find_message(conversation, options.message) if options.message else None
    if options.provenance:
        _show_provenance(conversation, message, output, is_json=options.shape == "json")
    elif message is not None:
        output.json(_message(message)) if options.shape == "json" else output.text(message.text)
        output.end_line()
    elif options.shape == "json":
        output.json(conversation_as_json(conversation))
    elif options.shape == "markdown":
        output.text(conversation_as_markdown(conversation))
    else:
        output.text(conversation_as_text(conversation))
    return ExitCode.OK


def find_message(conversation: Conversation, part: str) -> ChatMessage:
    """The message with this id, or with this start or end of it.

    Raises:
        NotFound: there is none.
        UsageProblem: several fit.
    """
    part = part.strip()
    ids = list(conversation.messages)
    found = (
        [i for i in ids if i == part]
        or [i for i in ids if i.startswith(part)]
        or [i for i in ids if i.endswith(part)]
    )
    if not found:
        raise NotFound(
            f"Conversation {conversation.id} has no message {printable_line(part, 40)!r}.",
            title="No such message",
            hint=f"metis-tui history show {conversation.id} --json names its messages.",
        )
    if len(found) > 1:
        raise UsageProblem(f"{len(found)} messages fit.", title="Which message?", hint="Give more of the id.")
    return conversation.messages[found[0]]


def _show_provenance(
    conversation: Conversation, message: ChatMessage | None, output: Output, *, is_json: bool
) -> None:
    """Of one message, or of all replies of the branch shown."""
    from metis_tui.chat.provenance import provenance_of

    chosen = [message] if message is not None else list(conversation.replies())
    told = [provenance_of(conversation, one) for one in chosen]
    if is_json:
        messages = [{"message": one.message_id, **one.as_dict()} for one in told]
        output.json({"conversation": conversation.id, "messages": messages})
        return
    for one, source in zip(told, chosen, strict=True):
        output.line(f"{_writer(source)}  ({one.message_id})")
        for section in one.sections:
            output.line(f"  {section.title}")
            output.line(table([[f"    {fact.label}", fact.value] for fact in section.facts]))
        output.line()


def conversation_as_text(conversation: Conversation) -> str:
    """The branch shown, each message under its writer's name, its own lines indented."""
    blocks = [f"{printable_line(conversation.title)}  ({conversation.id})"]
    for message in conversation.path():
        lines = "\n".join(f"  {line}" if line else "" for line in message.text.rstrip("\n").split("\n"))
        blocks.append(f"{_writer(message)}{_remark(message)}\n{lines}")
        if note := conversation.notes.get(message.id):
            blocks.append(f"  note: {printable_line(note, 500)}")
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
    """Everything that is kept, all branches included, but for the content of attachments."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_ms": conversation.created_ms,
        "updated_ms": conversation.updated_ms,
        "model": conversation.model,
        "system": conversation.system,
        "params": dict(conversation.params),
        "tags": list(conversation.tags),
        "is_pinned": conversation.is_pinned,
        "is_archived": conversation.is_archived,
        "is_trashed": conversation.is_trashed,
        "head": conversation.head,
        "messages": [_message(message) for message in conversation.messages.values()],
        "notes": conversation.notes,
        "bookmarks": list(conversation.bookmarks),
        "votes": conversation.votes,
        "origin": conversation.origin,
        "damaged": [asdict(record) for record in conversation.damaged],
    }


def _message(message: ChatMessage) -> dict[str, object]:
    attachments = tuple(replace(attachment, data=None) for attachment in message.attachments)
    facts = asdict(replace(message, attachments=attachments))
    for attachment in facts["attachments"]:
        del attachment["data"]
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
