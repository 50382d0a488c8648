"""The command line's grammar. Imports argparse only, so that --help answers at once; does nothing by itself."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from metis_tui import __version__

if TYPE_CHECKING:
    from typing import TypeAlias

    Commands: TypeAlias = argparse._SubParsersAction["Parser"]  # argparse has no public name for it

_EPILOG = """\
exit codes: 0 ok, 1 error, 2 usage, 3 sign-in needed, 4 model not live or maintenance, 5 rate limited,
            6 network, 7 reply incomplete (what arrived is saved), 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaint is two short lines."""

    rewrite: Callable[[str], str] | None = None
    """Turns each word into one that argparse understands."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        if self.rewrite is not None and args is not None:
            args = [self.rewrite(word) for word in args]
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nTry: {self.prog} --help\n")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options. `command` is None for the application; for a command with verbs `verb` names one.

    Raises:
        SystemExit: after --help or --version (0) or for a command line that makes no sense (2).
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = build(given[0] if given else "")
    options = parser.parse_args(given)
    if options.demo and options.base_url:
        parser.error("--demo brings its own gateway: leave out --base-url")
    if options.history_query is not None and options.command is not None:
        parser.error("-r starts the application: leave out the command")
    if options.scenario != "default" and not options.demo and options.command != "demo-gateway":
        parser.error("--scenario is a scenario of the demo gateway: it needs --demo")
    return options


def build(first: str = "") -> Parser:
    """The whole grammar; when the first word is a command, of the commands only that: the others take their time."""
    parser = Parser(
        prog="metis-tui",
        description="Chat with ALCF's inference gateway from a terminal. Without a command: the application.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"metis-tui {__version__}")
    parser.add_argument("--debug", action="store_true", help="write more into the log: every request, no prompts")
    add_gateway(parser)
    _add_model(parser)
    _add_history_screen(_add_conversation(parser, _OPEN_ID_OR_FILE))
    parser.set_defaults(model="", scenario="default")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, add in _COMMANDS.items():
        if name == first or first not in _COMMANDS:
            add(commands)
    return parser


def add_command(commands: Commands, name: str, text: str, notes: str = "") -> Parser:
    """A command or a verb. Its help is the text without its full stop; notes stand below the options."""
    return commands.add_parser(
        name,
        help=text[0].lower() + text[1:].rstrip("."),
        description=text,
        epilog=notes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        # an option may stand before or after the command: its absence after it must not undo it
        argument_default=argparse.SUPPRESS,
    )


def _add_verbs(command: Parser) -> Commands:
    return command.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True, parser_class=Parser)


def _add_ask(commands: Commands) -> None:
    ask = add_command(
        commands,
        "ask",
        "Send one prompt and print the reply.",
        "Standard input that is not a terminal is attached to the prompt, or is the prompt when PROMPT is -.\n"
        "The reply is the only thing on standard output; reasoning is in --json and --jsonl.",
    )
    ask.add_argument("prompt", metavar="PROMPT", help="the prompt, or - for standard input")
    _add_model(ask)
    ask.add_argument(
        "-f", "--file", dest="files", action="append", default=[], metavar="FILE", help="attach a text file"
    )
    ask.add_argument("--system", default=None, metavar="TEXT", help="the conversation's system prompt")
    ask.add_argument(
        "--param",
        dest="params",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a generation parameter, such as temperature=0.2 or max_tokens=500",
    )
    shape = ask.add_mutually_exclusive_group()
    shape.add_argument("--json", dest="shape", action="store_const", const="json", help="print one JSON object")
    shape.add_argument(
        "--jsonl", dest="shape", action="store_const", const="jsonl", help="print one JSON object per event"
    )
    ask.set_defaults(shape="text")
    _add_conversation(ask)
    add_gateway(ask)


def _add_compare(commands: Commands) -> None:
    from metis_tui.cli import comparison_grammar

    comparison_grammar.add_compare(commands)


def _add_matrix(commands: Commands) -> None:
    from metis_tui.cli import comparison_grammar

    comparison_grammar.add_matrix(commands)


def _add_models(commands: Commands) -> None:
    models = add_command(commands, "models", "List the served models with their state.")
    add_json(models)
    add_gateway(models)


def _add_status(commands: Commands) -> None:
    status = add_command(
        commands,
        "status",
        "Tell how the gateway, the access token and the saved conversations are.",
        "Exits 0 when all is well, else with the code of the first trouble.",
    )
    add_json(status)
    add_gateway(status)


def _add_doctor(commands: Commands) -> None:
    doctor = add_command(
        commands,
        "doctor",
        "Look at everything that chatting depends on, and tell what to do.",
        "Takes 15 seconds at most. Exits 0 when nothing fails, else 1. Shows no access token.",
    )
    add_json(doctor)
    add_gateway(doctor)


