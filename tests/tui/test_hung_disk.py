"""The application on a disk that hangs: nothing waits for it, and what is not saved yet is told while it is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app_session import Session, make_launch
from store_samples import FaultyDisk

from metis_tui.chat.engine import ChatEngine
from metis_tui.demo.server import DemoGateway
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.app import MetisApp
from metis_tui.tui.services import Services


async def test_a_hung_disk_stops_neither_reply_nor_typing(home: Path, demo: DemoGateway) -> None:
    disk = FaultyDisk()
    launch = make_launch(home, demo, model="gemma-4-31B-it")

    def connect() -> Services:
        services = launch.connect()
        store = ConversationFiles(home / "hung", disk=disk)
        return replace(services, store=store, engine=ChatEngine(services.gateway, store))

    app = MetisApp(replace(launch, connect=connect))
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
