"""What a user does in the application, with real sockets and real files behind it."""

from __future__ import annotations

import json
from pathlib import Path

from app_session import StartSession
from textual import events
from textual.events import Key
from textual.geometry import Offset
from textual.widgets import Input

from metis_tui.chat.catalog import ModelState
from metis_tui.config.settings import Settings
from metis_tui.tui.screens.conversation_settings import ConversationSettings
from metis_tui.tui.screens.dialogs import AskKey
from metis_tui.tui.screens.help import Help
from metis_tui.tui.screens.leader import Leader
from metis_tui.tui.screens.models import ModelPicker
from metis_tui.tui.screens.status_details import StatusDetails
from metis_tui.tui.widgets.notice_bar import NoticeBar


def records(home: Path) -> list[dict[str, object]]:
    """Every record of every saved conversation."""
    return [
        json.loads(line)
        for path in sorted((home / "data" / "conversations").rglob("*.jsonl"))
        for line in path.read_text().splitlines()
        if line
    ]


async def test_a_prompt_is_answered_shown_and_saved(start: StartSession, home: Path) -> None:
    async with start(model="gpt-oss-120b") as session:
        await session.ready()
        await session.ask("What is 2+2?")
        reply = session.replies[0]
        assert reply.stop == "stop"
        assert reply.usage.completion_tokens > 0
        assert "4" in reply.text
        await session.until_shown("gpt-oss-120b@metis")
        await session.until_shown("saved")
        saved = {r["id"]: r for r in records(home) if r["t"] == "msg"}
        assert saved[reply.id]["text"] == reply.text
        assert session.chat.pane.conversation.title == "What is 2+2?"


async def test_the_model_in_the_picker_is_used(start: StartSession) -> None:
    async with start() as session:
        await session.ready()
        await session.pilot.press("f2")
        await session.until(lambda: isinstance(session.app.screen, ModelPicker))
        session.app.screen.query_one(Input).value = "nemotron"
        await session.until(lambda: "nemotron-3-ultra" in session.screen_text())
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.model and session.chat.model.key == "nemotron-3-ultra@minerva")
        await session.ask("hello")
        assert session.last_sent["model"] == "nemotron-3-ultra"
        assert "nemotron-3-ultra@minerva" in session.chat.measurements


async def test_the_picker_filters_by_state_and_refreshes(start: StartSession) -> None:
    async with start() as session:
        await session.ready()
        await session.pilot.press("ctrl+o")
        await session.until(lambda: isinstance(session.app.screen, ModelPicker))
        await session.pilot.press("tab")
        await session.until_shown("[Live]")
        picker = session.app.screen
        session.demo.set_state("metis", "gpt-oss-120b", "stopped")
        await session.pilot.press("f5")
        await session.until(
            lambda: all(key != "gpt-oss-120b@metis" for key in picker._models), "it is gone from Live"
        )
        found = session.chat.catalog.find("gpt-oss-120b@metis")
        assert found is not None
        assert found.state is ModelState.OFFLINE
        await session.pilot.press("escape")
        assert session.app.screen is session.chat


