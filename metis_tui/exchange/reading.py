"""Reads a file of conversations: finds out by its content what it is, never by its name."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.exchange import Imported, ImportFailure
from metis_tui.exchange import document_reader, untrusted
from metis_tui.exchange.problems import Problems

if TYPE_CHECKING:
    from metis_tui.chat.conversation import Conversation


def read(path: Path, read_llm_logs: Callable[[Path], Iterable[Conversation]] | None = None) -> Imported:
    """Raises ImportFailure: it cannot be read or is no known format."""
    text = _bytes(path).decode("utf-8-sig", "replace")
    problems = Problems()
    rows = list(_rows(text))
    if rows and document_reader.is_document(rows[0]):
        if len(rows) == 1:
            found = document_reader.read_document(untrusted.mapping(rows[0]), problems)
        else:
            found = document_reader.read_lines(rows[1:], problems)
        return Imported(tuple(found), "metis-tui export", problems.sentences)
    raise ImportFailure("It is no known format.")


def _rows(text: str) -> Iterator[object]:
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        for line in text.split("\n"):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield None


def _bytes(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ImportFailure(f"{path} is not a file.")
        return path.read_bytes()
    except OSError as error:
        raise ImportFailure(f"{path} cannot be read ({error.strerror}).") from error
