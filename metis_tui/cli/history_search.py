"""`history search` and `history reindex`: full-text search over all messages, for people and for scripts."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.chat.search import ConversationSearch, IndexProgress, SearchHit, SearchQuery, SearchResults
from metis_tui.chat.search_query import parse_query, summary_matches, title_matcher
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.history_list import as_json, as_table, moment
from metis_tui.cli.output import Output, cut_to

if TYPE_CHECKING:
    from metis_tui.cli.history import OpenSearch

_PATIENCE_SECONDS = 20.0
"""How long a search waits for the index to know everything; then what is known is searched."""
_QUIET_SECONDS = 1.0
_LOOK_SECONDS = 0.02


async def run(options: argparse.Namespace, store: ConversationStore, search: OpenSearch, output: Output) -> ExitCode:
    query = read_query(" ".join(options.query), is_best=options.best)
    if is_for_list(query):
        return await _filtered(options, query, store, output)
    async with search() as index:
        await caught_up(index)
        results = await index.search(query, limit=options.limit)
        trouble = index.progress.trouble
    summaries = {summary.id: summary for summary in await store.list(include_trashed=True)}
    titled = _with_title(query, summaries, results)[: options.limit]
    if not results.is_complete:
        diagnostics.warn("not everything is indexed yet: there may be more")
    if trouble:
        diagnostics.warn(f"without an index: {trouble}")
    if options.json:
        conversations = [as_json(summary) for summary in titled]
        output.json({**_as_json(options, results, summaries), "conversations": conversations})
    else:
        for summary in titled:
            _print_titled(summary, output)
        for hit in results.hits:
            _print(hit, summaries.get(hit.conversation_id), output)
        if results.is_cut:
            diagnostics.warn(f"only the first {len(results.hits)}; --limit takes more")
    return _found(bool(results.hits or titled))


def _with_title(
    query: SearchQuery, summaries: dict[str, ConversationSummary], results: SearchResults
) -> list[ConversationSummary]:
    """Conversations whose title has the words, though none of the messages found is theirs."""
    if query.roles or query.has_code:
        return []
    has_words, found = title_matcher(query), {hit.conversation_id for hit in results.hits}
    fitting = (s for s in summaries.values() if s.id not in found and summary_matches(query, s))
    return [summary for summary in fitting if has_words(summary)]


def read_query(text: str, *, is_best: bool = False) -> SearchQuery:
    """Raises UsageProblem when a part of it makes no sense: a script must not search for something else."""
    query, problems = parse_query(text, now=time.time())
    if problems:
        raise UsageProblem(" ".join(problems), title="The search makes no sense", hint="metis-tui history search -h")
    return replace(query, order="best") if is_best else query


def is_for_list(query: SearchQuery) -> bool:
    """Whether it asks for conversations, not for messages: a list tells all that it takes."""
    return not (query.has_terms or query.roles or query.has_code)


async def caught_up(index: ConversationSearch) -> None:
    """Waits until everything that is saved can be found, as long as that is a matter of seconds."""
    index.start()
    began = time.monotonic()
    while not _is_settled(index.progress) and time.monotonic() - began < _PATIENCE_SECONDS:
        if time.monotonic() - began > _QUIET_SECONDS:
            _show_progress(index.progress)
        await asyncio.sleep(_LOOK_SECONDS)
    _end_progress()


async def reindex(
    options: argparse.Namespace, store: ConversationStore, search: OpenSearch, output: Output
) -> ExitCode:
    """Makes the index anew, with the count on standard error when that is a terminal."""
    async with search() as index:
        index.watch(_show_progress)
        began = time.monotonic()
        done = await index.reindex()
        _end_progress()
    seconds = time.monotonic() - began
    if options.json:
        output.json(
            {
                "conversations": done.done,
                "is_ready": done.is_ready,
                "has_index": done.has_index,
                "trouble": done.trouble,
                "path": done.where,
                "seconds": round(seconds, 3),
            }
        )
    elif done.has_index:
        count = f"{done.done:,} conversation{'' if done.done == 1 else 's'}"
        output.line(f"{count} indexed in {seconds:.1f} s: {printable_line(done.where, 300)}")
    if not done.has_index:
        diagnostics.warn(f"there is no index, and searching reads the files: {done.trouble}")
    return ExitCode.OK if done.has_index else ExitCode.ERROR


async def _filtered(
    options: argparse.Namespace, query: SearchQuery, store: ConversationStore, output: Output
) -> ExitCode:
    """Only filters on conversations: a list of those."""
    known = await store.list(include_trashed=True)
    found = [summary for summary in known if summary_matches(query, summary)][: options.limit]
    if options.json:
        output.json({"query": _text(options), "conversations": [as_json(summary) for summary in found], "hits": []})
    elif found:
        output.line(as_table(found, output.columns))
    return _found(bool(found))


def _found(is_found: bool) -> ExitCode:
    if not is_found:
        diagnostics.warn("nothing is found")
    return ExitCode.OK if is_found else ExitCode.ERROR


def _print(hit: SearchHit, summary: ConversationSummary | None, output: Output) -> None:
    """On a terminal two lines, in a pipe one with tabs: conversation, message, date, model, title, excerpt."""
    title = printable_line(summary.title if summary else "", 80)
    who = printable_line(hit.model or ("you" if hit.role == "user" else hit.role), 60)
    if not output.is_terminal:
        fields = (hit.conversation_id, hit.message_id, moment(hit.created_ms), who, title, hit.excerpt)
        output.line("\t".join(field.replace("\t", " ") for field in fields))
        return
    output.line(cut_to(f"{hit.conversation_id}  {moment(hit.created_ms)}  {title}  ({who})", output.columns or 200))
    output.pieces([("    ", False), *_pieces(hit)])


def _print_titled(summary: ConversationSummary, output: Output) -> None:
    """As a hit without a message."""
    title, date = printable_line(summary.title, 80), moment(summary.updated_ms)
    if output.is_terminal:
        output.line(cut_to(f"{summary.id}  {date}  {title}  (title)", output.columns or 200))
    else:
        output.line("\t".join((summary.id, "", date, printable_line(summary.model or "-", 60), title, "")))


def _pieces(hit: SearchHit) -> Iterator[tuple[str, bool]]:
    """The excerpt cut at the words that were searched for."""
    place = 0
    for start, end in sorted(hit.spans):
        if start >= place:
            yield hit.excerpt[place:start], False
            yield hit.excerpt[start:end], True
            place = end
    yield hit.excerpt[place:], False


def _as_json(
    options: argparse.Namespace, results: SearchResults, summaries: dict[str, ConversationSummary]
) -> dict[str, object]:
    hits = [
        {
            "conversation": hit.conversation_id,
            "title": summaries[hit.conversation_id].title if hit.conversation_id in summaries else None,
            "message": hit.message_id,
            "role": hit.role,
            "created_ms": hit.created_ms,
            "model": hit.model,
            "excerpt": hit.excerpt,
            "spans": [list(span) for span in hit.spans],
        }
        for hit in results.hits
    ]
    return {
        "query": _text(options),
        "hits": hits,
        "is_cut": results.is_cut,
        "is_complete": results.is_complete,
        "seconds": round(results.seconds, 4),
    }


def _text(options: argparse.Namespace) -> str:
    return " ".join(options.query)


def _is_settled(progress: IndexProgress) -> bool:
    return progress.is_ready or not progress.has_index


def _show_progress(progress: IndexProgress) -> None:
    if progress.total:
        diagnostics.progress(f"indexing {progress.done:,}/{progress.total:,}")


def _end_progress() -> None:
    diagnostics.progress("")
