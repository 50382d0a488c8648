"""Writes conversations to a file of the user's choice. Knows the ports; no widget, no format.

A file that is there is never overwritten, and what is written only its owner can read.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import EXTENSIONS, ConversationExchange, ExportFormat, with_attachments
from metis_tui.chat.ports import ConversationStore


class ExportFailed(Exception):
    """Why nothing was written, and what helps, in plain words."""


def with_extension(path: str, kind: ExportFormat) -> str:
    """The path with the extension of a format in place of another format's."""
    for extension in sorted(EXTENSIONS.values(), key=len, reverse=True):
        if path.endswith(extension):
            return path[: -len(extension)] + EXTENSIONS[kind]
    return path


async def export_to_file(
    path: Path,
    conversations: Sequence[Conversation],
    kind: ExportFormat,
    *,
    store: ConversationStore,
    exchange: ConversationExchange,
) -> int:
    """Writes the file and returns its size in bytes.

    Raises:
        ExportFailed: it is there already, or the disk or the folder refuses.
    """
    if await in_background(path.exists):
        raise ExportFailed(f"{path} is there already. Choose another name.")
    whole = [await with_attachments(conversation, store) for conversation in conversations]

    def write() -> int:
        data = exchange.export(whole, kind)
        write_new_file(path, data)
        return len(data)

    return await in_background(write)


def write_new_file(path: Path, data: bytes) -> None:
    """Blocking. Raises ExportFailed; a file that could not be written whole is taken away again."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ExportFailed(f"{path} is there already. Choose another name.") from None
    except OSError as error:
        raise ExportFailed(_in_words(path, error)) from error
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise ExportFailed(_in_words(path, error)) from error


def _in_words(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"There is no folder {path.parent}."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Nothing may be written to {path.parent}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full, or your quota. Nothing was written."
    return f"{path} could not be written ({os.strerror(error.errno or 0)})."
