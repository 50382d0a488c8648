"""Starts the application in Textual's own test harness, on the demo gateway and real files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from metis_tui.auth.sources import TokenSources
from metis_tui.chat.engine import ChatEngine
from metis_tui.config.choices import ChoicesFile
from metis_tui.config.paths import built_in_themes
from metis_tui.config.settings import Settings
from metis_tui.demo.server import DemoGateway
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.exchange.matrix_reports import MatrixReportFiles
from metis_tui.gateway.client import GatewayClient
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.drafts import DraftFile
from metis_tui.store.matrix_folder import MatrixFiles
from metis_tui.store.measurements import MeasurementFile
from metis_tui.store.search import ConversationIndex
from metis_tui.tui.app import MetisApp
from metis_tui.tui.screens.chat import ChatScreen
from metis_tui.tui.services import Launch, Services, Start
from metis_tui.wiring import with_guests


class Session:
    """A running application and ways to wait for what it shows."""

    def __init__(self, app: MetisApp, pilot: Pilot[int], demo: DemoGateway) -> None:
        self.app, self.pilot, self.demo = app, pilot, demo

    @property
    def chat(self) -> ChatScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, ChatScreen))

    async def until(self, claim: Callable[[], object], what: str = "", seconds: float = 15) -> None:
        """Waits until the claim holds; fails with the screen's text when it does not."""
        end = time.monotonic() + seconds
        while not claim():
            if time.monotonic() > end:
                pytest.fail(f"never came true: {what or claim}\n{self.screen_text()}")
            await self.pilot.pause(0.02)

    def screen_text(self) -> str:
        """The whole screen as plain text."""
        height = self.app.size.height
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips[:height])

    async def until_shown(self, text: str, seconds: float = 15) -> None:
        await self.until(lambda: text in self.screen_text(), f"{text!r} on screen", seconds)

    async def ready(self) -> None:
        await self.until(lambda: self.chat.is_connected and self.chat.model is not None, "a model is chosen")

    async def type(self, text: str) -> None:
        self.chat.prompt.replace_all(text)
        await self.pilot.pause()

    async def ask(self, text: str) -> None:
        """Sends a prompt and waits until its reply has ended."""
        count = len(self.chat.pane.conversation.messages)
        await self.type(text)
        await self.pilot.press("enter")
        await self.until(lambda: len(self.chat.pane.conversation.messages) >= count + 2, "the turn is over")
        await self.until(lambda: not self.chat.pane.is_running, "no turn runs")

    @property
    def last_sent(self) -> dict[str, Any]:
        """The body of the last chat request that the gateway saw."""
        return next(r.body for r in reversed(self.demo.requests) if r.path.endswith("/chat/completions"))

    @property
    def replies(self) -> list[Any]:
        return [m for m in self.chat.pane.conversation.path() if m.role == "assistant"]


class StartSession(Protocol):
    def __call__(self, size: tuple[int, int] = (120, 40), **start: Any) -> AbstractAsyncContextManager[Session]: ...


def globus_sources(home: Path, demo: DemoGateway) -> TokenSources:
    """Signing in at the demo's own Globus; nobody has yet."""
    return TokenSources(
        environ={}, files=(home / "tokens.json",), auth_url=demo.auth_url, state_folder=home / "state"
    )


def make_launch(
    home: Path,
    demo: DemoGateway,
    *,
    settings: Settings | None = None,
    sources: TokenSources | None = None,
    **start: Any,
) -> Launch:
    settings = settings or Settings()
    state = home / "state"

    def connect() -> Services:
        access = sources or TokenSources("good-token", explicit_source="a test")
        gateway = GatewayClient(demo.url, access)
        exchange, store, opened = FileExchange(), ConversationFiles(home / "data"), None
        search = ConversationIndex(home / "data")
        if (file := start.get("file")) and not Path(file).is_dir():
            store, search, opened = with_guests(Path(file), exchange, store)
        return Services(
            engine=ChatEngine(gateway, store),
            gateway=gateway,
            store=store,
            search=search,
            authenticator=access,
            sign_in=access,
            whoami=gateway.whoami,
            measurements=MeasurementFile(state),
            drafts=DraftFile(state),
            exchange=exchange,
            reports=MatrixReportFiles(),
            matrix_folder=MatrixFiles,
            base_url=demo.url,
            opened_file=opened,
        )

    return Launch(
        settings=settings,
        choices=ChoicesFile(state),
        state_folder=state,
        theme="",
        connect=connect,
        theme_folders=[built_in_themes(), home / "config" / "themes"],
        start=Start(**start),
    )


@pytest.fixture
def start(home: Path, demo: DemoGateway) -> StartSession:
    @asynccontextmanager
    async def run(
        size: tuple[int, int] = (120, 40),
        settings: Settings | None = None,
        sources: TokenSources | None = None,
        **options: Any,
    ) -> Any:
        app = MetisApp(make_launch(home, demo, settings=settings, sources=sources, **options))
        async with app.run_test(size=size, notifications=True) as pilot:
            session = Session(app, pilot, demo)
            await session.until(lambda: session.chat.is_connected, "connected")
            yield session
            await session.chat.pane.settle()
            await asyncio.wait_for(session.chat.services.store.close(), 10)

    return run
