"""The application on a disk that hangs or refuses: nothing waits, and what is not saved is told while it is true."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from app_session import Session, make_launch
from store_samples import FaultyDisk, add_prompt

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.engine import ChatEngine
from metis_tui.demo.server import DemoGateway
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.pace import Pace
from metis_tui.tui.app import MetisApp
from metis_tui.tui.services import Services

PACE = Pace(slow_seconds=0.5, patience_seconds=1.5, first_retry_seconds=0.2, last_retry_seconds=0.4)


def app_on(disk: FaultyDisk, home: Path, demo: DemoGateway) -> MetisApp:
    launch = make_launch(home, demo, model="gemma-4-31B-it")

    def connect() -> Services:
        services = launch.connect()
        store = ConversationFiles(home / "hung", disk=disk, pace=PACE)
        return replace(services, store=store, engine=ChatEngine(services.gateway, store))

    return MetisApp(replace(launch, connect=connect))


async def test_a_hung_disk_stops_neither_reply_nor_typing(home: Path, demo: DemoGateway) -> None:
    disk = FaultyDisk()
    app = app_on(disk, home, demo)
    async with app.run_test(size=(100, 30)) as pilot:
        session = Session(app, pilot, demo)
        await session.ready()
        await session.ask("hello")
        await session.until_shown("saved")
        disk.gate.clear()
        await session.type("And now?")
        await pilot.press("enter")
        await session.until_shown("NOT SAVED: storage is slow", 20)
        await pilot.press("a", "b", "c")
        await session.until(lambda: session.chat.prompt.text == "abc", "typing goes on")
        await session.until(lambda: len(session.replies) == 2, "the reply comes all the same", 30)
        assert "NOT SAVED" in session.screen_text()
        disk.gate.set()
        await session.until(lambda: "NOT SAVED" not in session.screen_text(), "everything is saved", 20)
        await session.until(lambda: not session.chat.pane.is_running, "the turn is over")
        conversation = session.chat.pane.conversation
        await session.chat.services.store.close()
    other = ConversationFiles(home / "hung")
    assert [m.text for m in (await other.open(conversation.id)).path()] == [m.text for m in conversation.path()]
    await other.close()


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("sync", errno.EDQUOT, "your quota is used up"),
        ("sync", errno.EIO, "the disk reports an error"),
        ("write", errno.EDQUOT, "your quota is used up"),
    ],
)
async def test_a_disk_that_refuses_for_a_while(
    home: Path, demo: DemoGateway, call: str, code: int, words: str
) -> None:
    disk = FaultyDisk()
    app = app_on(disk, home, demo)
    async with app.run_test(size=(100, 30)) as pilot:
        session = Session(app, pilot, demo)
        await session.ready()
        await session.ask("hello")
        await session.until_shown("saved")
        disk.faults[call] = OSError(code, "")
        await session.ask("And now?")
        await session.until_shown(f"NOT SAVED: {words}")
        disk.faults.clear()
        await session.until(lambda: "NOT SAVED" not in session.screen_text(), "everything is saved", 20)
        conversation = session.chat.pane.conversation
        # what a close reports late is repeated too
        disk.faults["close"] = OSError(errno.EDQUOT, "")
        await session.chat.services.store.close()
        disk.faults.clear()
        await session.chat.services.store.close()
    other = ConversationFiles(home / "hung")
    assert [m.text for m in (await other.open(conversation.id)).path()] == [m.text for m in conversation.path()]
    await other.close()


async def test_quitting_waits_for_changes_to_saved_conversations(home: Path, demo: DemoGateway) -> None:
    """It cut short what the history screen had still to save, without a word."""
    disk, store = FaultyDisk(), ConversationFiles(home / "hung")
    for number in range(3):
        saved = Conversation(title=f"Number {number}")
        await store.append(saved, add_prompt(saved))
    await store.close()
    app = app_on(disk, home, demo)
    async with app.run_test(size=(100, 30)) as pilot:
        session = Session(app, pilot, demo)
        await session.ready()
        await pilot.press("ctrl+r")
        await session.until_shown("3 of 3")
        disk.gate.clear()
        await pilot.press("A", "P")
        await session.until_shown("* Number 0")
        await app.action_quit()
        await session.until_shown("Still at work")
        disk.gate.set()
        await pilot.press("w")
        await session.until(lambda: app.return_code is not None, "it has ended", 30)
    store = ConversationFiles(home / "hung")
    assert [summary.is_pinned for summary in await store.list()] == [True] * 3
    await store.close()