async def test_stop_keeps_what_arrived_and_the_next_prompt_sends_it(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.type("Write 3000 tokens at 200 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 30, "text streams")
        await session.pilot.press("escape")
        await session.until(lambda: not session.chat.pane.is_running)
        reply = session.replies[0]
        assert reply.stop == "cancelled"
        assert reply.text
        await session.until_shown("stopped by you")
        await session.ask("go on")
        sent = session.last_sent["messages"]
        assert [m["role"] for m in sent] == ["user", "assistant", "user"]
        assert sent[1]["content"] == reply.text
        session.demo.log.wait_for(lambda requests: any(r.closed_by_client for r in requests), 5)


async def test_a_conversation_comes_back_with_its_stopped_reply(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.type("Write 3000 tokens at 300 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 30)
        await session.pilot.press("ctrl+c")
        await session.until(lambda: not session.chat.pane.is_running)
        text = session.replies[0].text
    async with start(continue_last=True) as session:
        await session.until(lambda: session.replies)
        assert session.replies[0].text == text
        await session.until_shown("stopped by you")
        await session.until(lambda: session.chat.model and session.chat.model.name == "gemma-4-31B-it")


async def test_an_error_inside_the_stream_is_no_reply(start: StartSession) -> None:
    """The gateway tells upstream failures as an ordinary chunk; its text is never stored nor sent back."""
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.ask("tell me things @@die_mid@@")
        reply = session.replies[0]
        assert reply.stop == "error"
        assert reply.failure is not None
        assert "[ERROR]" not in reply.text
        await session.until_shown("✕")
        await session.ask("again")
        assert "ERROR" not in json.dumps(session.last_sent)


async def test_ask_again_makes_a_sibling(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.ask("hello @@http500@@")
        failed = session.replies[0]
        await session.type("/retry")
        await session.pilot.press("enter")
        await session.until(lambda: session.replies and session.replies[0].id != failed.id)
        await session.until(lambda: not session.chat.pane.is_running)
        conversation = session.chat.pane.conversation
        assert len(conversation.siblings(failed.id)) == 2
        assert len(conversation.path()) == 2


async def test_prompt_editing_newline_history_and_clearing(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        prompt = session.chat.prompt
        await session.pilot.press("a", "ctrl+j", "b", "\\", "enter", "c")
        assert prompt.text == "a\nb\nc"
        await session.pilot.press("enter")
        await session.until(lambda: session.replies and not session.chat.pane.is_running)
        assert session.last_sent["messages"][-1]["content"] == "a\nb\nc"
        assert prompt.text == ""
        await session.pilot.press("up")
        assert prompt.text == "a\nb\nc"
        await session.pilot.press("down")
        assert prompt.text == ""
        await session.pilot.press("x", "ctrl+c")
        assert prompt.text == ""


async def test_a_prompt_typed_while_a_reply_streams_stays(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.type("Write 3000 tokens at 200 tokens/s")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.pane.turn.estimated_tokens > 5)
        await session.pilot.press("h", "i", "enter")
        await session.until_shown("A reply is streaming")
        assert session.chat.prompt.text == "hi"
        await session.pilot.press("escape")


async def test_a_large_paste_is_a_chip_and_is_sent_in_full(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        from textual.events import Paste

        text = "data " * 10_000
        session.chat.prompt.post_message(Paste(text))
        await session.until(lambda: "⟦paste 1" in session.chat.prompt.text)
        await session.pilot.press("enter")
        await session.until(lambda: session.replies and not session.chat.pane.is_running)
        assert session.last_sent["messages"][-1]["content"] == text
        session.chat.prompt.post_message(Paste("x" * (1024 * 1024 + 1)))
        await session.until_shown("Too much to paste")
        assert session.chat.prompt.text == ""


async def test_settings_are_sent_and_bad_ones_named(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.pilot.press("f7")
        await session.until(lambda: isinstance(session.app.screen, ConversationSettings))
        screen = session.app.screen
        screen.query_one("#system").text = "Answer in French."
        screen.query_one("#params").text = "temperature = 9"
        await session.pilot.press("ctrl+s")
        await session.until_shown("temperature takes a number from 0 to 2")
        screen.query_one("#params").text = "temperature = 0.2\nmax_tokens = 30"
        await session.pilot.press("ctrl+s")
        await session.until(lambda: session.app.screen is session.chat)
        await session.ask("hello")
        body = session.last_sent
        assert body["messages"][0] == {"role": "system", "content": "Answer in French."}
        assert (body["temperature"], body["max_tokens"]) == (0.2, 30)
        await session.type("/set top_p = 3")
        await session.pilot.press("enter")
        await session.until_shown("top_p takes")


async def test_a_vanished_model_is_told_and_live_ones_offered(start: StartSession) -> None:
    async with start(model="no-such-model@metis") as session:
        await session.until(lambda: session.chat.catalog.models)
        await session.until_shown("is not served any more")
        await session.until_shown("Live now")
        await session.type("hello")
        await session.pilot.press("enter")
        await session.until(lambda: session.chat.prompt.text == "hello", "the prompt is kept")


async def test_help_leader_palette_status_and_themes(start: StartSession) -> None:
    async with start() as session:
        await session.ready()
        for key, screen in (("f1", Help), ("ctrl+x", Leader), ("f4", StatusDetails)):
            await session.pilot.press(key)
            await session.until(lambda screen=screen: isinstance(session.app.screen, screen))
            await session.pilot.press("escape")
            await session.until(lambda: session.app.screen is session.chat)
        await session.pilot.press("ctrl+p")
        await session.until_shown("Saved conversations")
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat)
        await session.pilot.press("ctrl+x", "h")
        await session.until_shown("metis-light")
        await session.pilot.press("down", "enter")
        await session.until(lambda: session.app.theme == "metis-light")
        await session.until(lambda: session.app.launch.choices.load().theme == "metis-light")


async def test_a_damaged_user_theme_is_told_and_a_good_one_offered(start: StartSession, home: Path) -> None:
    themes = home / "config" / "themes"
    themes.mkdir(parents=True)
    (themes / "mine.toml").write_text('name = "mine"\n[colors]\nprimary = "#ff0000"\n')
    (themes / "bad.toml").write_text("colors = nonsense")
    async with start() as session:
        await session.until(lambda: "config" in session.chat.query_one(NoticeBar).notices)
        await session.until_shown("bad.toml is left out")
        await session.type("/theme mine")
        await session.pilot.press("enter")
        await session.until(lambda: session.app.theme == "mine")


async def test_remapped_keys_work(start: StartSession) -> None:
    async with start(settings=Settings(keys={"help": "f9"})) as session:
        await session.ready()
        await session.pilot.press("f9")
        await session.until(lambda: isinstance(session.app.screen, Help))


async def test_maintenance_and_dead_clusters_do_not_hide_the_others(start: StartSession) -> None:
    async with start() as session:
        await session.ready()
        session.demo.set_maintenance("metis", "Back on Tuesday 08:00")
        session.demo.set_failing_jobs("minerva", 504)
        await session.pilot.press("f5")
        await session.until(lambda: session.chat.catalog.clusters["metis"].is_up is False)
        await session.pilot.press("f2")
        await session.until_shown("maintenance")
        await session.until_shown("states unknown")
        await session.until_shown("openai/gpt-oss-120b")


async def test_control_characters_never_reach_the_screen(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.ask("evil @@control@@ \x1b]0;title\x07")
        text = session.screen_text()
        assert not any(ord(c) < 32 and c != "\n" for c in text)
        assert not any(0x7F <= ord(c) < 0xA0 for c in text)


async def test_a_terminal_of_20x5_and_back(start: StartSession) -> None:
    async with start(size=(20, 5), model="gemma-4-31B-it") as session:
        await session.ready()
        await session.ask("hello")
        for key in ("f2", "f1", "f4", "f7", "ctrl+r"):
            await session.pilot.press(key)
            await session.pilot.pause()
            await session.pilot.press("escape")
        await session.pilot.resize_terminal(120, 40)
        await session.until_shown("hello")


async def test_drafts_survive_changing_conversation_and_restart(start: StartSession) -> None:
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        await session.ask("hello")
        await session.type("half a thought")
        await session.pilot.press("ctrl+n")
        await session.until(lambda: session.chat.pane.conversation.is_empty)
        assert session.chat.prompt.text == ""
        await session.type("another")
        session.chat.save_draft()
        session.chat.services.drafts.close()
    async with start(continue_last=True) as session:
        await session.until(lambda: session.chat.prompt.text == "half a thought")


async def test_keys_that_arrive_in_one_piece_keep_their_order(start: StartSession) -> None:
    """Backspace and Ctrl+J came after the letters typed behind them when a slow line delivered all at once."""
    async with start(model="gemma-4-31B-it") as session:
        await session.ready()
        for key in ("a", "x", "backspace", "b", "ctrl+j", "c", "enter", "n", "e", "x", "t"):
            session.app.post_message(Key(key, key if len(key) == 1 else None))
        await session.until(lambda: session.replies and not session.chat.pane.is_running)
        assert session.last_sent["messages"][-1]["content"] == "ab\nc"
        assert session.chat.prompt.text == "next"


async def test_the_mouse_is_pressed_on_a_widget_that_has_just_gone(start: StartSession) -> None:
    """Textual asked it for its parent to begin a selection there, and ended the application."""
    async with start() as session:
        welcome = session.chat.query_one("#welcome")
        place, parent = Offset(welcome.region.x + 3, welcome.region.y + 3), welcome.parent
        welcome._detach()
        assert session.chat.get_widget_at(*place)[0] is welcome, "it is still on screen"
        down = events.MouseDown(None, place.x, place.y, 0, 0, 1, False, False, False, place.x, place.y)
        session.chat._forward_event(down)
        assert parent is not None
        welcome._attach(parent)
        await session.ask("What is 2+2?")


async def test_a_key_for_a_screen_below_does_not_close_it(start: StartSession) -> None:
    """It took away the screen on top and answered for the one below, whose own end then ended the application."""
    async with start() as session:
        answers: list[str | None] = []
        question = AskKey("Sure?", "A key of it comes late.", {"y": "yes", "n": "no"})

        async def ask() -> None:
            answers.append(await session.app.push_screen_wait(question))

        session.app.run_worker(ask())
        await session.until(lambda: session.app.screen is question)
        await session.app.push_screen(Help({}))
        question.dismiss("y")
        assert isinstance(session.app.screen, Help)
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is question)
        question.dismiss("n")
        question.dismiss("y")
        await session.until(lambda: answers)
        assert answers == ["n"]
        await session.ask("What is 2+2?")


async def test_keys_right_behind_i_go_to_the_prompt(start: StartSession) -> None:
    """As over a slow line, where they arrive in one piece: they were once taken for keys of the transcript."""
    async with start(size=(100, 30)) as session:
        await session.ready()
        await session.ask("hello")
        await session.pilot.press("escape")
        await session.until(lambda: session.chat.pane.is_reading, "the transcript has the keys")
        for key in ("i", "j", "k", "g"):
            session.app.post_message(events.Key(key, key))
        await session.until(lambda: session.chat.prompt.text == "jkg", "the keys in the prompt")
