"""The ranking on screen, by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from app_session import StartSession
from simulated_votes import simulated
from textual.app import App
from textual.pilot import Pilot
from transcript_host import until

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.ranking import rank
from metis_tui.chat.ranking_report import votes_from_text
from metis_tui.chat.votes import Vote
from metis_tui.tui.ranking_rows import ranking_text, short_name
from metis_tui.tui.screens.votes import VotesScreen

A, B, C = "gpt-oss-120b@metis", "openai/gpt-oss-120b@sophia", "Llama-4-Maverick-17B-128E-Instruct@metis"
VOTES = [
    *(replace(vote, tags=("mpi",)) for vote in simulated({A: 0.8, B: 0.6, C: -0.8}, 60, 1)),
    replace(simulated({A: 1.0, "\x1b[31mred@minerva": 0.0}, 1, 2)[0], tags=("mesh",)),
]


class Host(App[None]):
    """Shows the screen and nothing else."""

    def __init__(self, votes: Sequence[Vote]) -> None:
        super().__init__()
        self.votes = votes
        self.is_closed = False

    def on_mount(self) -> None:
        self.push_screen(VotesScreen(self.votes, "voter-1"), self.closed)

    def closed(self, result: None) -> None:
        self.is_closed = True

    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[: self.size.height])


@asynccontextmanager
async def opened(
    votes: Sequence[Vote] = VOTES, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(votes)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "won/tied/lost" in app.text() or "No votes yet" in app.text())
        yield app, pilot


async def shows(app: Host, pilot: Pilot[None], text: str) -> None:
    await until(pilot, lambda: text in app.text())


async def test_table_views_and_matrix() -> None:
    async with opened() as (app, pilot):
        rows = app.text().splitlines()
        assert rows[0].strip() == "Votes · 61 votes · 61 battles"
        assert rows[1].strip() == "all tags · all clusters · by model@cluster"
        assert "@sophia" in next(row for row in rows if row.strip().startswith("1 "))
        assert "not enough data: fewer than 10 battles" in app.text()
        assert "␛[31mred@minerva" in app.text()
        await pilot.press("t")
        await shows(app, pilot, "tag mpi · all clusters")
        await until(pilot, lambda: "minerva" not in app.text())
        await pilot.press("c")
        await shows(app, pilot, "tag mpi · on metis")
        await until(pilot, lambda: B[:12] not in app.text())
        await pilot.press("c", "m", "T")
        await shows(app, pilot, "all tags · all clusters · by model")
        await until(pilot, lambda: "gpt-oss-120b  " in app.text())
        await pilot.press("b")
        await shows(app, pilot, "No vote says anything about this")
        await pilot.press("b", "m", "w")
        await shows(app, pilot, "won/tied/lost of the row's model")
        await pilot.press("escape")
        await until(pilot, lambda: app.is_closed)


async def test_without_votes_it_says_what_to_do() -> None:
    async with opened([]) as (app, pilot):
        assert "No votes yet. Compare models" in app.text()
        await pilot.press("x", "t")
        assert not app.is_closed


@pytest.mark.parametrize("key", ["r", "n"])
async def test_export(key: str, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    async with opened() as (app, pilot):
        await pilot.press("x")
        await shows(app, pilot, "No prompt and no reply")
        await pilot.press(key)
        await shows(app, pilot, "Into which file?")
        await pilot.press("ctrl+u")
        app.screen.query_one("Input").value = str(file)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, file.exists)
    text = file.read_text()
    if key == "r":
        assert text.startswith("model,rank,strength")
    else:
        votes, bad = votes_from_text(text)
        assert (len(votes), bad) == (61, 0)
        assert {vote.voter[:10] for vote in votes} == {"anonymous-"}


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_rows_fit_from_80_columns(width: int) -> None:
    text = ranking_text(rank(VOTES, bootstraps=20), width).plain
    assert max(map(len, text.splitlines())) <= max(width, 74)
    assert ("●" in text) == (width >= 200)


def test_of_a_long_name_the_cluster_stays() -> None:
    assert short_name(C, 24).endswith("…@metis")
    assert len(short_name(C, 24)) == 24
    assert short_name("a@metis", 24) == "a@metis"


async def test_the_application_ranks_what_is_saved(start: StartSession) -> None:
    async with start((80, 24)) as session:
        await session.ready()
        await session.ask("hello")
        conversation: Conversation = session.chat.pane.conversation
        prompt = conversation.path()[0]
        vote = Vote(prompt.id, (A, B), "best", 0)
        await session.chat.services.store.vote(conversation, prompt.id, vote.as_value())
        await session.type("/votes")
        await session.pilot.press("enter")
        await session.until_shown("1 vote · 1 battle")
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat, "the chat is back")
