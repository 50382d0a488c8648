"""The access tokens that there are: in the shared file, in the older helper's file, and in memory when no file could
be written. Chooses among them; knows nothing of the network. Blocks.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.auth.credential_file import (
    GATEWAY_RESOURCE_SERVER,
    StoredToken,
    UnreadableFile,
    read_token_file,
)

if TYPE_CHECKING:
    from metis_tui.auth.credential_store import CredentialStore, Document

READ_AGAIN_SECONDS = 60.0
"""So long before its expiry a token is read again whatever the file's times say: they may be those of a copy."""

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found."""

    best: StoredToken | None
    """The one to use: it expires last among those that the gateway has not refused."""
    own: StoredToken | None
    """The one in the shared file, or in memory, which can be renewed when it has a refresh token."""
    troubles: tuple[UnreadableFile, ...] = ()

    @property
    def renewable(self) -> StoredToken | None:
        return self.own if self.own is not None and self.own.refresh_token else None


class TokenShelf:
    """Args: files: the shared file, which is written, then others that are only read. `clock` gives Unix seconds.

    Safe to use from several threads.
    """

    def __init__(self, files: tuple[Path, ...], clock: Callable[[], float]) -> None:
        self.files = files
        self._clock = clock
        self._lock = threading.RLock()
        self._known: tuple[_Stamp, list[StoredToken | UnreadableFile | None]] | None = None
        self._unsaved: dict[str, Document] = {}
        self._refused: set[str] = set()
        self.notes: list[str] = []
        """What happened to the files, for people."""

    @cached_property
    def store(self) -> CredentialStore | None:
        """What writes the shared file; most starts only read it."""
        from metis_tui.auth.credential_store import CredentialStore

        return CredentialStore(self.files[0]) if self.files else None

    def read(self) -> Reading:
        """A look at the files' times costs two system calls, so every request may ask."""
        with self._lock:
            stamp = tuple(_stamp(path) for path in self.files)
            if self._known is None or self._known[0] != stamp or self._is_nearly_over(self._known[1]):
                self._known = (stamp, [read_token_file(path) for path in self.files])
                for path in self.files[:1]:
                    _tighten(path)
            return self._choose(self._known[1])

    def keep(self, documents: Mapping[str, Document], *, is_sign_in: bool = False) -> str:
        """Stores what Globus gave; empty, or why it is in memory only. Hold the store's lock."""
        with self._lock:
            self._known = None
            if is_sign_in:
                self._refused.clear()
            trouble = "there is no file for it"
            if self.store is not None:
                try:
                    damaged = self.store.set_aside()
                    if damaged is not None:
                        self.notes.append(f"The damaged token file was set aside as {damaged.name}.")
                    self.store.store({**self._unsaved, **documents}, is_sign_in=is_sign_in)
                except OSError as error:
                    trouble = (error.strerror or "the disk does not take it").lower()
                else:
                    self._unsaved = {}
                    return ""
            self._unsaved = {**self._unsaved, **documents}
            return trouble

    def refuse(self, value: str) -> None:
        """The gateway does not take this one: any other is better."""
        with self._lock:
            if len(self._refused) > 100:
                self._refused.clear()
            self._refused.add(value)

    def is_refused(self, value: str) -> bool:
        with self._lock:
            return value in self._refused

    def empty(self) -> list[Document]:
        """Takes every token out of memory and the shared file, and gives them. Hold the store's lock.

        Raises:
            OSError: the file cannot be written; memory is empty all the same.
        """
        with self._lock:
            found = list(self._unsaved.values())
            self._unsaved = {}
            self._known = None
            return found + (self.store.remove() if self.store is not None else [])

    def documents(self) -> list[Document]:
        """Every token in memory and in the shared file."""
        with self._lock:
            stored = self.store.documents() if self.store is not None else {}
            return [*self._unsaved.values(), *stored.values()]

    def _is_nearly_over(self, found: list[StoredToken | UnreadableFile | None]) -> bool:
        best = self._choose(found).best
        return best is not None and _expiry(best) - self._clock() < READ_AGAIN_SECONDS

    def _choose(self, found: list[StoredToken | UnreadableFile | None]) -> Reading:
        tokens = [token for token in found if isinstance(token, StoredToken)]
        own = next((token for token in tokens if token.path == self.files[0]), None)
        unsaved = self._token_in_memory()
        if unsaved is not None and (own is None or _expiry(unsaved) >= _expiry(own)):
            own = unsaved
            tokens.append(unsaved)
        good = [token for token in tokens if token.value not in self._refused]
        best = max(good or tokens, key=_expiry, default=None)
        return Reading(best, own, tuple(trouble for trouble in found if isinstance(trouble, UnreadableFile)))

    def _token_in_memory(self) -> StoredToken | None:
        entry = self._unsaved.get(GATEWAY_RESOURCE_SERVER)
        if entry is None:
            return None
        expires_at = entry.get("expires_at_seconds")
        return StoredToken(
            str(entry.get("access_token") or ""),
            float(expires_at) if isinstance(expires_at, (int, float)) else None,
            self.files[0] if self.files else Path("memory"),
            str(entry.get("refresh_token") or ""),
            str(entry.get("identity_id") or ""),
            str(entry.get("scope") or ""),
        )


def _expiry(token: StoredToken) -> float:
    return token.expires_at or 0.0


def _tighten(path: Path) -> None:
    """Takes other users' rights away from a file that another tool has left open to them."""
    with suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return (facts.st_mtime_ns, facts.st_size, facts.st_ino)
