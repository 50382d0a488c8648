"""A matrix in the application: the grid, replies, reports and blind votes through all of it."""

from __future__ import annotations

import json
from pathlib import Path

from app_session import Session, StartSession

from metis_tui.chat.conversation import ChatMessage, FailureNote, Timing, Usage
from metis_tui.chat.matrix import Cell, CellResult, MatrixPlan, PromptCase
from metis_tui.chat.votes import from_export
from metis_tui.store.matrix_folder import MatrixFiles
from metis_tui.tui.screens.matrix_grid import MatrixGrid
from metis_tui.tui.screens.vote_only import VoteOnly

MODELS = ("gpt-oss-120b@metis", "openai/gpt-oss-120b@sophia")


def make_matrix(folder: Path) -> None:
    """Two prompts, two models; one cell failed, one is open."""
    cases = (
        PromptCase("first", (("user", "What is MPI?"),), tags=("mpi",)),
        PromptCase("second", (("user", "And \x1b[31mOpenMP?"),)),
    )
    files = MatrixFiles(folder)
    folder.mkdir()
    files.write_plan(MatrixPlan(cases, MODELS, 1))
    for number, (case, model) in enumerate((case, model) for case in cases for model in MODELS):
        if number == 3:
            continue
        name, _, cluster = model.rpartition("@")
        reply = ChatMessage(
            f"m{number}",
            None,
            "assistant",
            f"Reply {number}" * (number != 2),
            1_000,
            model=name,
            cluster=cluster,
            usage=Usage(5, 101, 106),
            timing=Timing(2.0, None, 1.0),
            stop="stop" if number != 2 else "error",
            failure=FailureNote("The model's server failed", "It broke.", "upstream") if number == 2 else None,
        )
        files.append(CellResult(Cell(case.id, model, 1), reply, 1_000))


async def open_grid(session: Session) -> MatrixGrid:
    await session.until(lambda: isinstance(session.app.screen, MatrixGrid), "the grid")
    screen = session.app.screen
    assert isinstance(screen, MatrixGrid)
    await session.until_shown("100 tok/s")
    return screen


async def test_the_grid_shows_measures_failures_and_what_is_open(start: StartSession, tmp_path: Path) -> None:
    make_matrix(tmp_path / "m")
    async with start(size=(80, 24), file=str(tmp_path / "m")) as session:
        await open_grid(session)
        text = session.screen_text()
        assert "2 prompts × 2 models × 1" in text
        assert "open" in text
        assert "✕" in text
        assert "\x1b" not in text
        await session.pilot.press("m")
        await session.until_shown("1.00 s")
        await session.pilot.press("enter")
        await session.until_shown("Reply 0")
        await session.pilot.press("l")
        await session.until_shown("Reply 1")
        await session.pilot.press("escape", "escape")
        await session.until(lambda: session.app.screen is session.chat, "back in the chat")


async def test_votes_go_through_all_that_can_be_voted_on(start: StartSession, tmp_path: Path) -> None:
    make_matrix(tmp_path / "m")
    async with start(size=(110, 24), file=str(tmp_path / "m")) as session:
        grid = await open_grid(session)
        await session.pilot.press("v")
        await session.until(lambda: isinstance(session.app.screen, VoteOnly), "the first vote")
        await session.until_shown("vote 1 of 1")
        assert "gpt-oss" not in session.screen_text()
        await session.pilot.press("B")
        await session.until_shown("B is best")
        await session.until_shown("gpt-oss")
        await session.pilot.press("r", "plus", "i")
        await session.pilot.press("enter")
        await session.until(lambda: session.app.screen is grid, "back in the grid")
        await session.until_shown("· 1 vote ·")
        [vote] = from_export(json.loads((tmp_path / "m" / "votes.json").read_text()))[0]
        assert (vote.verdict, vote.is_blind, vote.tags) == ("best", True, ("mpi",))
        assert set(vote.models) == set(MODELS)
        await session.pilot.press("v")
        await session.until_shown("has a vote")


async def test_a_folder_that_is_no_matrix_is_told(start: StartSession, tmp_path: Path) -> None:
    async with start() as session:
        await session.ready()
        await session.type(f"/matrix {tmp_path}")
        await session.pilot.press("enter")
        await session.until_shown("No matrix")
