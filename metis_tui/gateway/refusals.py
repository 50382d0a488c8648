"""Refusals in plain words: sign-in problems (401) and requests that break the contract (422). Pure."""

from __future__ import annotations

import re

from metis_tui.chat.errors import (
    AccessDenied,
    ChatError,
    SignInLapsed,
    SignInNeeded,
    SignInServiceTrouble,
    TokenInactive,
    WrongIdentity,
)
from metis_tui.chat.printable import printable_line
from metis_tui.gateway.reasons import REASON_LENGTH, clean


def sign_in_failure(message: str) -> ChatError:
    """What a 401 with code `unauthorized`, or with no code, means.

    A message that begins with "Token introspection:" repeats, for 60 seconds, what the first check found.
    """
    message = re.sub(r"^(?:Token introspection:\s*)+", "", message.strip())
    words = message.casefold()
    reason = clean(message, "the sign-in service") or "The gateway gave no reason."
    if "missing ('authorization'" in words or "missing (" in words:
        return SignInNeeded("The request carried no access token.")
    if "could not introspect" in words or "could not recover dependent" in words:
        return SignInServiceTrouble("The gateway could not ask Globus about your sign-in.")
    if "internal policies" in words or "high-assurance" in words:
        return SignInLapsed("The site wants a fresh sign-in: the last one is too long ago.")
    if "must authenticate with" in words:
        if "no active session" in words:
            return WrongIdentity(reason, title="No active sign-in session")
        return WrongIdentity(reason)
    if "group restrictions" in words or "domain restrictions" in words:
        return AccessDenied("This model is open to certain groups or institutions only.")
    if "globus group" in words:
        return AccessDenied(
            reason,
            title="Your account is not in a group that may use the service",
            hint="Ask ALCF support for membership; signing in again does not help.",
        )
    if "expired" in words:
        return TokenInactive("The access token has expired.")
    if "not active or invalid" in words:
        return TokenInactive("The access token has expired, was revoked or is mistyped.")
    return TokenInactive(reason, title="The gateway did not accept the access token")


def validation_reason(detail: list[object]) -> str:
    """One plain sentence for each field that the gateway refused."""
    sentences: list[str] = []
    for item in detail:
        if not isinstance(item, dict):
            continue
        sentence = _sentence(item)
        if sentence not in sentences:
            sentences.append(sentence)
    return printable_line(" ".join(sentences), REASON_LENGTH) or "The gateway gave no reason."


def _sentence(item: dict[str, object]) -> str:
    place = item.get("loc")
    name = _field_name(place if isinstance(place, list) else [])
    message = re.sub(r"^Value error,\s*", "", str(item.get("msg") or "is not valid")).rstrip(".")
    if item.get("type") == "extra_forbidden":
        return f"{name or 'A field'} is not accepted by the gateway."
    if item.get("type") == "missing":
        return f"{name or 'The request body'} is missing."
    message = re.sub(r"^(?:Input|String|List|Number) should\b", "should", message)
    if not name:
        return f"{message}."
    return f"{name} {message}." if message.startswith("should") else f"{name}: {message}."


def _field_name(place: list[object]) -> str:
    """The field's path without `body`, `payload` and the names of the type alternatives that were tried."""
    name = ""
    for part in place[2:]:
        if isinstance(part, int):
            name += f"[{part}]"
        elif isinstance(part, str):
            if part in ("str", "int", "float", "bool", "dict") or "[" in part or part[:1].isupper():
                break
            name += f".{part}" if name else part
    return printable_line(name, 80)
