"""Tells failures on standard error, and the exit code that goes with each. The only writer of standard error."""

from __future__ import annotations

import os
import sys
from enum import IntEnum

from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable, printable_line


class ExitCode(IntEnum):
    """Fixed: scripts rely on them."""

    OK = 0
    ERROR = 1
    USAGE = 2
    SIGN_IN = 3
    NOT_LIVE = 4
    RATE_LIMITED = 5
    NETWORK = 6
    INCOMPLETE = 7
    INTERRUPTED = 130


_BY_KIND = {
    "usage": ExitCode.USAGE,
    "sign_in_needed": ExitCode.SIGN_IN,
    "token_inactive": ExitCode.SIGN_IN,
    "sign_in_lapsed": ExitCode.SIGN_IN,
    "wrong_identity": ExitCode.SIGN_IN,
    "sign_in_failed": ExitCode.SIGN_IN,
    "grant_refused": ExitCode.SIGN_IN,
    "identity_differs": ExitCode.SIGN_IN,
    "globus_unreachable": ExitCode.NETWORK,
    "model_not_live": ExitCode.NOT_LIVE,
    "maintenance": ExitCode.NOT_LIVE,
    "rate_limited": ExitCode.RATE_LIMITED,
    "unreachable": ExitCode.NETWORK,
    "not_a_gateway": ExitCode.NETWORK,
    "reply_incomplete": ExitCode.INCOMPLETE,
    "reply_empty": ExitCode.INCOMPLETE,
}


_HINTS = {
    "sign_in_needed": "Sign in with Globus: metis-tui auth login",
    "token_inactive": "Sign in again: metis-tui auth login --force",
    "sign_in_lapsed": (
        "Renewing does not help. Sign in again: metis-tui auth login --force. If that changes nothing, log out at "
        "https://app.globus.org/logout first."
    ),
    "wrong_identity": (
        "Log out at https://app.globus.org/logout, then sign in with the institution named above: "
        "metis-tui auth login --force"
    ),
    "sign_in_failed": "Start again: metis-tui auth login. Each code is good once, and only for some minutes.",
    "identity_differs": "metis-tui auth login --force replaces the stored identity.",
    "model_unknown": "metis-tui models lists them.",
    "model_not_live": "Choose a live model with -m (metis-tui models shows the states) or try again later.",
    "maintenance": "Choose a model on another cluster with -m or try again after the maintenance.",
    "access_denied": "Your sign-in is fine. Choose another model with -m, or ask ALCF support for access.",
    "upstream": "Try again, or choose another model with -m.",
    "context_too_long": "Shorten it, or choose a model with a larger context window with -m.",
    "reply_incomplete": "What arrived is printed and saved. Ask again to get a full reply.",
    "reply_empty": "Ask again, or choose another model with -m.",
}
"""Where the failure's own hint names keys of the application."""


class UsageProblem(ChatError):
    """The command line asks for something that makes no sense; nothing was sent."""

    kind = "usage"
    title = "This does not work"
    can_retry = False


class NotFound(ChatError):
    """There is no such saved conversation."""

    kind = "not_found"
    title = "No such conversation"
    hint = "metis-tui history list names them."
    can_retry = False


def exit_code(error: ChatError) -> ExitCode:
    return _BY_KIND.get(error.kind, ExitCode.ERROR)


def fail(error: ChatError) -> ExitCode:
    """Tells the failure and gives its exit code."""
    _write(f"{_label('error', '31')}: {printable_line(str(error), 2000)}")
    if hint := hint_of(error):
        _write(f"{_label('hint', '36')}: {printable_line(hint, 500)}")
    return exit_code(error)


def fail_of(name: str, error: ChatError) -> None:
    """Tells the failure of one of several."""
    _write(f"{_label('error', '31')}: {printable_line(name, 120)}: {printable_line(str(error), 2000)}")
    if hint := hint_of(error):
        _write(f"{_label('hint', '36')}: {printable_line(hint, 500)}")


def redraw(line: str) -> None:
    """Puts a line in place of the one that the cursor is on; a line that is empty clears it."""
    _write(f"\r\x1b[K{printable_line(line, 500)}", end="")


def is_terminal() -> bool:
    """Whether standard error is one."""
    return _is_terminal()


def hint_of(error: ChatError) -> str:
    """What to do about it, in the words of the command line."""
    return error.hint if error.hint != type(error).hint else _HINTS.get(error.kind, error.hint)


def as_json(error: ChatError) -> dict[str, object]:
    """A failure as every command prints it in JSON."""
    return {
        "kind": error.kind,
        "title": error.title,
        "reason": error.reason,
        "hint": hint_of(error),
        "error_id": error.error_id,
        "can_retry": error.can_retry,
        "retry_after_seconds": error.retry_after_seconds,
    }


def say(text: str) -> None:
    """Tells what the user has to know or do next. A long line stays one, so that it can be copied."""
    _write(printable(text))


def ask(question: str) -> None:
    """Shows a question; the answer stands behind it."""
    _write(printable(question), end="")


def warn(text: str) -> None:
    """Tells something that does not stop the command."""
    _write(f"{_label('note', '33')}: {printable(text)}")


def progress(text: str) -> None:
    """A line that the next one replaces; empty text takes it away. Nothing where standard error is no terminal."""
    global _is_counting
    if (text or _is_counting) and _is_terminal():
        _write(f"\r\x1b[K{printable(text)}", end="")
    _is_counting = bool(text)


_is_counting = False


def interrupted() -> ExitCode:
    _write("interrupted")
    return ExitCode.INTERRUPTED


def _label(word: str, color: str) -> str:
    return f"\x1b[{color}m{word}\x1b[0m" if _has_color() else word


def _has_color() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and _is_terminal()


def _is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        return False


def _write(line: str, end: str = "\n") -> None:
    try:
        sys.stderr.write(line.encode("utf-8", "replace").decode("utf-8") + end)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # nobody listens
