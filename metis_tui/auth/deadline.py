"""When the site wants a fresh sign-in: remembers when that was, and learns from what the gateway takes and refuses.

The guides name 7 days on one page and 30 on another, and Globus' token files do not say when somebody signed in.
Kept in a small file beside the other states; losing it costs an estimate. Knows nothing of Globus or HTTP.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import DeadlineSource, SignInDeadline

DAY_SECONDS = 86_400.0
ACCESS_TOKEN_SECONDS = 172_800.0
"""Globus' access tokens for this gateway last 48 hours: so long before its expiry one was made."""
_LEAST_POLICY_SECONDS = 3_600.0
"""A refusal sooner after a sign-in is no policy but a session that somebody ended."""
_MAX_BYTES = 10_000
_MOST = 1e11
"""Larger numbers are no times."""


@dataclass(frozen=True, slots=True)
class SignInRecord:
    """What is remembered. Times are Unix seconds; 0 means unknown."""

    mark: str = ""
    """Tells one sign-in from the next: a short digest of its refresh token."""
    signed_in_at: float = 0.0
    is_exact: bool = False
    refused_at: float = 0.0
    """When the gateway refused this sign-in as too old."""
    refused_days: float = 0.0
    """How old a sign-in was when the gateway refused it."""
    accepted_days: float = 0.0
    """How old a sign-in was at most when the gateway took it."""


def deadline_of(record: SignInRecord, setting_days: float, now: float) -> SignInDeadline | None:
    """The deadline as far as it is known; None without a sign-in."""
    if not record.signed_in_at:
        return None
    from metis_tui.chat.sign_in import SignInDeadline

    days, source = setting_days, "setting"
    if record.refused_days:
        days, source = record.refused_days, "refused"
    elif record.accepted_days > setting_days:
        days, source = record.accepted_days, "accepted"
    at: float | None = record.signed_in_at + days * DAY_SECONDS
    age_days = (now - record.signed_in_at) / DAY_SECONDS
    if record.refused_at:
        at = record.refused_at
    elif not record.refused_days and age_days >= days and record.accepted_days >= setting_days:
        at = None
    named: DeadlineSource = source  # type: ignore[assignment]
    return SignInDeadline(at, record.signed_in_at, days, named, not record.is_exact)


def signed_in(record: SignInRecord, refresh_token: str, now: float) -> SignInRecord:
    """A sign-in was made here just now."""
    return replace(record, mark=mark_of(refresh_token), signed_in_at=now, is_exact=True, refused_at=0.0)


def seen(record: SignInRecord, refresh_token: str, expires_at: float | None, now: float) -> SignInRecord:
    """A stored sign-in; one that was made elsewhere is dated by its access token, which cannot be older."""
    mark = mark_of(refresh_token)
    if not refresh_token or record.mark == mark:
        return record
    made_at = min(now, expires_at - ACCESS_TOKEN_SECONDS) if expires_at else now
    return replace(record, mark=mark, signed_in_at=made_at, is_exact=False, refused_at=0.0)


def accepted(record: SignInRecord, setting_days: float, now: float) -> SignInRecord:
    """The gateway took it. What was learned from an earlier refusal falls when it takes an older sign-in."""
    if not record.signed_in_at:
        return record
    days = (now - record.signed_in_at) / DAY_SECONDS
    if record.refused_at:
        record = replace(record, refused_at=0.0)
    if record.refused_days and days > record.refused_days:
        record = replace(record, refused_days=0.0)
    if days > max(setting_days, record.accepted_days) + 0.01:
        record = replace(record, accepted_days=round(days, 2))
    return record


def refused(record: SignInRecord, now: float) -> SignInRecord:
    """The gateway wants a fresh sign-in. Teaches only when it is known when the last one was."""
    age = now - record.signed_in_at
    record = replace(record, refused_at=record.refused_at or now)
    if not record.signed_in_at or not record.is_exact or age < _LEAST_POLICY_SECONDS:
        return record
    days = round(age / DAY_SECONDS, 2)
    kept = record.accepted_days if record.accepted_days < days else 0.0
    return replace(record, refused_days=days, accepted_days=kept)


def mark_of(refresh_token: str) -> str:
    """Too short to be of use to anybody, long enough to tell two refresh tokens apart."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:12] if refresh_token else ""


class SignInMemory:
    """The record on disk; None as the folder keeps it in memory only. Blocks; never raises for the disk."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / "sign-in.json" if folder is not None else None
        self._record: SignInRecord | None = None
        self._lock = threading.RLock()

    def read(self) -> SignInRecord:
        with self._lock:
            if self._record is None:
                self._record = self._load()
            return self._record

    def reload(self) -> SignInRecord:
        """As `read`, with what other processes have written meanwhile."""
        with self._lock:
            if self._path is not None:
                self._record = None
            return self.read()

    def change(self, record: SignInRecord) -> None:
        """Keeps it, if it says something new."""
        with self._lock:
            if record == self.read():
                return
            self._record = record
            if self._path is not None:
                with contextlib.suppress(OSError):
                    self._publish(self._path, json.dumps(asdict(record)))

    def _load(self) -> SignInRecord:
        if self._path is None:
            return SignInRecord()
        try:
            with self._path.open("rb") as file:
                content = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return SignInRecord()
        if not isinstance(content, dict):
            return SignInRecord()
        known: dict[str, Any] = {}
        for entry in fields(SignInRecord):
            value = content.get(entry.name)
            if isinstance(getattr(SignInRecord(), entry.name), float):
                if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _MOST:
                    known[entry.name] = float(value)
            elif type(value) is type(getattr(SignInRecord(), entry.name)):
                known[entry.name] = value
        return SignInRecord(**known)

    @staticmethod
    def _publish(path: Path, text: str) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(draft, path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
