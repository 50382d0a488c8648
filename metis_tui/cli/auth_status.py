"""`auth status`: who is signed in and both clocks. Never shows an access token."""

from __future__ import annotations

import time
from typing import Protocol

from metis_tui.chat.errors import ChatError
from metis_tui.chat.ports import AccessToken
from metis_tui.chat.printable import printable_line
from metis_tui.chat.sign_in import Identity, SignInDeadline, SignInFacts, SignInService
from metis_tui.cli import diagnostics
from metis_tui.cli.clocks import deadline_clock, token_clock
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.output import Output, table


class IdentityTeller(Protocol):
    """A gateway, as far as it tells who is signed in."""

    async def whoami(self) -> Identity: ...


async def tell(
    sign_in: SignInService, gateway: IdentityTeller, base_url: str, output: Output, *, is_json: bool
) -> ExitCode:
    """Prints what is known; the gateway is asked, and what it cannot tell is left out."""
    identity, failure = await ask_gateway(gateway)
    facts = await sign_in.facts()  # afterwards: the question may have renewed the access token
    trouble = failure if is_about_sign_in(failure) else facts.trouble
    is_usable = facts.is_usable and trouble is None
    if is_json:
        output.json(as_json(facts, identity, base_url, [e for e in (trouble, failure) if e], is_usable=is_usable))
    else:
        output.line(as_text(facts, identity, base_url))
    for note in _notes(facts):
        diagnostics.warn(printable_line(note, 400))
    if failure is not None and failure is not trouble and not is_same(failure, trouble):
        diagnostics.warn(printable_line(str(failure), 400))
    if trouble is not None:
        diagnostics.fail(trouble)
    return ExitCode.OK if is_usable else ExitCode.SIGN_IN


async def ask_gateway(gateway: IdentityTeller) -> tuple[Identity | None, ChatError | None]:
    """Who is signed in, or why the gateway does not say."""
    try:
        return await gateway.whoami(), None
    except ChatError as error:
        return None, error


def is_about_sign_in(failure: ChatError | None) -> bool:
    """Whether another sign-in is what helps; else the gateway, the network or a restriction is at fault."""
    return failure is not None and diagnostics.exit_code(failure) == ExitCode.SIGN_IN


def identity_in_words(identity: Identity) -> str:
    provider = f" by {printable_line(identity.identity_provider)}" if identity.identity_provider else ""
    return f"{printable_line(identity.name)} ({printable_line(identity.username)}){provider}"


def as_text(facts: SignInFacts, identity: Identity | None, base_url: str) -> str:
    rows = [["identity", _who(facts, identity)]]
    if facts.token is None:
        rows.append(["access token", "none"])
    else:
        rows.append(["access token", token_clock(facts.token, is_renewable=facts.is_renewable)])
        rows.append(["kept in", printable_line(facts.file or facts.token.source)])
    if facts.deadline is not None:
        rows.append(["sign-in deadline", deadline_clock(facts.deadline)])
    rows += [["scope", printable_line(scope)] for scope in facts.scopes]
    rows.append(["gateway", printable_line(base_url)])
    return table(rows)


def as_json(
    facts: SignInFacts, identity: Identity | None, base_url: str, failures: list[ChatError], *, is_usable: bool
) -> dict[str, object]:
    """What `auth status --json` prints."""
    return {
        "is_usable": is_usable,
        "base_url": base_url,
        "identity": identity_as_json(identity),
        "identity_id": facts.identity_id or None,
        "access_token": token_as_json(facts.token),
        "is_fixed": facts.is_fixed,
        "is_renewable": facts.is_renewable,
        "renewal_trouble": facts.renewal_trouble,
        "file": facts.file or None,
        "scopes": list(facts.scopes),
        "sign_in_deadline": deadline_as_json(facts.deadline),
        "notes": list(facts.notes),
        "failures": [diagnostics.as_json(error) for error in _without_doubles(failures)],
    }


def identity_as_json(identity: Identity | None) -> dict[str, object] | None:
    if identity is None:
        return None
    return {
        "name": identity.name,
        "username": identity.username,
        "identity_provider": identity.identity_provider,
    }


def token_as_json(token: AccessToken | None) -> dict[str, object] | None:
    """Where it comes from and when it ends; not the access token itself."""
    return {"source": token.source, "expires_at": token.expires_at} if token else None


def deadline_as_json(deadline: SignInDeadline | None) -> dict[str, object] | None:
    if deadline is None:
        return None
    return {
        "at": deadline.at,
        "seconds_left": None if deadline.at is None else round(deadline.at - time.time()),
        "signed_in_at": deadline.signed_in_at,
        "days": deadline.days,
        "source": deadline.source,
        "is_learned": deadline.is_learned,
        "is_estimate": deadline.is_estimate,
    }


def is_same(one: ChatError, other: ChatError | None) -> bool:
    return other is not None and str(one) == str(other)


def _without_doubles(failures: list[ChatError]) -> list[ChatError]:
    return [error for place, error in enumerate(failures) if not any(is_same(error, e) for e in failures[:place])]


def _who(facts: SignInFacts, identity: Identity | None) -> str:
    if identity is not None:
        return identity_in_words(identity)
    return printable_line(facts.identity_id) or ("unknown" if facts.token is not None else "nobody is signed in")


def _notes(facts: SignInFacts) -> list[str]:
    trouble = f"the last renewal did not work: {facts.renewal_trouble}" if facts.renewal_trouble else ""
    return [note for note in (*facts.notes, trouble) if note]
