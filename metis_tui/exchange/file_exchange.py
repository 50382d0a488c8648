"""The `ConversationExchange` of the application: every format by its name. Loads a format when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metis_tui.chat.exchange import Citation, ExportFormat, Imported, ImportFailure
from metis_tui.chat.printable import printable_line

if TYPE_CHECKING:
    from metis_tui.chat.conversation import Conversation

ReadLlmLogs = Callable[[Path], Imported]
"""Reads the logs.db of llm; given by the wiring, because SQLite belongs to the store. Raises ImportFailure."""


class FileExchange:
    """Makes files of conversations and conversations of files. Blocking; keeps nothing between calls.

    Args:
        read_llm_logs: what can read a SQLite file of llm; without it such files are refused.
    """

    def __init__(self, read_llm_logs: ReadLlmLogs | None = None) -> None:
        self._read_llm_logs = read_llm_logs

    def export(self, conversations: Sequence[Conversation], kind: ExportFormat) -> bytes:
        """One file with the conversations. Attachments must have their data; see `chat.exchange.with_attachments`."""
        match kind:
            case "json" | "jsonl":
                from metis_tui.exchange import document

                return document.document(conversations) if kind == "json" else document.lines(conversations)
            case "markdown":
                from metis_tui.exchange.markdown_file import markdown

                return markdown(conversations)
            case "html":
                from metis_tui.exchange.html_file import html

                return html(conversations)
            case "bundle":
                from metis_tui.exchange.bundle import bundle

                return bundle(conversations)

    def cite(self, conversations: Sequence[Conversation]) -> str:
        """BibTeX entry, acknowledgement and a sentence for the methods section."""
        from metis_tui.exchange.citation import citation

        return citation(conversations)

    def citation(self, conversations: Sequence[Conversation]) -> Citation:
        """The same in its parts."""
        from metis_tui.exchange import citation

        return Citation(citation.BIBTEX, citation.ACKNOWLEDGEMENT, citation.POLICY, citation.methods(conversations))

    def read(self, path: Path) -> Imported:
        """The conversations in a file; see ConversationExchange."""
        from metis_tui.exchange.reading import read

        try:
            return read(path, self._read_llm_logs)
        except ImportFailure as failure:  # of several files it must be told which
            reason = f"{printable_line(path.name, 100)}: {failure.reason[:1].lower()}{failure.reason[1:]}"
            raise ImportFailure(reason, hint=failure.hint) from failure
