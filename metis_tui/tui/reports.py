"""Reports of comparisons into files, and the folders of matrices on screen. Asks and tells; runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.background import in_background
from metis_tui.chat.errors import ChatError
from metis_tui.tui.saving import path_of, shown_path

if TYPE_CHECKING:
    from pathlib import Path

    from metis_tui.chat.comparison import Comparison
    from metis_tui.chat.matrix import ReportFormat
    from metis_tui.tui.screens.chat_base import ChatBase


class Reports:
    """Its deeds run as workers of the chat screen, as they may ask something first."""

    def __init__(self, chat: ChatBase) -> None:
        self._chat = chat

    def export(self, comparison: Comparison) -> None:
        from metis_tui.chat.compared_replies import matrix_of
        from metis_tui.tui.screens.dialogs import AskKey
        from metis_tui.tui.screens.matrix_grid import FORMATS

        chat = self._chat

        async def write(kind: ReportFormat) -> None:
            matrix = matrix_of(comparison.conversation, comparison.prompt_id)
            data = await in_background(lambda: chat.services.reports.report(matrix, kind))
            await chat.taking_out.save("Write the report to", data, f"comparison.{kind}")

        def chosen(key: str | None) -> None:
            if key is not None:
                chat.taking_out.start(write(FORMATS[key][1]))

        offered = {key: name for key, (name, _) in FORMATS.items()}
        about = "All replies to this prompt, side by side, with measures."
        chat.app.push_screen(AskKey("Report", about, offered), chosen)

    def open_matrix(self, path: str) -> None:
        """Shows a folder that `metis-tui matrix` made."""
        self._chat.taking_out.start(self._open_matrix(path_of(path)))

    async def _open_matrix(self, path: Path) -> None:
        chat = self._chat
        folder = chat.services.matrix_folder(path)
        try:
            matrix = await in_background(folder.read)
        except ChatError as failure:
            chat.tell(f"{failure} {failure.hint}", title=failure.title, is_problem=True)
            return
        from metis_tui.tui.screens.matrix_grid import MatrixGrid

        async def save(title: str, data: bytes, name: str) -> None:
            await chat.taking_out.save(title, data, name)

        chat.app.push_screen(MatrixGrid(path.name or shown_path(path), matrix, folder, chat.services.reports, save))
