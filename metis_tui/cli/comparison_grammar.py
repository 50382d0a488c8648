"""The grammar of `compare` and `matrix`. Imports argparse only; made only when one of them is asked for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from metis_tui.cli.parser import Parser, add_command, add_gateway, add_json, count

if TYPE_CHECKING:
    from metis_tui.cli.parser import Commands

_MOST_AT_ONCE = 8
_REPORTS = ("md", "csv", "jsonl", "html")


def add_compare(commands: Commands) -> None:
    compare = add_command(
        commands,
        "compare",
        "Send one prompt to several models at once and print the replies with a table of measures.",
        "The requests leave in one moment, in a shuffled order. The replies are kept in one conversation.\n"
        "With --repeat the table gives the median, and first and third quartile in brackets; ~ marks estimates.\n"
        "Exits 7 when some models failed, 1 when all did.",
    )
    compare.add_argument(
        "prompt", metavar="PROMPT", nargs="?", default="", help="the prompt, or - for standard input"
    )
    _add_models(compare)
    compare.add_argument("--repeat", type=count, default=1, metavar="N", help="so many times, one after the other")
    compare.add_argument(
        "-f", "--file", dest="files", action="append", default=[], metavar="FILE", help="attach a text file"
    )
    _add_generation(compare)
    shape = compare.add_mutually_exclusive_group()
    shape.add_argument("--json", dest="shape", action="store_const", const="json", help="print one JSON object")
    shape.add_argument(
        "--jsonl",
        dest="shape",
        action="store_const",
        const="jsonl",
        help="print one JSON object for each reply, and one with the measures",
    )
    shape.add_argument(
        "--report", choices=_REPORTS, default="", help="print a report: replies side by side, measures"
    )
    compare.set_defaults(shape="text")
    compare.add_argument(
        "--open", dest="open_id", default="", metavar="ID", help="ask nobody: report what is saved, with --report"
    )
    _add_file(compare, "the report's file")
    compare.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    add_gateway(compare)


def add_matrix(commands: Commands) -> None:
    matrix = add_command(
        commands,
        "matrix",
        "Ask several models many prompts, several times, and report how they did.",
        "SOURCE is a file of prompts: each line a text, or a JSON object with prompt or messages, and perhaps id,\n"
        "system, tags and reference. Or it is a folder that was written before: to go on where it stopped, or with\n"
        "--report to make a report of it. Every finished cell is on disk at once and is not asked again.\n"
        "Exits 7 when some cells failed, 1 when all did.",
    )
    matrix.add_argument("source", metavar="SOURCE", help="a file of prompts, - for standard input, or a folder")
    _add_models(matrix)
    matrix.add_argument("--repeat", type=count, default=None, metavar="N", help="every cell N times (default 1)")
    _add_file(matrix, "the folder; with --report the report's file")
    _add_generation(matrix)
    _add_run(matrix)
    matrix.add_argument(
        "--extend", action="store_true", default=False, help="add new prompts, models and repeats to the folder"
    )
    matrix.add_argument("--report", choices=_REPORTS, default="", help="send nothing, make this report")
    add_json(matrix)
    add_gateway(matrix)


def _add_run(matrix: Parser) -> None:
    matrix.add_argument(
        "--concurrency",
        type=_at_once,
        default=3,
        metavar="N",
        help=f"requests at once, 1 to {_MOST_AT_ONCE} (default 3)",
    )
    matrix.add_argument(
        "--attempts",
        type=count,
        default=6,
        metavar="N",
        help="send a cell at most N times while what fails can pass, such as a rate limit (default 6)",
    )
    matrix.add_argument("--wait", action="store_true", default=False, help="wait for models that are not live")
    matrix.add_argument(
        "--retry-failed",
        action="store_true",
        default=False,
        help="ask cells again that failed for good; those whose failure can pass are asked again anyway",
    )


def _add_file(parser: Parser, what: str) -> None:
    parser.add_argument("-o", dest="output", metavar="PATH", default="", help=what)
    parser.add_argument("--force", action="store_true", default=False, help="overwrite the report's file")


def _add_models(parser: Parser) -> None:
    parser.add_argument(
        "-m",
        "--model",
        dest="models",
        action="append",
        default=[],
        metavar="MODEL[@CLUSTER]",
        help="a served model; give it once for each",
    )


def _add_generation(parser: Parser) -> None:
    parser.add_argument("--system", default=None, metavar="TEXT", help="the system prompt")
    parser.add_argument(
        "--param",
        dest="params",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a generation parameter, such as temperature=0.2 or max_tokens=500",
    )
    parser.add_argument(
        "--seed", type=int, default=None, metavar="N", help="of the order of sending, to have the same order again"
    )


def _at_once(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_AT_ONCE:
        raise argparse.ArgumentTypeError(
            f"it must be from 1 to {_MOST_AT_ONCE}: the gateway takes 10 requests a second of one user"
        )
    return number
