"""The part of `doctor` that looks at the access token and the sign-in: both clocks, and what the gateway says."""

from __future__ import annotations

import asyncio
import time

from metis_tui.chat.checkup import Finding
from metis_tui.chat.errors import ChatError
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import SignInFacts, SignInService
from metis_tui.cli import diagnostics
from metis_tui.cli.auth_status import IdentityTeller, identity_in_words
from metis_tui.cli.clocks import deadline_clock, token_clock

_LOGIN = "metis-tui auth login"
_ANSWER_SECONDS = 4.0


async def examine(sign_in: SignInService, gateway: IdentityTeller | None) -> list[Finding]:
    """Without a gateway that can be reached only what is known here."""
    facts = await sign_in.facts()
    findings = [_token(facts), *(_noted(note) for note in facts.notes)]
    # an expired access token is renewed with the first request, as for a prompt
    if gateway is not None and facts.token is not None:
        findings.append(await _identity(gateway))
        facts = await sign_in.facts()  # the gateway's answer may have taught something
    return [*findings, *_deadline(facts)]


def _token(facts: SignInFacts) -> Finding:
    token = facts.token
    if token is None:
        reason = facts.trouble.reason if facts.trouble else "there is none"
        return Finding("access token", "fail", reason, f"Sign in with Globus: {_LOGIN}")
    text = f"from {printable_line(token.source)}, {token_clock(token, is_renewable=facts.is_renewable)}"
    is_expired = token.expires_at is not None and token.expires_at <= time.time()
    if facts.renewal_trouble:
        return Finding("access token", "warn", f"{text}; not renewed: {facts.renewal_trouble}", f"{_LOGIN} --force")
    if is_expired and not facts.is_renewable:
        return Finding("access token", "fail", text, f"Sign in again: {_LOGIN}")
    if facts.trouble is not None and not facts.is_renewable:
        return Finding("access token", "fail", f"{text}; {facts.trouble.reason}", f"Sign in again: {_LOGIN} --force")
    return Finding("access token", "ok", text)


def _noted(note: str) -> Finding:
    return Finding("sign-in", "warn", printable_line(note, 300), f"Sign in again: {_LOGIN}")


async def _identity(gateway: IdentityTeller) -> Finding:
    try:
        identity = await asyncio.wait_for(gateway.whoami(), _ANSWER_SECONDS)
    except asyncio.TimeoutError:
        return Finding("identity", "warn", f"no answer within {_ANSWER_SECONDS:.0f} s", "Try again.")
    except ChatError as error:
        return Finding("identity", "fail", str(error), diagnostics.hint_of(error))
    return Finding("identity", "ok", f"accepted by the gateway: {identity_in_words(identity)}")


def _deadline(facts: SignInFacts) -> list[Finding]:
    deadline = facts.deadline
    if deadline is None:
        return []
    text = deadline_clock(deadline)
    if deadline.at is None or deadline.at > time.time():
        return [Finding("sign-in deadline", "ok", text)]
    return [Finding("sign-in deadline", "warn", text, f"If prompts are refused: {_LOGIN} --force")]
