"""`history export`: saved conversations as one file, to standard output or to a file that is yours alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import ExportFormat, suggested_name
from metis_tui.chat.ports import ConversationStore
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.export_file import write_file
from metis_tui.cli.history_choice import chosen
from metis_tui.cli.history_grammar import FORMATS
from metis_tui.cli.output import Output

if TYPE_CHECKING:
    from metis_tui.cli.history import OpenExchange, OpenSearch

_STANDARD_OUTPUT = "-"


async def run(
    options: argparse.Namespace, store: ConversationStore, search: OpenSearch, exchange: OpenExchange, output: Output
) -> ExitCode:
    kind = FORMATS[options.format]
    is_to_output = options.to == _STANDARD_OUTPUT or not (options.to or options.json or kind == "bundle")
    if is_to_output and options.json:
        raise UsageProblem(
            "--json tells which file was written, and -o - writes none.",
            hint="Leave out one of the two; --format json exports JSON.",
        )
    if is_to_output and kind == "bundle" and output.is_terminal:
        raise UsageProblem("A bundle is no text for a terminal.", hint="Leave out -o, or give it a file.")
    conversations = await chosen(options, store, search)
    content = await in_background(lambda: exchange().export(conversations, kind))
    if is_to_output:
        _print(content, output, is_text=kind != "bundle")
        return ExitCode.OK
    path = _path(options.to, conversations, kind)
    await in_background(lambda: write_file(path, content, is_forced=options.force))
    if options.json:
        ids = [conversation.id for conversation in conversations]
        output.json({"path": str(path), "format": options.format, "bytes": len(content), "conversations": ids})
    else:
        count = len(conversations)
        diagnostics.warn(f"{count} conversation{'s' * (count > 1)} in {path}")
    return ExitCode.OK


def _print(content: bytes, output: Output, *, is_text: bool) -> None:
    if is_text and output.is_terminal:
        output.text(content.decode("utf-8", "replace"))
        output.end_line()
    else:
        output.data(content)


def _path(to: str, conversations: list[Conversation], kind: ExportFormat) -> Path:
    """The file that is named, or one named by the title in the folder that is named."""
    folder = Path(to).expanduser() if to else Path()
    if to and not folder.is_dir() and not to.endswith("/"):
        return folder
    return folder / suggested_name([conversation.title for conversation in conversations], kind)
