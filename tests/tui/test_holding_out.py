"""What the user sees while a turn holds out: waiting rooms, countdowns, stalls, and going on from a cut reply."""

from __future__ import annotations

import pytest
from app_session import StartSession

from metis_tui.chat.patience import Patience
from metis_tui.demo.server import DemoGateway
from metis_tui.tui.screens.waiting_room import WaitingRoom

MODEL = "gemma-4-31B-it"


async def test_a_rate_limit_says_whose_it_is_and_counts_down(start: StartSession) -> None:
    async with start((100, 30), model=MODEL) as session:
        await session.ready()
        session.chat.services.engine.recourse.patience = Patience()
        await session.type("@@tpm_global@@ hello")
        await session.pilot.press("enter")
        await session.until_shown("rate limit (everybody's)")
        await session.until_shown("again in 1:00 (1 of 5)")
        await session.until_shown("It is sent again by itself")
        await session.pilot.press("escape")
        await session.until(lambda: not session.chat.pane.is_running, "the resend is cancelled")
        assert "again in" not in session.screen_text()
        assert session.chat.pane.conversation.path()[0].text == "@@tpm_global@@ hello"


async def test_a_resend_that_works_is_an_ordinary_reply(start: StartSession) -> None:
    async with start((100, 30), model=MODEL) as session:
        await session.ready()
        session.chat.services.engine.recourse.patience = Patience(pauses=(0.2,) * 50)
        port = session.demo.port
        session.demo.stop()
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until(lambda: "waiting" in session.chat.notices.notices, "the countdown")
        with DemoGateway(port=port, throttle=None, speed=20, seed=1):
            await session.until(lambda: not session.chat.pane.is_running, "the reply")
        assert session.replies[-1].stop == "stop"
        assert "waiting" not in session.chat.notices.notices


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_waiting_room_sends_when_the_model_is_live(start: StartSession, size: tuple[int, int]) -> None:
    async with start(size, model=MODEL) as session:
        await session.ready()
        session.demo.set_state("metis", MODEL, "starting")
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, WaitingRoom), "the waiting room")
        await session.until_shown("Your prompt")
        await session.until_shown("Or send to")
        session.demo.set_state("metis", MODEL, "running")
        await session.chat.catalog_watch.refresh(force=True)
        await session.until(lambda: session.replies and not session.chat.pane.is_running, "the reply")
        assert session.replies[-1].served_by == f"{MODEL}@metis"
        assert session.replies[-1].stop == "stop"


async def test_the_waiting_room_sends_to_another_model(start: StartSession) -> None:
    async with start((80, 24), model=MODEL) as session:
        await session.ready()
        session.demo.set_state("metis", MODEL, "stopped")
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, WaitingRoom), "the waiting room")
        await session.pilot.press("1")
        await session.until(lambda: session.replies and not session.chat.pane.is_running, "the reply")
        assert session.replies[-1].served_by != f"{MODEL}@metis"
        assert session.chat.model is not None
        assert session.chat.model.key == session.replies[-1].served_by


async def test_leaving_the_waiting_room_keeps_the_prompt(start: StartSession) -> None:
    async with start((80, 24), model=MODEL) as session:
        await session.ready()
        session.demo.set_maintenance("metis", "Back at 17:00 CT")
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until(lambda: isinstance(session.app.screen, WaitingRoom), "the waiting room")
        await session.until_shown("Back at 17:00 CT")
        await session.pilot.press("escape")
        await session.until(lambda: not session.chat.pane.is_running, "the turn is over")
        assert session.chat.pane.conversation.path()[0].text == "hello"
        assert session.replies[-1].failure.kind == "maintenance"


async def test_going_on_from_a_stopped_reply_shows_the_seam(start: StartSession) -> None:
    async with start((100, 40), model=MODEL) as session:
        await session.ready()
        await session.type("Write 3000 tokens at 300 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 5, "some text")
        await session.pilot.press("escape")
        await session.until(lambda: not session.chat.pane.is_running, "stopped")
        partial = session.replies[-1]
        session.demo.log.clear()
        await session.pilot.press("f9")
        await session.until(lambda: len(session.replies) == 2 or session.chat.pane.is_running, "it goes on")
        await session.until_shown("goes on")
        session.chat.pane.stop()
        await session.until(lambda: not session.chat.pane.is_running, "stopped again")
        assert session.last_sent["messages"][-2]["content"] == partial.text
        assert session.replies[0] == partial
        assert session.replies[1].is_continuation


async def test_a_whole_reply_does_not_go_on(start: StartSession) -> None:
    async with start((100, 30), model=MODEL) as session:
        await session.ready()
        await session.ask("hello")
        await session.pilot.press("f9")
        await session.until_shown("The last reply is whole")
        assert len(session.replies) == 1


async def test_asking_again_does_not_wait_for_the_countdown(start: StartSession) -> None:
    async with start((100, 30), model=MODEL) as session:
        await session.ready()
        session.chat.services.engine.recourse.patience = Patience(pauses=(600.0,))
        port = session.demo.port
        session.demo.stop()
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until_shown("again in 10:00 (1 of 1)")
        with DemoGateway(port=port, throttle=None, speed=20, seed=1):
            await session.pilot.press("ctrl+x", "a")
            await session.until(lambda: session.replies and session.replies[-1].stop == "stop", "the reply")
        assert [message.role for message in session.chat.pane.conversation.path()] == ["user", "assistant"]


async def test_a_reply_that_streams_is_not_asked_again_by_mistake(start: StartSession) -> None:
    async with start((100, 30), model=MODEL) as session:
        await session.ready()
        await session.type("Write 3000 tokens at 100 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 5, "some text")
        for action in ("retry", "go_on"):
            await session.chat.run_action(action)
            await session.until_shown("Esc stops it first")
            assert session.chat.pane.is_running
