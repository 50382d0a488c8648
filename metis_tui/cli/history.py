"""`history`: what a script can do to saved conversations. Hands each verb to its module; knows the ports only."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ConversationStore
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from metis_tui.chat.exchange import ConversationExchange
    from metis_tui.chat.search import ConversationSearch

    OpenSearch: TypeAlias = Callable[[], AbstractAsyncContextManager[ConversationSearch]]
    OpenExchange: TypeAlias = Callable[[], ConversationExchange]


async def run(
    options: argparse.Namespace,
    *,
    store: ConversationStore,
    search: OpenSearch,
    exchange: OpenExchange,
    output: Output,
) -> ExitCode:
    """Does what the verb says; tells failures and gives their exit code.

    Args:
        search: opens the search, and closes it again; called only by the verbs that need it, as is `exchange`.
    """
    try:
        return await _work(options, store, search, exchange, output)
    except ChatError as error:
        if getattr(options, "json", False) or getattr(options, "shape", "") == "json":
            output.json({"error": diagnostics.as_json(error)})
        return diagnostics.fail(error)


def _work(
    options: argparse.Namespace,
    store: ConversationStore,
    search: OpenSearch,
    exchange: OpenExchange,
    output: Output,
) -> Awaitable[ExitCode]:
    """Each module is loaded only for its own verbs."""
    match options.verb:
        case "list":
            from metis_tui.cli import history_list

            return history_list.run(options, store, output)
        case "show":
            from metis_tui.cli import history_show

            return history_show.run(options, store, output)
        case "search" | "reindex":
            from metis_tui.cli import history_search

            verb = history_search.run if options.verb == "search" else history_search.reindex
            return verb(options, store, search, output)
        case "export":
            from metis_tui.cli import history_export

            return history_export.run(options, store, search, exchange, output)
        case "import":
            from metis_tui.cli import history_import

            return history_import.run(options, store, exchange, output)
        case "cite":
            from metis_tui.cli import history_cite

            return history_cite.run(options, store, exchange, output)
        case "trash":
            from metis_tui.cli import history_trash

            return history_trash.run(options, store, output)
        case _:
            from metis_tui.cli import history_change

            return history_change.run(options, store, output)
