"""`history trash`: puts conversations in the trash, and empties it after somebody agreed."""

from __future__ import annotations

import argparse

from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.history_change import check_saved
from metis_tui.cli.history_list import moment
from metis_tui.cli.line_input import LineInput
from metis_tui.cli.opening import find_conversation
from metis_tui.cli.output import Output

_SHOWN_AT_MOST = 10
_WORD = "empty"


async def run(options: argparse.Namespace, store: ConversationStore, output: Output) -> ExitCode:
    if options.empty and options.ids:
        raise UsageProblem("--empty takes no ids: it empties the whole trash.", hint="Give ids or --empty, not both.")
    if options.empty:
        return await _empty(options, store, output)
    if not options.ids:
        raise UsageProblem("Give the ids of conversations, or --empty.", title="What should go in the trash?")
    trashed = [await find_conversation(store, wanted) for wanted in options.ids]
    for conversation_id in trashed:
        check_saved(await store.trash(conversation_id), store)
    if options.json:
        output.json({"trashed": trashed})
    else:
        for conversation_id in trashed:
            output.line(conversation_id)
        diagnostics.warn(f"undo with: metis-tui history restore{' --demo' * options.demo} {' '.join(trashed)}")
    return ExitCode.OK


async def _empty(options: argparse.Namespace, store: ConversationStore, output: Output) -> ExitCode:
    summaries = [summary for summary in await store.list(include_trashed=True) if summary.is_trashed]
    if summaries and not options.yes:
        lines = [f"  {moment(s.updated_ms)}  {printable_line(s.title, 60)}" for s in summaries[:_SHOWN_AT_MOST]]
        if len(summaries) > _SHOWN_AT_MOST:
            lines.append(f"  and {len(summaries) - _SHOWN_AT_MOST} more")
        await _agree(len(summaries), lines)
    emptied = await store.empty_trash()
    for conversation_id, reason in emptied.kept:
        diagnostics.warn(f"{conversation_id} stays: {reason}")
    for conversation_id in emptied.returned:
        diagnostics.warn(f"{conversation_id} is back: somebody restored or continued it")
    if options.json:
        output.json(
            {
                "gone": list(emptied.gone),
                "kept": [{"id": conversation_id, "reason": reason} for conversation_id, reason in emptied.kept],
                "returned": list(emptied.returned),
                "ended_count": emptied.ended_count,
            }
        )
    else:
        for conversation_id in emptied.gone:
            output.line(conversation_id)
        if not emptied.gone:
            diagnostics.warn("nothing went from the trash" if emptied.kept else "the trash is empty")
        else:
            diagnostics.warn("for a week history restore still brings them back, then their files are gone")
    return ExitCode.ERROR if emptied.kept else ExitCode.OK


async def _agree(count: int, lines: list[str]) -> None:
    """Raises UsageProblem when nobody agrees."""
    asking = LineInput()
    if not asking.is_terminal:
        raise UsageProblem(
            f"{count} conversation{'s are' if count > 1 else ' is'} in the trash, and nobody is there to agree.",
            title="The trash was not emptied",
            hint="Say --yes if that is what you want.",
        )
    for line in lines:
        diagnostics.say(line)
    answer = await asking.ask(f"Type {_WORD} to empty the trash of {count} conversation{'s' * (count > 1)}: ")
    if (answer or "").casefold() != _WORD:
        raise UsageProblem("You did not agree.", title="The trash was not emptied", hint="")
