"""A sign-in in words: the two clocks, how the deadline is known, who it is. Pure; no access token gets in here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable_line
from metis_tui.tui import format as fmt

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import Identity, SignInDeadline, SignInFacts

_DAY_SECONDS = 86_400.0


def moment(at: float) -> str:
    """Local time with its zone, so that nobody takes it for another one."""
    try:
        return time.strftime("%a %d %b %H:%M %Z", time.localtime(at)).strip()
    except (OverflowError, ValueError, OSError):
        return "at no time that a clock shows"


def access_clock(facts: SignInFacts, now: float) -> str:
    token = facts.token
    if token is None:
        return "none"
    if token.expires_at is None:
        return "expiry unknown"
    left = token.expires_at - now
    if left <= 0:
        return f"expired {fmt.age(token.expires_at, now)}, {moment(token.expires_at)}"
    return f"{fmt.short_duration(left)} left, until {moment(token.expires_at)}"


def renewal(facts: SignInFacts) -> str:
    """Whether the access token is renewed by itself, and why not."""
    if facts.is_fixed:
        return "never: it was handed over as it is"
    if facts.token is None:
        return ""
    if facts.is_renewing:
        return "under way"
    if facts.renewal_trouble:
        return f"failed the last time: {facts.renewal_trouble}"
    return "by itself before it expires" if facts.is_renewable else "not possible: only a new sign-in gives another"


def deadline_clock(deadline: SignInDeadline, now: float) -> str:
    if deadline.at is None:
        age = fmt.short_duration(now - deadline.signed_in_at)
        return f"passed, but the gateway still accepts this sign-in, which is {age} old"
    left = deadline.at - now
    if left <= 0:
        return f"passed {moment(deadline.at)}: sign in again (F8)"
    if deadline.is_estimate:
        return f"at most {fmt.short_duration(left)} left, until {moment(deadline.at)} at the latest"
    return f"{fmt.short_duration(left)} left, until {moment(deadline.at)}"


def identity_words(identity: Identity) -> str:
    """Name, username and identity provider, as far as they are known."""
    name, username = printable_line(identity.name, 80), printable_line(identity.username, 80)
    who = f"{name} ({username})" if name and username else name or username or "unknown"
    return f"{who}, {printable_line(identity.identity_provider, 80)}" if identity.identity_provider else who


def fact_rows(facts: SignInFacts, identity: str, now: float) -> list[tuple[str, str]]:
    """What F4 tells of access to the gateway. Args: identity: in words; empty: nobody was asked."""
    rows = [("Access token", access_clock(facts, now))]
    if facts.is_fixed and facts.token is not None:
        rows[0] = ("Access token", f"{access_clock(facts, now)}, from {facts.token.source}")
    if facts.trouble is not None:
        rows.append(("", f"{facts.trouble} {facts.trouble.hint}"))
    rows.append(("Renewal", renewal(facts)))
    if facts.deadline is not None:
        rows.append(("Sign-in deadline", deadline_clock(facts.deadline, now)))
        rows.append(("", facts.deadline.how_it_is_known))
    rows += [("Identity", identity), ("Identity id", facts.identity_id), ("Scopes", " ".join(facts.scopes))]
    rows.append(("Credential file", facts.file))
    rows += [("Note", note) for note in facts.notes]
    return [(name, text) for name, text in rows if text]
