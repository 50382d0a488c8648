"""`history list`: a line for each saved conversation. Opens none of them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output, cut_to, table

_MODEL = 3
"""Place of the model in a row."""
_FIXED_COLUMNS = 26 + 2 + 16 + 2 + 4 + 2
_LEAST_TITLE = 30
Wanted = Callable[[ConversationSummary], bool]


async def run(options: argparse.Namespace, store: ConversationStore, output: Output) -> ExitCode:
    is_wanted = wanted_by(options)
    if options.emptied:
        found = [summary for summary in await store.emptied() if is_wanted(summary)][: options.limit]
    else:
        found = await first(store, is_wanted, options.limit)
    if options.json:
        output.json({"conversations": [as_json(summary) for summary in found]})
    elif found:
        output.line(as_table(found, output.columns))
    else:
        is_filtered = options.archived or options.trash or options.emptied or options.tags or options.of_model
        diagnostics.warn("no conversation fits" if is_filtered else "nothing is saved yet")
    return ExitCode.OK


def wanted_by(options: argparse.Namespace) -> Wanted:
    """Whether the options ask for a conversation."""
    tags = {tag.casefold() for tag in options.tags}
    model = options.of_model.casefold()

    def is_wanted(summary: ConversationSummary) -> bool:
        is_for_trash = options.trash or options.emptied
        if summary.is_trashed != is_for_trash:
            return False
        if not is_for_trash and not options.all and summary.is_archived != options.archived:
            return False
        return tags <= {tag.casefold() for tag in summary.tags} and model in (summary.model or "").casefold()

    return is_wanted


async def first(store: ConversationStore, is_wanted: Wanted, limit: int | None) -> list[ConversationSummary]:
    """The newest `limit` of them. The ends of the journals tell the first ones; all are read only if need be."""
    asked = limit
    while True:
        known = await store.list(limit=asked, include_trashed=True)
        found = [summary for summary in known if is_wanted(summary)]
        if asked is None or limit is None or len(found) >= limit or len(known) < asked:
            return found[:limit]
        asked = asked * 4 if asked < 256 else None


def as_json(summary: ConversationSummary) -> dict[str, object]:
    return asdict(summary)


def as_table(summaries: Sequence[ConversationSummary], columns: int | None = None) -> str:
    """A row each. `columns`: of the terminal, whose rows must fit; None: everything in full.

    A narrow terminal gets no models: half a title would tell less than half a model's name.
    """
    rows = [_row(summary) for summary in summaries]
    if columns is None:
        return table(rows)
    models = max((len(row[_MODEL]) for row in rows), default=0)
    room = columns - _FIXED_COLUMNS
    if room - models - 2 >= _LEAST_TITLE:
        room -= models + 2
    else:
        rows = [row[:_MODEL] + row[_MODEL + 1 :] for row in rows]
    return table([[*row[:-1], cut_to(row[-1], max(room, 1))] for row in rows])


def moment(milliseconds: int) -> str:
    """Local time, to the minute."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(milliseconds / 1000))
    except (ValueError, OverflowError, OSError):  # an imported file may hold any number
        return "at an unknown time"


def _row(summary: ConversationSummary) -> list[str]:
    marks = {"pinned": summary.is_pinned, "archived": summary.is_archived, "trash": summary.is_trashed}
    words = [f"[{word}]" for word, is_set in marks.items() if is_set] + [f"#{tag}" for tag in summary.tags]
    return [
        summary.id,
        moment(summary.updated_ms),
        f"{summary.message_count:>4}",
        printable_line(summary.model or "-", 60),
        " ".join([printable_line(summary.title, 80), *(printable_line(word, 40) for word in words)]),
    ]
