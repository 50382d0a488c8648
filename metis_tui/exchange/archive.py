"""Reads a ZIP file that anybody may have made: nothing is unpacked to disk, and no entry can fill the memory."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from metis_tui.chat.exchange import ImportFailure

MOST_ENTRIES = 200_000
_PIECE = 1 << 20
_FAULTS = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError)
"""RuntimeError: it is encrypted. NotImplementedError: a way of packing that Python does not know."""


class Archive:
    """An open ZIP file. Names inside are only compared, never used as paths.

    Raises:
        ImportFailure: it is damaged, or has too many entries.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _FAULTS as error:
            raise ImportFailure(f"The ZIP file is damaged ({type(error).__name__}).") from error
        self.names = [entry.filename for entry in self._zip.infolist() if not entry.is_dir()]
        if len(self.names) > MOST_ENTRIES:
            self._zip.close()
            raise ImportFailure(f"The ZIP file has {len(self.names):,} entries; {MOST_ENTRIES:,} are the most.")

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, name: str, at_most: int) -> bytes:
        """Raises ImportFailure: there is no such entry, it is damaged or has more than `at_most` bytes unpacked."""
        made = bytearray()
        try:
            with self._zip.open(name) as entry:
                while piece := entry.read(_PIECE):
                    made += piece
                    if len(made) > at_most:
                        raise ImportFailure(f"{name} in the ZIP file has more than {at_most:,} bytes.")
        except KeyError as error:
            raise ImportFailure(f"The ZIP file lacks {name}.") from error
        except _FAULTS as error:
            raise ImportFailure(f"{name} in the ZIP file is damaged ({type(error).__name__}).") from error
        return bytes(made)

    def sha256(self, name: str, at_most: int) -> str:
        """The checksum of an entry, without holding it in memory. Raises as `read` does."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._zip.open(name) as entry:
                while piece := entry.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    if size > at_most:
                        raise ImportFailure(f"{name} in the ZIP file has more than {at_most:,} bytes.")
        except KeyError as error:
            raise ImportFailure(f"The ZIP file lacks {name}.") from error
        except _FAULTS as error:
            raise ImportFailure(f"{name} in the ZIP file is damaged ({type(error).__name__}).") from error
        return digest.hexdigest()
