"""The difference of two replies on screen, by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.app import App
from textual.pilot import Pilot
from transcript_host import until

from metis_tui.tui.screens.difference import ComparedReply, DifferenceScreen
from metis_tui.tui.widgets.difference_view import DifferenceView

MORE = "".join(f"Paragraph {letter} is the same in all of them.\n\n" for letter in "abcdefghijklmnopqrstuvwxyz")
FIRST = f"Use 2049 ranks and `MPI_Allreduce`.\n\n{MORE}It takes 5 minutes.\n"
SECOND = f"Use 2048 ranks and `MPI_Allreduce`.\n\n{MORE}It takes 300 s, see src/main.f90.\n"
THIRD = "Something else: `MPI_Allreduce` is broken.\n"
REPLIES = [ComparedReply("a@metis", FIRST), ComparedReply("a@sophia", SECOND), ComparedReply("\x1b[31mc", THIRD)]


class Host(App[None]):
    """Shows the screen and nothing else."""

    is_closed = False

    def on_mount(self) -> None:
        self.push_screen(DifferenceScreen(REPLIES), self.closed)

    def closed(self, result: None) -> None:
        self.is_closed = True

    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[: self.size.height])


@asynccontextmanager
async def opened(size: tuple[int, int]) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "the same" in app.text())
        yield app, pilot


async def shows(app: Host, pilot: Pilot[None], text: str) -> None:
    try:
        await until(pilot, lambda: text in app.text())
    except AssertionError:
        raise AssertionError(f"{text!r} is not on screen\n{app.text()}") from None


async def test_changes_one_after_the_other_in_one_column_and_side_by_side() -> None:
    async with opened((80, 24)) as (app, pilot):
        assert "[-2049-] {+2048+} ranks" in app.text()
        assert "[-1 a@metis-] {+2 a@sophia+}" in app.text()
        await pilot.press("n")
        await shows(app, pilot, "change 1 of")
        await pilot.press("n")
        await shows(app, pilot, "{+300 s, see")
        await pilot.press("n")
        await shows(app, pilot, "no change further down")
        await pilot.press("N")
        await shows(app, pilot, "change 1 of")

        await pilot.resize_terminal(120, 30)
        await until(pilot, lambda: any("2049" in row and "│ + Use 2048" in row for row in app.text().splitlines()))
        await pilot.press("m")
        await shows(app, pilot, "{+2048+}")
        await pilot.press("escape")
        await until(pilot, lambda: app.is_closed)


async def test_what_replies_agree_on_and_the_way_to_it() -> None:
    async with opened((80, 24)) as (app, pilot):
        await pilot.press("a")
        await shows(app, pilot, "1··  number    2049 ranks   others say 2048 ranks")
        rows = app.text().splitlines()
        assert next(row for row in rows if "5 minutes" in row).split()[0] == "12·"
        assert next(row for row in rows if "MPI_Allreduce" in row).split()[0] == "123"
        for _ in range(10):
            if "src/main.f90" in _highlighted(app):
                break
            await pilot.press("j")
        await pilot.press("enter")
        await shows(app, pilot, "see src/main.f90")
        view = app.screen.query_one(DifferenceView)
        assert view.current is not None
        assert "main.f90" in "".join(text for text, _ in view.rows.rows[view.current].pieces)
        assert not app.is_closed


def _highlighted(app: Host) -> str:
    from textual.widgets import OptionList

    options = app.screen.query_one(OptionList)
    return str(options.get_option_at_index(options.highlighted or 0).prompt)


async def test_other_replies_and_names_that_are_no_commands() -> None:
    async with opened((80, 24)) as (app, pilot):
        await pilot.press("right_square_bracket")
        await shows(app, pilot, "{+3 ␛[31mc+}")
        await pilot.press("left_square_bracket")
        await shows(app, pilot, "[-2 a@sophia-]")
