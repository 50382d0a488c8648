"""Sentences about access tokens and their files. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from metis_tui.auth.credential_file import StoredToken, UnreadableFile
from metis_tui.chat.errors import ChatError, SignInNeeded, TokenInactive
from metis_tui.chat.printable import printable_line


def missing(troubles: Iterable[UnreadableFile]) -> SignInNeeded:
    """There is no access token at all."""
    told = told_troubles(troubles)
    return SignInNeeded(
        f"{told} There is no other access token."
        if told
        else "No access token was found in METIS_TUI_TOKEN, ALCF_AI_TOKEN or the files of ALCF's tools."
    )


def expired(
    token: StoredToken, now: float, *, because: str = "", hint: str = "", needs_sign_in: bool = False
) -> TokenInactive:
    """The stored access token has run out; `because` tells why it was not renewed."""
    end = token.expires_at or now
    reason = f"The access token in {shown(token.path)} expired {ago(now - end)} ago ({moment(end)})."
    failure = TokenInactive(f"{reason} {because}".strip(), hint=hint or None)
    failure.needs_sign_in = needs_sign_in
    return failure


def revoked(because: str, *, needs_sign_in: bool, hint: str = "") -> ChatError:
    """The gateway refused the access token, and there is no other one."""
    failure = TokenInactive(f"The gateway says that it is expired or revoked. {because}".strip(), hint=hint or None)
    failure.needs_sign_in = needs_sign_in
    return failure


def told_troubles(troubles: Iterable[UnreadableFile]) -> str:
    return " ".join(f"The file {shown(t.path)} cannot be used: {t.trouble}." for t in troubles)


def shown(path: Path) -> str:
    try:
        return printable_line(f"~/{path.relative_to(Path.home())}")
    except (ValueError, RuntimeError):
        return printable_line(str(path))


def ago(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def moment(unix_seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_seconds))
    except (ValueError, OverflowError, OSError):
        return "long ago"
