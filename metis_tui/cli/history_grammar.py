"""The grammar of `history`. Imports argparse only; made only when `history` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.cli.parser import Parser, add_command, count

if TYPE_CHECKING:
    from metis_tui.chat.exchange import ExportFormat
    from metis_tui.cli.parser import Commands

_ID = "its id, the start or end of its id, or: last"
_FILTERS = """\
QUERY is words that a message must hold, "several words" in quotes for a phrase, -word for one it must not hold, and
filters: model:NAME tag:NAME role:prompt|reply|system after:DATE before:DATE is:pinned|archived|trash has:code.
A DATE is such as 2026-11-25, 2026-11, today or 7d. What is in the trash is found with is:trash only. Filters on
conversations alone list conversations.
"""
FORMATS: dict[str, ExportFormat] = {
    "md": "markdown",
    "json": "json",
    "jsonl": "jsonl",
    "html": "html",
    "bundle": "bundle",
}


def add_verbs(verbs: Commands) -> None:
    """Every verb with its options."""
    for add in (_list, _search, _show, _export, _import, _cite, _trash, _restore, _rename, _tag, _reindex):
        add(verbs)


def _list(verbs: Commands) -> None:
    listing = add_command(
        verbs,
        "list",
        "List saved conversations, newest first.",
        "Without a choice: neither those in the archive nor those in the trash. Columns: id, last change, messages,\n"
        "model, title, marks and tags.",
    )
    listing.add_argument("--limit", type=count, default=None, metavar="N", help="no more than N")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--archived", action="store_true", default=False, help="only what is archived")
    which.add_argument("--trash", action="store_true", default=False, help="only what is in the trash")
    which.add_argument("--emptied", action="store_true", default=False, help="what history restore still brings back")
    which.add_argument("--all", action="store_true", default=False, help="what is archived, too")
    listing.add_argument("--tag", dest="tags", action="append", default=[], metavar="TAG", help="only with this tag")
    listing.add_argument("--model", dest="of_model", default="", metavar="TEXT", help="only with this in the model")
    _end(listing)


def _search(verbs: Commands) -> None:
    search = add_command(
        verbs,
        "search",
        "Find messages, and titles, in all saved conversations.",
        _FILTERS + "After -- a word may begin with a hyphen. Exits 1 when nothing is found.",
    )
    search.add_argument("query", nargs="+", metavar="QUERY", help="words and filters")
    search.add_argument("--best", action="store_true", default=False, help="best match first, not newest first")
    search.add_argument("--limit", type=count, default=50, metavar="N", help="no more than N messages; 50")
    _end(search)


def _show(verbs: Commands) -> None:
    show = add_command(verbs, "show", "Print one saved conversation.")
    show.add_argument("id", metavar="ID", help=_ID)
    shape = show.add_mutually_exclusive_group()
    shape.add_argument("--json", dest="shape", action="store_const", const="json", help="print one JSON object")
    shape.add_argument("--markdown", dest="shape", action="store_const", const="markdown", help="print Markdown")
    show.add_argument("--message", default="", metavar="ID", help="only this message, with --provenance of it alone")
    show.add_argument(
        "--provenance",
        action="store_true",
        default=False,
        help="print what each reply came about with: model, parameters, seed, times, token counts, SHA-256",
    )
    show.set_defaults(shape="text")
    _demo(show)


def _export(verbs: Commands) -> None:
    export = add_command(
        verbs,
        "export",
        "Write saved conversations as a file for other people and programs.",
        "Text goes to standard output unless -o names a file; a bundle gets a name made of the title. With --json\n"
        "the file gets such a name, too, and one JSON object on standard output tells it. The file is yours alone.",
    )
    export.add_argument("ids", nargs="*", default=[], metavar="ID", help=_ID)
    export.add_argument("--all", action="store_true", default=False, help="all but those in the trash")
    export.add_argument("--query", default="", metavar="QUERY", help="those with messages that history search finds")
    export.add_argument("--format", choices=list(FORMATS), default="md", help="md, json, jsonl, html or bundle; md")
    export.add_argument("-o", dest="to", default="", metavar="FILE", help="the file, or - for standard output")
    export.add_argument("--force", action="store_true", default=False, help="overwrite a file that is there")
    _end(export)


def _import(verbs: Commands) -> None:
    taking = add_command(
        verbs,
        "import",
        "Take over conversations from files.",
        "Takes exports of metis-tui, ChatGPT and Open WebUI, the logs.db of llm, and JSON lists of messages.\n"
        "Doing it again takes over only what is new. Exits 1 when a file could not be taken.",
    )
    taking.add_argument("files", nargs="+", metavar="FILE", help="the files")
    taking.add_argument("--dry-run", action="store_true", default=False, help="only tell what would be taken over")
    _end(taking)


def _cite(verbs: Commands) -> None:
    cite = add_command(
        verbs,
        "cite",
        "Print a citation block: BibTeX, acknowledgement and a sentence for the methods section.",
    )
    cite.add_argument("ids", nargs="+", metavar="ID", help=_ID)
    _end(cite)


def _trash(verbs: Commands) -> None:
    trash = add_command(
        verbs,
        "trash",
        "Put conversations in the trash, or empty it.",
        "What is in the trash can be restored at any time. The application empties it of what has been there for 30\n"
        "days (setting trash_days). What was emptied can still be restored for a week, then its files are gone.",
    )
    trash.add_argument("ids", nargs="*", default=[], metavar="ID", help=_ID)
    trash.add_argument("--empty", action="store_true", default=False, help="empty the trash; asks first")
    trash.add_argument("--yes", action="store_true", default=False, help="do not ask")
    _end(trash)


def _restore(verbs: Commands) -> None:
    restore = add_command(verbs, "restore", "Take conversations out of the trash.")
    restore.add_argument("ids", nargs="+", metavar="ID", help="its id, or the start or end of its id")
    _end(restore)


def _rename(verbs: Commands) -> None:
    rename = add_command(verbs, "rename", "Give a conversation another title.")
    rename.add_argument("id", metavar="ID", help=_ID)
    rename.add_argument("title", metavar="TITLE", help="the title")
    _end(rename)


def _tag(verbs: Commands) -> None:
    tag = add_command(
        verbs,
        "tag",
        "Add and remove the tags of a conversation, and print them.",
        "+TAG is short for --add TAG, -TAG for --remove TAG.",
    )
    tag.rewrite = _as_option
    tag.add_argument("id", metavar="ID", help=_ID)
    tag.add_argument("--add", action="append", default=[], metavar="TAG", help="add this tag")
    tag.add_argument("--remove", action="append", default=[], metavar="TAG", help="remove this tag")
    _end(tag)


def _reindex(verbs: Commands) -> None:
    reindex = add_command(
        verbs,
        "reindex",
        "Make the search index anew.",
        "It is made of the saved conversations and can be thrown away at any time.",
    )
    _end(reindex)


def _end(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", default=False, help="print one JSON object")
    _demo(parser)


def _demo(parser: Parser) -> None:
    parser.add_argument("--demo", action="store_true", help="the conversations of the demo gateway")


def _as_option(word: str) -> str:
    if len(word) > 1 and word[0] == "+":
        return f"--add={word[1:]}"
    if len(word) > 1 and word[0] == "-" and word[1] != "-" and word != "-h":
        return f"--remove={word[1:]}"
    return word
