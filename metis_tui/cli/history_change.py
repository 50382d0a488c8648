"""`history restore`, `rename` and `tag`: small changes to saved conversations."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.opening import find_conversation, open_conversation
from metis_tui.cli.output import Output


class NotSaved(ChatError):
    """The change is in memory only, and the program ends."""

    kind = "save_failed"
    title = "The change is not saved"
    hint = "Check space and quota: metis-tui doctor tells."


async def run(options: argparse.Namespace, store: ConversationStore, output: Output) -> ExitCode:
    match options.verb:
        case "restore":
            await _restore(options, store, output)
        case "rename":
            await _rename(options, store, output)
        case _:
            await _tag(options, store, output)
    return ExitCode.OK


async def _restore(options: argparse.Namespace, store: ConversationStore, output: Output) -> None:
    restored, others = [], []
    for wanted in [await find_conversation(store, part) for part in options.ids]:
        if (await store.open(wanted)).is_trashed:
            check_saved(await store.restore(wanted), store)
            restored.append(wanted)
        else:
            others.append(wanted)
    for conversation_id in others:
        diagnostics.warn(f"{conversation_id} is not in the trash")
    if options.json:
        output.json({"restored": restored, "not_trashed": others})
    else:
        for conversation_id in restored:
            output.line(conversation_id)


async def _rename(options: argparse.Namespace, store: ConversationStore, output: Output) -> None:
    conversation = await open_writable(store, options.id)
    title = printable_line(options.title, 200)
    if not title:
        raise UsageProblem("There is nothing in it.", title="A title is needed")
    check_saved(await store.set_value(conversation, "title", title), store)
    if options.json:
        output.json({"id": conversation.id, "title": title})


async def _tag(options: argparse.Namespace, store: ConversationStore, output: Output) -> None:
    add, remove = _checked(options.add), _checked(options.remove)
    conversation = await (open_writable if add or remove else open_conversation)(store, options.id)
    unknown = {tag.casefold() for tag in remove} - {tag.casefold() for tag in conversation.tags}
    for tag in sorted(unknown):
        diagnostics.warn(f"it has no tag {tag}")
    removed = [tag for tag in conversation.tags if tag.casefold() in {word.casefold() for word in remove}]
    known = {tag.casefold() for tag in conversation.tags} - {tag.casefold() for tag in removed}
    added = [tag for tag in add if tag.casefold() not in known]
    if added or removed:
        check_saved(await store.tag(conversation, add=added, remove=removed), store)
    if options.json:
        output.json({"id": conversation.id, "tags": list(conversation.tags)})
    else:
        for tag in conversation.tags:
            output.line(tag)


def _checked(tags: Iterable[str]) -> list[str]:
    checked = [printable_line(tag, 60) for tag in tags]
    for tag in checked:
        if not tag or any(character.isspace() or character in ',"' for character in tag):
            raise UsageProblem(
                f"{printable_line(tag, 60)!r} has a space, a comma or a quotation mark, or is empty.",
                title="This is no tag",
                hint="A tag is one word, so that tag:WORD finds it.",
            )
    return list(dict.fromkeys(checked))


async def open_writable(store: ConversationStore, wanted: str) -> Conversation:
    """Raises ChatError also when it is read-only."""
    conversation = await open_conversation(store, wanted)
    if conversation.is_read_only:
        raise ChatError(
            conversation.read_only_reason,
            title="This conversation is read-only",
            hint="Update metis-tui.",
        )
    return conversation


def check_saved(is_saved: bool, store: ConversationStore) -> None:
    """Raises NotSaved when the disk did not take it."""
    if not is_saved:
        raise NotSaved(f"{(store.status.trouble or 'the disk is slow').capitalize()}.")