def _add_auth(commands: Commands) -> None:
    auth = add_command(commands, "auth", "Sign in with Globus, and out.")
    verbs = _add_verbs(auth)
    login = add_command(
        verbs,
        "login",
        "Sign in with Globus: shows a page to open in any browser and reads the code that it gives.",
        "Works over SSH and without a graphical display. The code is read from standard input.",
    )
    login.add_argument("--force", action="store_true", default=False, help="even if signed in, or as somebody else")
    add_gateway(login)
    logout = add_command(
        verbs,
        "logout",
        "Sign out: end the tokens at Globus and remove them from this machine.",
        "ALCF's own tools share the token file and are signed out with it.",
    )
    add_gateway(logout)
    status = add_command(
        verbs,
        "status",
        "Tell who is signed in, until when, and where the access token is kept.",
        "Exits 0 when the access token can be used, else 3.",
    )
    add_json(status)
    add_gateway(status)
    token = add_command(
        verbs,
        "token",
        "Print the access token alone, renewed if it is about to expire.",
        "For other programs: it is not printed on a terminal unless --show is given.",
    )
    token.add_argument("--show", action="store_true", default=False, help="also on a terminal")
    add_gateway(token)


def _add_history(commands: Commands) -> None:
    from metis_tui.cli import history_grammar  # a long one, which no other command pays for

    history = add_command(commands, "history", "Find, read, export and tidy saved conversations.")
    history_grammar.add_verbs(_add_verbs(history))


def _add_votes(commands: Commands) -> None:
    from metis_tui.cli import votes_grammar

    votes_grammar.add(commands)
    _add_demo(commands.choices["votes"])


def _add_demo_gateway(commands: Commands) -> None:
    gateway = add_command(
        commands,
        "demo-gateway",
        "Run the demo gateway alone.",
        "Prints `ready URL` when it listens on 127.0.0.1; ends on Ctrl+C. Names its access token on standard error.",
    )
    gateway.add_argument("--port", type=_port, default=0, metavar="N", help="port; 0, the default, takes a free one")
    _add_scenario(gateway)


def _add_config(commands: Commands) -> None:
    config = add_command(commands, "config", "Where the settings are and what they say.")
    verbs = _add_verbs(config)
    add_command(verbs, "path", "Print the path of config.toml, which may not exist.")
    show = add_command(verbs, "show", "Print the settings in effect, as TOML.")
    show.add_argument("--base-url", metavar="URL", help="as if the application was started with this address")


_COMMANDS = {
    "ask": _add_ask,
    "compare": _add_compare,
    "matrix": _add_matrix,
    "models": _add_models,
    "status": _add_status,
    "doctor": _add_doctor,
    "auth": _add_auth,
    "history": _add_history,
    "votes": _add_votes,
    "demo-gateway": _add_demo_gateway,
    "config": _add_config,
}


def add_gateway(parser: Parser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--demo", action="store_true", help="use a demo gateway on this machine: no account, no network"
    )
    which.add_argument("--base-url", metavar="URL", help="the gateway's address")
    _add_scenario(parser)


def _add_scenario(parser: Parser) -> None:
    parser.add_argument("--scenario", metavar="NAME", help="what the demo gateway does; a wrong name lists them")


def _add_demo(parser: Parser) -> None:
    parser.add_argument("--demo", action="store_true", help="the conversations of the demo gateway")


def _add_model(parser: Parser) -> None:
    parser.add_argument("-m", "--model", metavar="MODEL[@CLUSTER]", help="the served model")


_OPEN_HELP = "continue the conversation with this id, or with this start or end of it"
_OPEN_ID_OR_FILE = f"{_OPEN_HELP}; a file, such as a bundle, is shown read-only"


class _Words(argparse.Action):
    """Keeps several words as one text."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        setattr(namespace, self.dest, " ".join(values))


def _add_history_screen(which: argparse._MutuallyExclusiveGroup) -> None:
    which.add_argument(
        "-r",
        "--resume",
        dest="history_query",
        nargs="*",
        action=_Words,
        metavar="QUERY",
        help="start with the saved conversations, and search them for QUERY",
    )


def _add_conversation(parser: Parser, what: str = _OPEN_HELP) -> argparse._MutuallyExclusiveGroup:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "-c", "--continue", dest="continue_last", action="store_true", help="continue the last conversation"
    )
    which.add_argument(
        "--open",
        dest="open_id",
        metavar="ID",
        help=what,
    )
    parser.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    return which


def add_json(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", default=False, help="print one JSON object")


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number
