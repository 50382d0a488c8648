"""Comparing models with the keyboard: lanes that stream, fail and wait, blind votes, going on with the winner."""

from __future__ import annotations

from typing import Any

import pytest
from app_session import Session, StartSession

from metis_tui.chat.comparison import Comparison, comparisons_in
from metis_tui.chat.conversation import Conversation
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.screens.comparison import ComparisonScreen
from metis_tui.tui.widgets.lane_pane import LanePane

TWO = "gpt-oss-120b@metis gemma-4-31B-it@metis"


class Lanes:
    """The comparison on screen."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def screen(self) -> ComparisonScreen:
        screen = self.session.app.screen
        assert isinstance(screen, ComparisonScreen)
        return screen

    @property
    def panes(self) -> list[LanePane]:
        return self.screen.panes

    @property
    def comparison(self) -> Comparison:
        return self.screen.comparison

    async def press(self, *keys: str) -> None:
        await self.session.pilot.press(*keys)
        await self.session.pilot.pause()

    async def done(self) -> None:
        await self.session.until(
            lambda: self.panes and all(pane.lane.reply and not pane.is_busy for pane in self.panes), "all lanes done"
        )


async def compare(session: Session, text: str, names: str = TWO) -> Lanes:
    await session.ready()
    session.chat.prompt.replace_all(text)
    models = [session.chat.catalog.find(name) for name in names.split()]
    await session.chat.comparing.compare([model for model in models if model is not None])
    await session.until(lambda: isinstance(session.app.screen, ComparisonScreen), "the lanes are there")
    return Lanes(session)


async def on_disk(session: Session, conversation: Conversation) -> Conversation:
    store: Any = session.chat.services.store
    other = ConversationFiles(store._layout.root)
    try:
        return await other.open(conversation.id)
    finally:
        await other.close()


async def test_marked_models_stream_side_by_side_and_the_winner_is_gone_on_with(start: StartSession) -> None:
    async with start(size=(120, 30)) as session:
        await session.ready()
        await session.type("Write 30 tokens")
        session.chat.save_draft()
        await session.pilot.press("ctrl+t")
        await session.until_shown("Compare models")
        await session.until_shown("gemma-4-31B-it")
        await session.pilot.press("down", "space")
        await session.until_shown("2 marked")
        await session.pilot.press("enter")
        lanes = Lanes(session)
        await session.until_shown("2 lanes")
        drafts = session.chat.services.drafts
        assert drafts.load("new") == "", "what was sent is no draft any more"
        await lanes.done()
        await session.until_shown("· stop")
        chosen = lanes.panes[1].lane
        await lanes.press("l", "enter")
        await session.until(lambda: session.app.screen is session.chat, "back in the chat")
        conversation = session.chat.pane.conversation
        assert conversation.path() == chosen.thread.path()
        assert (conversation.model, session.chat.model and session.chat.model.key) == (chosen.model.key,) * 2
        stored = await on_disk(session, conversation)
        assert (stored.path(), len(comparisons_in(stored))) == (conversation.path(), 1)
        await session.until_shown("/2 ")
        await session.pilot.press("ctrl+t")
        await session.until_shown("2 lanes")
        assert [pane.lane.reply for pane in lanes.panes][1] == chosen.reply, "it opens again without a call"
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat, "back again")


async def test_models_are_kept_as_a_set_with_a_name(start: StartSession) -> None:
    async with start(size=(120, 30)) as session:
        await session.ready()
        await session.type("Write 5 tokens")
        await session.pilot.press("ctrl+t")
        await session.until_shown("1 marked")
        await session.pilot.press("down", "space", "down", "space")
        await session.until_shown("3 marked")
        await session.pilot.press("ctrl+k")
        await session.until_shown("my three")
        await session.pilot.press("enter")
        await session.until_shown("my three: ")
        await session.until(lambda: "my three" in session.chat.launch.choices.load().presets, "it is kept")
        await session.pilot.press("escape", "ctrl+t")
        await session.until_shown("my three: ")
        await session.until(lambda: session.app.screen._highlighted() == "preset:my three", "the first row")  # type: ignore[attr-defined]
        await session.pilot.press("enter")
        await session.until_shown("3 lanes")


async def test_one_fails_one_waits_one_streams(start: StartSession) -> None:
    names = "gpt-oss-120b@metis gemma-4-31B-it@metis DeepSeek-V3.1-Terminus@metis"
    async with start(size=(120, 30)) as session:
        lanes = await compare(session, "Write 3000 tokens at 900 tokens/s @@error_event_mid@@ @@only:gemma@@", names)
        await session.until_shown("waiting for the model")
        await session.until(lambda: lanes.panes[0].lane.reply, "the first is done")
        await session.until(lambda: lanes.panes[1].lane.reply, "the second has failed")
        await lanes.press("3", "minus")  # it still waits
        await session.until(lambda: len(lanes.panes) == 2, "the lane is gone")
        await lanes.done()
        first, second = (pane.lane.reply for pane in lanes.panes[:2])
        assert first is not None
        assert second is not None
        assert (first.stop, second.stop) == ("stop", "error")
        assert second.text, "what had come is kept"


async def test_a_blind_vote_hides_names_and_numbers_until_it_is_given(start: StartSession) -> None:
    async with start(size=(120, 30)) as session:
        lanes = await compare(session, "Write 30 tokens")
        await lanes.done()
        await lanes.press("b")
        await session.until_shown("blind on")
        text = session.screen_text()
        assert "gpt-oss" not in text
        assert "gemma" not in text
        assert "tok/s" not in text
        await lanes.press("enter")
        await session.until_shown("Vote first")
        await lanes.press("B")
        await session.until_shown("B is best")
        await session.until_shown("tok/s")
        voted = lanes.panes[1].lane.model.key
        stored = await on_disk(session, lanes.comparison.conversation)
        vote: Any = stored.votes[lanes.comparison.prompt_id]
        assert vote["models"][vote["best"]] == voted
        assert "blind" not in vote, "the names had been seen"
        await lanes.press("y")
        await session.until_shown("Why?")
        await session.pilot.press(*"units", "enter")
        await session.until_shown("best: units")
        await lanes.press("u")
        await session.until_shown("taken back")
        assert (await on_disk(session, lanes.comparison.conversation)).votes == {}
        await lanes.press("A")
        await session.until_shown("A is best")
        best = lanes.panes[0].lane.model.key
        await lanes.press("escape")
        await session.until(lambda: session.app.screen is session.chat, "back in the chat")
        await session.pilot.press("ctrl+t")
        await session.until_shown("is best")
        place = [pane.lane.model.key for pane in lanes.panes].index(best)
        assert f"{'AB'[place]} is best" in session.screen_text(), "the vote is there again, and the names"
        await session.until_shown("gemma")


async def test_follow_ups_are_blind_and_at_one_pace(start: StartSession) -> None:
    async with start(size=(120, 30)) as session:
        lanes = await compare(session, "Write 20 tokens")
        await lanes.done()
        await lanes.press("b", "i")
        await session.pilot.press(*"more", "enter")
        await session.until(lambda: len(lanes.comparison.conversation.messages) == 7, "both have answered")
        await lanes.done()
        await session.until(lambda: lanes.screen._lock_step is None, "all was shown")
        for pane in lanes.panes:
            assert [m.role for m in pane.lane.thread.path()] == ["user", "assistant", "user", "assistant"]
            assert len(pane.transcript.document.entries) == 2, "what was said before would tell who it is"
        assert "tok/s" not in session.screen_text()
        await lanes.press("A")
        await session.until_shown("A is best")
        stored = await on_disk(session, lanes.comparison.conversation)
        votes: list[Any] = list(stored.votes.values())
        assert [(vote["blind"], vote["same_speed"]) for vote in votes] == [(True, True)]
        for _ in range(3):  # in other places
            await lanes.press("b", "b")
            await session.until_shown("blind on")
            await lanes.press("A")
            await session.until_shown("A is best")
        stored = await on_disk(session, lanes.comparison.conversation)
        assert len(stored.votes) == 1, "each lane's prompt got a vote of its own"


async def test_a_comparison_begins_blind_when_that_is_chosen(start: StartSession) -> None:
    async with start(size=(120, 30)) as session:
        await session.ready()
        await session.type("Write 30 tokens")
        await session.pilot.press("ctrl+t")
        await session.until_shown("blind off")
        await session.pilot.press("tab")
        await session.until_shown("blind on")
        await session.until(lambda: session.chat.launch.choices.load().is_blind, "it is kept")
        await session.pilot.press("down", "space", "enter")
        lanes = Lanes(session)
        await session.until_shown("2 lanes · blind on")
        await lanes.done()
        await session.until(lambda: lanes.screen._lock_step is None, "all was shown")
        assert "gemma" not in session.screen_text()
        await lanes.press("t")
        await session.until_shown("a tie")
        await session.until_shown("gemma")
        votes: list[Any] = list((await on_disk(session, lanes.comparison.conversation)).votes.values())
        assert [vote["blind"] for vote in votes] == [True]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_narrow_screens_show_one_lane_and_a_line_for_all(start: StartSession, size: tuple[int, int]) -> None:
    async with start(size=size) as session:
        lanes = await compare(session, "Write 30 tokens")
        await lanes.done()
        await lanes.press("2")
        assert [pane.region.height > 0 for pane in lanes.panes] == [False, True]
        text = session.screen_text()
        assert "1 ■" in text
        assert text.count("\n") < size[1]


async def test_keys_for_lanes(start: StartSession) -> None:
    """Zoom and back, another answer, another lane, one less, scrolling together."""
    async with start(size=(120, 30)) as session:
        lanes = await compare(session, "Write 400 tokens")
        await lanes.done()
        await lanes.press("z")
        assert lanes.screen.has_class("-single")
        await lanes.press("equals_sign", "s", "g", "j", "j", "j", "j", "j", "j")
        first, second = (pane.transcript.paragraph_at_top() for pane in lanes.panes)
        assert first is not None
        assert second is not None
        assert (first.entry, first.number) == (second.entry, second.number)
        before = lanes.panes[0].lane.reply
        await lanes.press("r")
        await session.until(lambda: lanes.panes[0].lane.reply not in (None, before), "asked again")
        await lanes.done()
        await lanes.press("minus")
        await session.until(lambda: len(lanes.panes) == 1, "one lane less")
        await lanes.press("minus")
        assert len(lanes.panes) == 1


async def test_a_comparison_of_what_cannot_be_asked(start: StartSession) -> None:
    async with start() as session:
        await session.ready()
        await session.pilot.press("ctrl+t")
        await session.until_shown("Type a prompt")
        await session.type("/vs nothing-like-it")
        await session.pilot.press("enter")
        await session.until_shown("There is no model nothing-like-it")
