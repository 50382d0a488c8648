"""Writes the token file that ALCF's newest tools and this program share. Knows nothing of the network.

The SDK's own storage is neither atomic nor locked: processes that write at once leave half a file, and a later one
cannot start. Here a write holds a lock, is a new file that replaces the old one whole, and never puts an older
access token in the place of a newer one. What others keep in the file stays.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from metis_tui.auth.credential_file import (
    StoredToken,
    UnreadableFile,
    read_body,
    read_token_file,
)

try:
    import fcntl
except ImportError:  # not a POSIX system: writes are atomic all the same
    fcntl = None  # type: ignore[assignment]

Document = Mapping[str, object]
"""One resource server's tokens, with the keys of globus-sdk's TokenStorageData."""

LOCK_SECONDS = 20.0
"""Longer than a renewal takes: whoever waits so long takes the holder for hung and goes on without the lock."""
_POLL_SECONDS = 0.05
_NAMESPACE = "DEFAULT"
_SDK_VERSION = "4.0.0"
"""What is written where the SDK names its version; readers only want it to be there."""


class CredentialStore:
    """The file at `path`. Every method blocks and may raise OSError; its text never holds any part of a token."""

    def __init__(self, path: Path, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self.path = path
        self._lock_seconds = lock_seconds

    def read(self) -> StoredToken | UnreadableFile | None:
        """The gateway's entry, as it is now."""
        return read_token_file(self.path)

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Keeps other processes and threads out; False when the file system has no locks or one is held too long."""
        fd = self._open_lock()
        if fd is None:
            yield False
            return
        try:
            yield self._wait_for(fd)
        finally:
            os.close(fd)  # this also ends the lock

    def store(self, documents: Mapping[str, Document], *, is_sign_in: bool = False) -> bool:
        """Puts the documents into the file, by resource server; False when what is there is newer.

        Hold the lock. A fresh sign-in replaces whatever is there.

        Raises:
            OSError: the disk or the folder does not take it; the old file stays as it was.
        """
        body = self._body_to_change()
        servers = body["data"].setdefault(_NAMESPACE, {})
        if not is_sign_in and any(_is_newer(servers.get(name), document) for name, document in documents.items()):
            return False
        for name, document in documents.items():
            servers[name] = dict(document)
        self._write(body)
        return True

    def remove(self) -> list[Document]:
        """Takes every token of the namespace out and gives them; the file stays, as the SDK leaves it.

        Raises:
            OSError: the file cannot be written.
        """
        body = read_body(self.path)
        if not isinstance(body, dict):
            return []
        servers = body["data"].pop(_NAMESPACE, None)
        self._write(body)
        return [entry for entry in servers.values() if isinstance(entry, dict)] if isinstance(servers, dict) else []

    def documents(self) -> dict[str, Document]:
        """Everything stored in the namespace, by resource server; empty when nothing can be read."""
        body = read_body(self.path)
        servers = body["data"].get(_NAMESPACE) if isinstance(body, dict) else None
        if not isinstance(servers, dict):
            return {}
        return {name: entry for name, entry in servers.items() if isinstance(entry, dict)}

    def set_aside(self) -> Path | None:
        """Moves a damaged file out of the way; the path it has now, or None when it was not damaged after all."""
        found = read_body(self.path)
        if not isinstance(found, UnreadableFile) or not found.is_damaged:
            return None
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        os.replace(self.path, aside)
        with contextlib.suppress(OSError):
            aside.chmod(0o600)
        return aside

    # -- parts ---------------------------------------------------------------------------------------------------

    def _body_to_change(self) -> dict[str, Any]:
        self.set_aside()
        body = read_body(self.path)
        if isinstance(body, UnreadableFile):
            raise PermissionError(errno.EACCES, body.trouble)
        body = body or {"data": {}}
        if not isinstance(body["data"].setdefault(_NAMESPACE, {}), dict):
            body["data"][_NAMESPACE] = {}
        body["format_version"] = "2.0"
        body.setdefault("globus-sdk.version", _SDK_VERSION)
        return body

    def _write(self, body: Mapping[str, Any]) -> None:
        place = Path(os.path.realpath(self.path))  # a link stays one
        _make_private_folders(place.parent)
        draft = place.with_name(f".{place.name}.{os.getpid()}-{os.urandom(4).hex()}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o600)
                json.dump(body, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, place)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()

    def _open_lock(self) -> int | None:
        if fcntl is None:
            return None
        try:
            _make_private_folders(self.path.parent)
            return os.open(
                self.path.with_name(f".{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError:
            return None

    def _wait_for(self, fd: int) -> bool:
        end = time.monotonic() + self._lock_seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    return False
                time.sleep(_POLL_SECONDS)
            except OSError:  # this file system has no locks
                return False
            else:
                return True


def _is_newer(stored: object, document: Document) -> bool:
    there = stored.get("expires_at_seconds") if isinstance(stored, dict) else None
    new = document.get("expires_at_seconds")
    return isinstance(there, (int, float)) and isinstance(new, (int, float)) and there > new


def _make_private_folders(folder: Path) -> None:
    """Makes missing folders readable by this user alone, and the innermost one, too, if it is ours."""
    if not folder.is_dir():
        if not folder.parent.is_dir():
            _make_private_folders(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
    facts = folder.stat()
    if facts.st_mode & 0o077 and facts.st_uid == os.geteuid():
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
