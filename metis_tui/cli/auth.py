"""`auth`: signing in and out, who is signed in, and the access token for other programs. Knows the ports only.

`auth token` is the one place of the whole program that writes an access token out.
"""

from __future__ import annotations

import argparse

from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import Authenticator
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import SignedOut, SignInFacts, SignInService
from metis_tui.cli import auth_status, diagnostics
from metis_tui.cli.auth_status import IdentityTeller
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.line_input import LineInput
from metis_tui.cli.login import Login
from metis_tui.cli.output import Output


async def run(
    options: argparse.Namespace,
    *,
    sign_in: SignInService,
    authenticator: Authenticator,
    gateway: IdentityTeller,
    base_url: str,
    output: Output,
) -> ExitCode:
    """Does what the verb says; tells failures and gives their exit code."""
    try:
        if options.verb == "login":
            return await Login(sign_in, gateway, output, LineInput(), is_forced=options.force).run()
        if options.verb == "logout":
            return await log_out(sign_in, output)
        if options.verb == "status":
            return await auth_status.tell(sign_in, gateway, base_url, output, is_json=options.json)
        return await print_token(authenticator, output, is_shown=options.show)
    except ChatError as error:
        return diagnostics.fail(error)


async def print_token(authenticator: Authenticator, output: Output, *, is_shown: bool) -> ExitCode:
    """The access token alone, for a pipe.

    Raises:
        UsageProblem: standard output is a terminal, where it would stay in the scroll-back.
        ChatError: there is none to be had now.
    """
    if output.is_terminal and not is_shown:
        raise UsageProblem(
            "Standard output is a terminal, where others may read the access token.",
            hint="Pipe it to the program that needs it, or print it all the same: metis-tui auth token --show",
        )
    output.line((await authenticator.access_token()).value)
    return ExitCode.OK


async def log_out(sign_in: SignInService, output: Output) -> ExitCode:
    """Signs out and tells what that did; 0 unless this machine still keeps the tokens."""
    before = await sign_in.facts()
    outcome = await sign_in.sign_out()
    after = await sign_in.facts()
    for name in outcome.others:
        diagnostics.warn(f"{printable_line(name)} still holds an access token")
    if _still_holds(after, outcome):
        why = printable_line(outcome.trouble or "The token file cannot be changed.", 400)
        raise ChatError(
            f"{why} It still holds the tokens.",
            title="Not signed out on this machine",
            hint=f"Remove {printable_line(after.file)} yourself.",
        )
    if outcome.trouble:
        diagnostics.warn(printable_line(outcome.trouble, 400))
    output.line(_what_was_done(before, outcome))
    return ExitCode.OK


def _still_holds(facts: SignInFacts, outcome: SignedOut) -> bool:
    return facts.token is not None and not facts.is_fixed and facts.file not in outcome.others


def _what_was_done(before: SignInFacts, outcome: SignedOut) -> str:
    if not outcome.was_signed_in:
        return "Nobody was signed in."
    file = printable_line(before.file) if before.file and before.file not in outcome.others else "the token file"
    ended = (
        "Signed out: Globus has ended the tokens, and they are removed from this machine."
        if outcome.is_revoked
        else "Signed out on this machine only: the tokens are removed, and good elsewhere until they expire."
    )
    return f"{ended}\nALCF's own tools share {file}: they are signed out, too."
