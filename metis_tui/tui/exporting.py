"""Writes conversations to a file of the user's choice. Knows the ports; no widget, no format.

A file that is there is never overwritten, and what is written only its owner can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import EXTENSIONS, ConversationExchange, ExportFormat, with_attachments
from metis_tui.chat.ports import ConversationStore
from metis_tui.tui.saving import AlreadyThere, NotWritten, shown_path, write_file


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
    """Blocking. Raises ExportFailed; a file that could not be written whole is not there."""
    try:
        write_file(path, data)
    except AlreadyThere:
        raise ExportFailed(f"{shown_path(path)} is there already. Choose another name.") from None
    except NotWritten as failure:
        raise ExportFailed(str(failure)) from failure
