"""A matrix as a grid: prompts down, models across, a measure in each cell; whole replies and blind votes from there.

Knows the matrix and its folder's port; runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Static

from metis_tui.chat.background import in_background
from metis_tui.chat.errors import ChatError
from metis_tui.chat.fair_timing import Measures, end_in_words, measures_of, spread
from metis_tui.chat.matrix import Cell, CellResult, Matrix, MatrixFolder, MatrixReports, ReportFormat
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui import format as fmt
from metis_tui.tui.rendering.wrapping import crop
from metis_tui.tui.screens.dialogs import AskKey
from metis_tui.tui.screens.overlay import ClosesOnce

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote

Save = Callable[[str, bytes, str], Coroutine[Any, Any, None]]
"""Asks for a path and writes: title, content, suggested name."""

_VIEWS = ("tokens/s", "first delta", "tokens", "how it ended")
FORMATS: dict[str, tuple[str, ReportFormat]] = {
    "m": ("Markdown", "md"),
    "h": ("HTML", "html"),
    "c": ("CSV", "csv"),
    "j": ("JSON Lines", "jsonl"),
}
_NARROWEST_PROMPT = 16


class MatrixGrid(ClosesOnce[None]):
    """Returns nothing.

    Args:
        name: how the folder is called on screen.
        save: writes a report where the user wants it.
    """

    CSS_PATH = "matrix_grid.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Back", show=False),
        Binding("h", "move(0, -1)", show=False),
        Binding("j", "move(1, 0)", show=False),
        Binding("k", "move(-1, 0)", show=False),
        Binding("l", "move(0, 1)", show=False),
        Binding("m", "measure", "Another measure", show=False),
        Binding("v", "vote", "Vote blind", show=False),
        Binding("w", "export", "Report", show=False),
        Binding("f5", "read_again", "Read again", show=False),
    ]

    def __init__(self, name: str, matrix: Matrix, folder: MatrixFolder, reports: MatrixReports, save: Save) -> None:
        super().__init__()
        self._folder_name = printable_line(name, 120)
        self._matrix = matrix
        self._folder = folder
        self._reports = reports
        self._save = save
        self._view = 0
        self._filled_width = 0
        self._votes: list[Vote] = []

    def compose(self) -> ComposeResult:
        yield Static(id="matrix-title", markup=False)
        table: DataTable[Text] = DataTable(id="matrix-grid", cursor_type="cell", zebra_stripes=False)
        yield table
        keys = "Enter replies · v vote blind · m measure · w report · h j k l · F5 read again · Esc"
        yield Static(keys, id="matrix-keys", markup=False)

    async def on_mount(self) -> None:
        self._table.focus()
        self._votes = await in_background(self._folder.read_votes)
        self._show_title()

    def on_resize(self) -> None:
        if self.size.width != self._filled_width:
            self._fill()

    @property
    def _table(self) -> DataTable[Text]:
        return self.query_one(DataTable)

    # --- what is shown ----------------------------------------------------------------------------

    def _show_title(self) -> None:
        plan, results = self._matrix.plan, self._matrix.results
        total, failed = len(plan.cells()), sum(result.has_failed for result in results.values())
        words = [self._folder_name, f"{len(plan.prompts):,} prompts × {len(plan.models)} models × {plan.repeat}"]
        words.append(f"{len(results):,} of {total:,} cells" if len(results) < total else f"{total:,} cells")
        words += [f"{failed:,} failed"] if failed else []
        words += [f"{len(self._votes):,} vote{'s' * (len(self._votes) != 1)}"] if self._votes else []
        words.append(f"shown: {_VIEWS[self._view]}")
        self.query_one("#matrix-title", Static).update(Text(" · ".join(words), no_wrap=True, overflow="ellipsis"))

    def _fill(self) -> None:
        if not self.is_mounted:
            return
        table, plan = self._table, self._matrix.plan
        place = table.cursor_coordinate
        self._filled_width = width = self.size.width
        column = max(10, min(26, (width - _NARROWEST_PROMPT) // max(1, len(plan.models)) - 2))
        room = max(_NARROWEST_PROMPT, width - (column + 2) * len(plan.models) - 4)
        table.clear(columns=True)
        table.add_column("prompt", width=room)
        for model in plan.models:
            table.add_column(crop(printable_line(model, 120), column), width=column)
        for case in plan.prompts:
            first = Text(crop(printable_line(f"{case.id}  {case.prompt}", 300), room), no_wrap=True)
            table.add_row(first, *(self._words(case.id, model) for model in plan.models))
        table.cursor_coordinate = place if table.is_valid_coordinate(place) else type(place)(0, 1)
        self._show_title()

    def _words(self, prompt: str, model: str) -> Text:
        """One cell: the median over its repeats, and what is missing."""
        results = self._results(prompt, model)
        known = [result for result in results if result is not None]
        whole = [measures_of(result.reply) for result in known if not result.has_failed]
        failed = [end_in_words(result.reply) for result in known if result.has_failed]
        open_count = len(results) - len(known)
        words = (
            _measured(whole, self._view) if self._view < 3 else ", ".join(sorted({*failed}) or ["done"] * bool(whole))
        )
        parts = [words] if words else []
        if failed and self._view < 3:
            parts.append(f"✕ {len(failed)}" if len(results) > 1 else f"✕ {failed[0]}")
        if open_count:
            parts.append(f"{open_count} open" if len(results) > 1 else "open")
        return Text(printable_line(" · ".join(parts), 80), no_wrap=True)

    def _results(self, prompt: str, model: str) -> list[CellResult | None]:
        rounds = range(1, self._matrix.plan.repeat + 1)
        return [self._matrix.results.get(Cell(prompt, model, number)) for number in rounds]

    # --- keys -------------------------------------------------------------------------------------

    def action_move(self, rows: int, columns: int) -> None:
        table = self._table
        row, column = table.cursor_coordinate
        table.move_cursor(row=row + rows, column=column + columns)

    def action_measure(self) -> None:
        self._view = (self._view + 1) % len(_VIEWS)
        self._fill()

    def action_read_again(self) -> None:
        self.run_worker(self._read_again(), group="read", exit_on_error=False)

    async def _read_again(self) -> None:
        try:
            self._matrix = await in_background(self._folder.read)
        except ChatError as failure:
            self._complain(failure)
            return
        self._fill()

    @on(DataTable.CellSelected)
    def open_cell(self, event: DataTable.CellSelected) -> None:
        from metis_tui.tui.screens.matrix_replies import MatrixReplies

        case = self._matrix.plan.prompts[event.coordinate.row]
        self.app.push_screen(MatrixReplies(self._matrix, case.id, max(0, event.coordinate.column - 1)))

    def action_vote(self) -> None:
        """Votes blind, prompt by prompt from the cursor on, through all that have no vote yet."""
        from metis_tui.tui.matrix_voting import MatrixVoting

        if len(self._matrix.plan.models) < 2:
            self.notify("Voting takes two models.", markup=False)
            return
        start = self._table.cursor_coordinate.row
        voting = MatrixVoting(self.app, self._matrix, self._folder, self._votes, start)

        async def run() -> None:
            try:
                await voting.run()
            except ChatError as failure:
                self._complain(failure)
            self._show_title()

        self.run_worker(run(), group="vote", exit_on_error=False)

    def action_export(self) -> None:
        offered = {key: name for key, (name, _) in FORMATS.items()}
        self.app.push_screen(
            AskKey("Report", "All cells, with measures and where they come from.", offered), self._export
        )

    def _export(self, key: str | None) -> None:
        if key is not None:
            self.run_worker(self._write(FORMATS[key][1]), group="export", exit_on_error=False)

    async def _write(self, kind: ReportFormat) -> None:
        data = await in_background(lambda: self._reports.report(self._matrix, kind))
        await self._save("Write the report to", data, f"report.{kind}")

    def _complain(self, failure: ChatError) -> None:
        text = printable(f"{failure} {failure.hint}".strip())
        self.notify(text, title=printable_line(failure.title, 80), severity="error", timeout=10, markup=False)


def _measured(whole: list[Measures], view: int) -> str:
    """The median of whole replies; estimates are marked "~"."""
    mark = "~" if any(measures.is_estimated for measures in whole) else ""
    if view == 0:
        found = spread(measures.tokens_per_second for measures in whole)
        return f"{mark}{fmt.rate(found.median)}" if found else ""
    if view == 1:
        found = spread(measures.first_delta_seconds for measures in whole)
        return fmt.latency(found.median) if found else ""
    found = spread(measures.token_count for measures in whole)
    return f"{mark}{found.median:,.0f}" if found else ""
