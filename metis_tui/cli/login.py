"""`auth login`: signs in on a plain terminal, or by a pipe. Knows nothing of Globus but the page and its code."""

from __future__ import annotations

from metis_tui.chat.errors import IdentityDiffers, SaveFailed, SignInFailed
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import PendingSignIn, SignedIn, SignInFacts, SignInService
from metis_tui.cli import diagnostics
from metis_tui.cli.auth_status import IdentityTeller, ask_gateway, identity_in_words, is_about_sign_in
from metis_tui.cli.clocks import deadline_clock, token_clock
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.line_input import LineInput
from metis_tui.cli.output import Output, table

_TRIES = 3
_BEFORE_THE_PAGE = "To sign in with Globus, open this page in a browser, on any machine:\n"
_BEHIND_THE_PAGE = """
Sign in there with the account that may use the inference service, allow what the page asks for,
and paste the code that it shows."""


class Login:
    """One run of the command. Raises ChatError when the sign-in does not come about."""

    def __init__(
        self,
        sign_in: SignInService,
        gateway: IdentityTeller,
        output: Output,
        answers: LineInput,
        *,
        is_forced: bool,
    ) -> None:
        self._sign_in = sign_in
        self._gateway = gateway
        self._output = output
        self._answers = answers
        self._is_forced = is_forced

    async def run(self) -> ExitCode:
        facts = await self._sign_in.facts()
        if facts.is_fixed and facts.token is not None:
            source = printable_line(facts.token.source)
            diagnostics.warn(f"{source} is set and wins: unset it to use what you sign in with here")
        elif facts.token is not None and not self._is_forced and await self._is_signed_in():
            return ExitCode.OK
        pending = await self._sign_in.begin()
        diagnostics.say(_BEFORE_THE_PAGE)
        diagnostics.say(pending.url)
        diagnostics.say(_BEHIND_THE_PAGE)
        return await self._tell(await self._exchange(pending), is_fixed=facts.is_fixed)

    async def _is_signed_in(self) -> bool:
        """Whether the stored sign-in is good; then who it is has been told."""
        identity, failure = await ask_gateway(self._gateway)
        facts = await self._sign_in.facts()  # afterwards: the question may have renewed the access token
        if is_about_sign_in(failure) or not facts.is_usable:
            return False
        if failure is not None:
            diagnostics.warn(f"the gateway does not say who is signed in: {printable_line(str(failure), 400)}")
        who = identity_in_words(identity) if identity is not None else printable_line(facts.identity_id) or "somebody"
        self._output.line(f"Signed in already as {who}.")
        self._output.line(_clocks(facts))
        diagnostics.warn("metis-tui auth login --force signs in again")
        return True

    # -- the code ------------------------------------------------------------------------------------------------

    async def _exchange(self, pending: PendingSignIn) -> SignedIn:
        for tries_left in reversed(range(_TRIES)):
            code = await self._answers.ask("code: ")
            if code is None:
                raise SignInFailed("No code was given.", hint="Nothing was changed.")
            try:
                return await self._finish(pending, code)
            except IdentityDiffers:
                raise
            except SignInFailed as error:
                if not (tries_left and error.can_retry and self._answers.is_terminal):
                    raise
                error.hint = "Paste it again, or another code of the same page."
                diagnostics.fail(error)
        raise AssertionError("the last try has raised")

    async def _finish(self, pending: PendingSignIn, code: str) -> SignedIn:
        try:
            return await pending.finish(code, replace_identity=self._is_forced)
        except IdentityDiffers as error:
            if not self._answers.is_terminal:
                raise
            diagnostics.warn(printable_line(error.reason, 400))
            if not await self._answers.agree("Replace the stored identity?"):
                error.hint = "Nothing was changed."
                raise
            return await pending.finish(code, replace_identity=True)

    # -- the outcome ---------------------------------------------------------------------------------------------

    async def _tell(self, signed_in: SignedIn, *, is_fixed: bool) -> ExitCode:
        """Who has signed in and until when; the exit code is 3 when the gateway does not accept this sign-in."""
        if signed_in.trouble:
            raise SaveFailed(
                f"You signed in, but that cannot be kept: {printable_line(signed_in.trouble, 200)}.",
                hint="Free space, or check who may write to ~/.globus, and sign in again.",
            )
        who, failure = printable_line(signed_in.identity_id) or "somebody", None
        if not is_fixed:  # else the gateway would speak of the other access token
            identity, failure = await ask_gateway(self._gateway)
            who = identity_in_words(identity) if identity is not None else who
        facts = await self._sign_in.facts()
        self._output.line(f"Signed in as {who}.")
        self._output.line(_clocks(facts) if not is_fixed else f"access token  {token_clock(signed_in.token)}")
        if failure is None:
            return ExitCode.OK
        if is_about_sign_in(failure):
            return diagnostics.fail(failure)
        diagnostics.warn(printable_line(str(failure), 400))
        return ExitCode.OK


def _clocks(facts: SignInFacts) -> str:
    token = token_clock(facts.token, is_renewable=facts.is_renewable) if facts.token is not None else "none"
    return table([["access token", token], ["sign-in deadline", deadline_clock(facts.deadline)]])
