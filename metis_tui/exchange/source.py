"""A file of another program that is being imported, and the files that came with it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from metis_tui.chat.conversation import Attachment
from metis_tui.chat.exchange import ImportFailure
from metis_tui.chat.identifiers import derived_ulid
from metis_tui.chat.printable import storable
from metis_tui.exchange.archive import Archive
from metis_tui.exchange.problems import Problems

_LARGEST_ATTACHMENT = 64 * 1024 * 1024
_MOST_BYTES = 1024 * 1024 * 1024
"""Of all attachments of one file together."""
_FILE_ID = re.compile(r"file[-_][A-Za-z0-9]{8,80}")
_DATA_ADDRESS = re.compile(r"data:([\w.+-]{1,60}/[\w.+-]{1,80})?((?:;[\w=.+-]{1,80}){0,5}),", re.ASCII)
_MEDIA_TYPES = {
    **{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"},
    **{".svg": "image/svg+xml", ".pdf": "application/pdf", ".txt": "text/plain", ".csv": "text/csv"},
}


@dataclass(slots=True)
class Companions:
    """Files beside the imported one, by the id at the beginning of their names: from its ZIP file or its folder."""

    names: dict[str, str] = field(default_factory=dict)
    """Name of an entry or a file by the id of the other program."""
    read: Callable[[str, int], bytes] | None = None


@dataclass(slots=True)
class Source:
    """What is known of the imported file while it is read."""

    program: str
    """In plain words: ChatGPT, Open WebUI."""
    sha256: str
    """Of the whole file."""
    modified_ms: int
    """When the file was changed last: the time of conversations that tell none."""
    problems: Problems
    companions: Companions = field(default_factory=Companions)
    _bytes_left: int = _MOST_BYTES

    def conversation_id(self, created_ms: int, source_id: str) -> str:
        return derived_ulid(created_ms, self.program, source_id)

    def message_id(self, created_ms: int, conversation: str, source_id: str) -> str:
        return derived_ulid(created_ms, self.program, conversation, source_id)

    def origin(self, source_id: str) -> dict[str, str]:
        return {"kind": "import", "src": self.program, "conv": storable(source_id)[:200], "sha256": self.sha256}

    def companion(self, text: str, name: str = "", media_type: str = "") -> Attachment | None:
        """The file that an id such as file-AbC123 in the text points to; without content when it is not there."""
        match = _FILE_ID.search(text)
        if match is None:
            return None
        found = self.companions.names.get(match.group())
        if found is None or self.companions.read is None:
            return self._without_content(name or match.group(), media_type)
        try:
            data = self.companions.read(found, min(_LARGEST_ATTACHMENT, self._bytes_left))
        except ImportFailure as failure:
            self.problems.tell(failure.reason)
            return self._without_content(name or match.group(), media_type)
        self._bytes_left -= len(data)
        kind = media_type or _sniffed(data) or _MEDIA_TYPES.get(Path(found).suffix.lower(), "")
        return made_attachment(name or Path(found).name, kind, data)

    def from_address(self, address: str, name: str = "", media_type: str = "") -> Attachment:
        """The content of a data: address; what is elsewhere is named only and never fetched."""
        match = _DATA_ADDRESS.match(address)
        if match is None:
            return self._without_content(name or address[:500], media_type)
        kind = media_type or match.group(1) or "text/plain"
        content = address[match.end() :]
        if len(content) > _LARGEST_ATTACHMENT * 4 // 3 or len(content) > self._bytes_left:
            self.problems.tell(f"An attachment of more than {_LARGEST_ATTACHMENT:,} bytes was left out.")
            return self._without_content(name or "attachment", kind)
        try:
            if ";base64" in match.group(2):
                data = base64.b64decode("".join(unquote_to_bytes(content).decode("ascii").split()), validate=True)
            else:
                data = unquote_to_bytes(content)
        except (binascii.Error, ValueError):
            self.problems.tell("An attachment whose content cannot be read was left out.")
            return self._without_content(name or "attachment", kind)
        self._bytes_left -= len(data)
        return made_attachment(name or _default_name(kind), kind, data)

    @staticmethod
    def _without_content(name: str, media_type: str) -> Attachment:
        return Attachment(storable(name), storable(media_type) or "application/octet-stream", "", 0)


def made_attachment(name: str, media_type: str, data: bytes) -> Attachment:
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(
        storable(name)[:300], storable(media_type)[:100] or "application/octet-stream", digest, len(data), data
    )


def companions_in(archive: Archive) -> Companions:
    return Companions(_by_id(archive.names), archive.read)


def companions_beside(path: Path) -> Companions:
    """Files of the folder in which the imported file lies, as when an export was unpacked."""
    try:
        folder = {entry.name: Path(entry.path) for entry in os.scandir(path.parent) if entry.is_file()}
    except OSError:
        folder = {}

    def read(name: str, at_most: int) -> bytes:
        try:
            with open(folder[name], "rb") as file:
                data = file.read(at_most + 1)
        except OSError as error:
            raise ImportFailure(f"{name} cannot be read ({error.strerror}).") from error
        if len(data) > at_most:
            raise ImportFailure(f"{name} has more than {at_most:,} bytes.")
        return data

    return Companions(_by_id(folder), read)


def _by_id(names: Iterable[str]) -> dict[str, str]:
    matches = ((name, _FILE_ID.match(name.rsplit("/", 1)[-1])) for name in names)
    return {match.group(): name for name, match in matches if match is not None}


def _sniffed(data: bytes) -> str:
    """The media type of a picture by its first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def _default_name(media_type: str) -> str:
    return next((f"picture{suffix}" for suffix, kind in _MEDIA_TYPES.items() if kind == media_type), "attachment")
