"""`history cite`: what a paper says about the conversations behind it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.ports import ConversationStore
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.history_choice import opened
from metis_tui.cli.opening import find_conversation
from metis_tui.cli.output import Output

if TYPE_CHECKING:
    from metis_tui.cli.history import OpenExchange


async def run(
    options: argparse.Namespace, store: ConversationStore, exchange: OpenExchange, output: Output
) -> ExitCode:
    ids = [await find_conversation(store, wanted) for wanted in options.ids]
    conversations = await opened(store, list(dict.fromkeys(ids)))
    if options.json:
        parts = await in_background(lambda: exchange().citation(conversations))
        output.json({"conversations": [conversation.id for conversation in conversations], **parts._asdict()})
    else:
        text = await in_background(lambda: exchange().cite(conversations))
        output.line(text.rstrip("\n"))
    return ExitCode.OK
