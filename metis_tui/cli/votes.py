"""`votes`: the ranking that votes give, and files of votes for others. Knows the store's port only."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import ConversationStore
from metis_tui.chat.printable import printable_line
from metis_tui.chat.ranking import Ranking, clusters_in, rank, tags_in
from metis_tui.chat.ranking_report import (
    HEADINGS,
    as_voter,
    matrix_as_csv,
    matrix_cells,
    ranking_as_csv,
    ranking_as_json,
    standing_cells,
    summary_words,
    votes_as_text,
    votes_from_text,
)
from metis_tui.chat.votes import Vote, joined
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.export_file import NotWritten, write_file
from metis_tui.cli.output import Output, table

_LARGEST_FILE = 64 * 1024 * 1024


class FileProblem(ChatError):
    """A file of votes cannot be read."""

    kind = "file"
    title = "The votes cannot be read"
    can_retry = False


async def run(options: argparse.Namespace, *, store: ConversationStore, voter: str, output: Output) -> ExitCode:
    """Prints the ranking; 0 also when there is nothing to rank yet.

    Args:
        voter: what the user is called in files for others unless --name says otherwise.
    """
    try:
        own = as_voter(await store.votes(), options.name or voter)
        others = [vote for path in options.merge for vote in await in_background(lambda path=path: _read(path))]  # type: ignore[misc]
        votes = joined(own, others)
        if options.tag is not None:
            votes = _with_tag(votes, options.tag)
        if options.export is not None:
            await in_background(lambda: _export(options.export, votes, is_anonymous=options.anonymous))
        _check_cluster(votes, options.cluster)
        ranking = await in_background(
            lambda: rank(votes, cluster=options.cluster, by_model=options.by_model, blind_only=options.blind)
        )
    except ChatError as error:
        return diagnostics.fail(error)
    _print(ranking, options, output)
    return ExitCode.OK


def _with_tag(votes: Sequence[Vote], tag: str) -> list[Vote]:
    found = [vote for vote in votes if tag in vote.tags]
    if votes and not found:
        raise UsageProblem(f"No vote has the tag {printable_line(tag, 40)!r}.", hint=_offer("Tags", tags_in(votes)))
    return found


def _check_cluster(votes: Sequence[Vote], cluster: str | None) -> None:
    known = clusters_in(votes)
    if cluster is not None and votes and cluster not in dict(known):
        reason = f"No vote compares two lanes on the cluster {printable_line(cluster, 40)!r}."
        raise UsageProblem(reason, hint=_offer("Clusters", known))


def _offer(what: str, counted: Sequence[tuple[str, int]]) -> str:
    names = ", ".join(printable_line(name, 40) for name, _ in counted[:12])
    return f"{what} of votes: {names}." if names else f"There are no {what.casefold()} of votes."


def _print(ranking: Ranking, options: argparse.Namespace, output: Output) -> None:
    if options.shape == "json":
        output.json(ranking_as_json(ranking))
    elif options.shape == "csv":
        output.text(matrix_as_csv(ranking) if options.matrix else ranking_as_csv(ranking))
    elif not ranking.vote_count:
        diagnostics.warn("there are no votes yet: compare models on a prompt, and say which reply is the best")
    else:
        output.line(summary_words(ranking))
        output.line(table([list(HEADINGS), *(standing_cells(s) for s in ranking.standings)]))
        if options.matrix:
            output.line("\nwon/tied/lost of the row's model against the column's")
            output.line(table(matrix_cells(ranking)))


# Files


def _read(name: str) -> list[Vote]:
    try:
        with open(name, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise FileProblem(f"{name} cannot be read ({(error.strerror or 'no reason given').lower()}).") from error
    if len(data) > _LARGEST_FILE:
        raise FileProblem(f"{name} is larger than {_LARGEST_FILE // 1024**2} MB.", hint="Is it the right file?")
    try:
        votes, bad = votes_from_text(data.decode("utf-8"))
    except ValueError as error:
        reason = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        hint = "--merge takes what metis-tui votes --export has written."
        raise FileProblem(f"{name} cannot be merged: {reason}.", hint=hint) from error
    if bad:
        diagnostics.warn(f"{name}: {bad} entries are no votes and were left out")
    return votes


def _export(name: str, votes: Sequence[Vote], *, is_anonymous: bool) -> None:
    text = votes_as_text(votes, is_csv=Path(name).suffix.casefold() == ".csv", is_anonymous=is_anonymous)
    try:
        write_file(Path(name), text.encode("utf-8", "replace"), is_forced=False)
    except (NotWritten, UsageProblem) as error:
        raise type(error)(error.reason, title=error.title, hint="Give --export another name.") from error
    diagnostics.say(f"{len(votes)} votes are in {name}: no prompts, no replies" + _what_else(is_anonymous))


def _what_else(is_anonymous: bool) -> str:
    return ", no reasons, no tags, no names" if is_anonymous else "; --anonymous leaves out reasons, tags and names"
