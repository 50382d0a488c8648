"""The grammar of `votes`. Imports argparse only; made only when `votes` is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.cli.parser import add_command

if TYPE_CHECKING:
    from metis_tui.cli.parser import Commands


def add(commands: Commands) -> None:
    """The command with its options, but for those that all commands on saved conversations have."""
    votes = add_command(
        commands,
        "votes",
        "Rank models by your votes in comparisons.",
        "Strengths are on Elo's scale, 1000 is the mean, with intervals of 95 %; where there is not enough data it\n"
        "says so. --export ends in .csv or is JSON. A vote that is in several files counts once.",
    )
    votes.add_argument("--tag", default=None, metavar="TAG", help="only votes of conversations with this tag")
    votes.add_argument("--cluster", default=None, metavar="CLUSTER", help="only battles on this cluster")
    votes.add_argument("--by-model", action="store_true", default=False, help="a model is one on all clusters")
    votes.add_argument("--blind", action="store_true", default=False, help="only votes given with hidden names")
    votes.add_argument("--matrix", action="store_true", default=False, help="who won how often against whom, too")
    shape = votes.add_mutually_exclusive_group()
    shape.add_argument("--json", dest="shape", action="store_const", const="json", help="print one JSON object")
    shape.add_argument("--csv", dest="shape", action="store_const", const="csv", help="print CSV")
    votes.set_defaults(shape="text")
    votes.add_argument("--export", default=None, metavar="FILE", help="write the votes into a new file for others")
    votes.add_argument("--anonymous", action="store_true", default=False, help="... without reasons, tags and names")
    votes.add_argument("--name", default="", metavar="NAME", help="what you are called in it; else a made-up name")
    votes.add_argument(
        "--merge", action="append", default=[], metavar="FILE", help="count the votes of such a file, too"
    )
