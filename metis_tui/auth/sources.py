"""The access token to use: a given one, a variable's, or the best of the token files. Knows nothing of HTTP."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from metis_tui.auth.credential_file import StoredToken, UnreadableFile, read_token_file, token_files
from metis_tui.auth.fixed import token_from_environment
from metis_tui.chat.background import in_background
from metis_tui.chat.errors import SignInNeeded, TokenInactive
from metis_tui.chat.ports import AccessToken
from metis_tui.chat.printable import printable_line

RENEWAL_SECONDS = 60.0
"""So long before its expiry a token is read again: another tool may have renewed it."""

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    stamp: _Stamp
    best: StoredToken | None
    troubles: tuple[UnreadableFile, ...]


class TokenSources:
    """Satisfies Authenticator. Files are read off the event loop, and only when one of them has changed.

    An explicit token wins over METIS_TUI_TOKEN, that over ALCF_AI_TOKEN, and these over the token files, of which
    the one whose access token expires later wins. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        explicit_token: str | None = None,
        *,
        explicit_source: str = "given",
        environ: Mapping[str, str] | None = None,
        files: tuple[Path, ...] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        value = (explicit_token or "").strip()
        self._fixed = (
            AccessToken(value, expires_at=None, source=explicit_source) if value else token_from_environment(environ)
        )
        self._files = token_files() if files is None else files
        self._clock = clock
        self._reading: _Reading | None = None
        self._lock = threading.Lock()
        """Several requests ask at the same time when the program starts: one of them reads."""

    async def access_token(self) -> AccessToken:
        """The token to use now.

        Raises:
            SignInNeeded: there is none, or the files that should hold one cannot be used.
            TokenInactive: every stored token has expired; the reason tells since when.
        """
        if self._fixed is not None:
            return self._fixed
        reading = await in_background(self._read, "access-token")
        return self._chosen(reading)

    def _read(self) -> _Reading:
        """Blocking; a look at the files' times costs two system calls, so every request may ask."""
        with self._lock:
            stamp = tuple(_stamp(path) for path in self._files)
            known = self._reading
            if known is not None and known.stamp == stamp and not self._is_nearly_over(known.best):
                return known
            found = [read_token_file(path) for path in self._files]
            tokens = [token for token in found if isinstance(token, StoredToken)]
            best = max(tokens, key=lambda token: token.expires_at or 0.0, default=None)
            troubles = tuple(trouble for trouble in found if isinstance(trouble, UnreadableFile))
            self._reading = _Reading(stamp, best, troubles)
            return self._reading

    def _is_nearly_over(self, token: StoredToken | None) -> bool:
        return token is not None and (token.expires_at or 0.0) - self._clock() < RENEWAL_SECONDS

    def _chosen(self, reading: _Reading) -> AccessToken:
        token = reading.best
        if token is not None and (token.expires_at is None or token.expires_at > self._clock()):
            return AccessToken(token.value, token.expires_at, str(token.path))
        troubles = " ".join(f"The file {_shown(t.path)} cannot be used: {t.trouble}." for t in reading.troubles)
        if token is not None and token.expires_at is not None:
            reason = f"The access token in {_shown(token.path)} expired {_ago(self._clock() - token.expires_at)} ago"
            raise TokenInactive(f"{reason} ({_moment(token.expires_at)}). {troubles}".strip())
        raise SignInNeeded(
            f"{troubles} There is no other access token.".strip()
            if troubles
            else "No access token was found in METIS_TUI_TOKEN, ALCF_AI_TOKEN or the files of ALCF's tools."
        )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return (facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _shown(path: Path) -> str:
    try:
        return printable_line(f"~/{path.relative_to(Path.home())}")
    except (ValueError, RuntimeError):
        return printable_line(str(path))


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"


def _moment(unix_seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_seconds))
    except (ValueError, OverflowError, OSError):
        return "long ago"
