"""Draws screenshots/*.svg from the running application on the demo gateway. By hand: python tests/make_screenshots.py

The pictures name no address outside of themselves: the web font that Textual's export links is taken out.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FOLDER = PROJECT / "screenshots"
SIZE = (120, 36)
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

EARLIER = (
    ("gemma-4-31B-it", "Derive the CFL condition for a second-order upwind scheme"),
    ("openai/gpt-oss-120b@sophia", "Summarise what limits the strong scaling of a 3D FFT"),
    ("Llama-4-Maverick-17B-128E-Instruct", "Write a Slurm script for 16 nodes with 4 GPUs each"),
    ("nemotron-3-ultra", "List checks before a 40 TB Globus transfer"),
    ("gpt-oss-120b", "Why does my MPI_Allreduce hang with 2049 ranks?"),
)
SHOWN = "Compare MPI_Allreduce and MPI_Alltoall"
COMPARED = "Explain in code how to time MPI_Allreduce"
LANES = ("gpt-oss-120b@metis", "gemma-4-31B-it@metis", "openai/gpt-oss-120b@sophia")
STREAMED = "Write Python code that solves the heat equation"


def drawn(svg: str) -> str:
    """The picture without web fonts and with one fixed id, so that it changes only when the screen does."""
    svg = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)
    svg = re.sub(r"font-family:[^;}]*", f"font-family: {FONT}", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"\bterminal-\d+", "terminal-0", svg)
    assert not re.search(r"https?://(?!www\.w3\.org/)", svg)
    return svg


async def draw(home: Path) -> None:
    sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "tui")]
    from app_session import Session, make_launch

    from metis_tui.demo.server import DemoGateway
    from metis_tui.tui.app import MetisApp
    from metis_tui.tui.screens.comparison import ComparisonScreen
    from metis_tui.tui.screens.history import History
    from metis_tui.tui.screens.models import ModelPicker

    def save(session: Session, name: str) -> None:
        (FOLDER / f"{name}.svg").write_text(drawn(session.app.export_screenshot(title="metis-tui")), encoding="utf-8")
        print(FOLDER / f"{name}.svg")

    async def until(session: Session, claim: Callable[[], object]) -> None:
        end = time.monotonic() + 60
        while not claim():
            if time.monotonic() > end:
                raise SystemExit(f"never came true\n{session.screen_text()}")
            await session.pilot.pause(0.02)

    with DemoGateway(throttle=None, seed=1) as demo:
        app = MetisApp(make_launch(home, demo, model="gpt-oss-120b"))
        app.animation_level = "none"
        async with app.run_test(size=SIZE, notifications=False) as pilot:
            session = Session(app, pilot, demo)
            await session.ready()
            for model, text in EARLIER:
                session.chat.use_model(session.chat.catalog.find(model) or session.chat.model)
                await session.ask(text)
                await pilot.press("ctrl+n")
                await until(session, lambda: session.chat.pane.conversation.is_empty)
            found = session.chat.catalog.find("gpt-oss-120b@metis")
            assert found is not None
            session.chat.use_model(found)
            await session.ask(SHOWN)
            found = session.chat.catalog.find("openai/gpt-oss-120b@sophia")  # slow enough to be caught
            assert found is not None
            session.chat.use_model(found)
            await session.type(STREAMED)
            await pilot.press("enter")
            await until(session, lambda: "return" in session.screen_text())
            save(session, "chat")
            await until(session, lambda: not session.chat.pane.is_running)
            app.theme = "metis-light"
            await pilot.pause(0.3)
            save(session, "light")
            app.theme = "metis-dark"

            await pilot.press("f2")
            await until(session, lambda: isinstance(app.screen, ModelPicker) and app.screen._models)
            await pilot.pause(0.3)
            save(session, "models")
            await pilot.press("escape")

            await pilot.press("ctrl+r")
            await until(session, lambda: isinstance(app.screen, History) and app.screen.is_loaded.is_set())
            await pilot.press("slash", *"scal", "enter")
            await pilot.pause(0.5)
            save(session, "conversations")
            await pilot.press("escape", "escape", "escape")
            await until(session, lambda: app.screen is session.chat)
            await pilot.press("ctrl+n")
            await session.type(COMPARED)
            models = [session.chat.catalog.find(key) for key in LANES]
            await session.chat.comparing.compare([model for model in models if model is not None])
            await until(session, lambda: isinstance(app.screen, ComparisonScreen) and len(app.screen.panes) == 3)
            await until(session, lambda: app.screen.panes[1].lane.reply is not None)
            await pilot.pause(0.3)
            save(session, "comparison")
            await pilot.press("escape")
            await until(session, lambda: app.screen is session.chat)
            await session.chat.services.store.close()


def main() -> None:
    """A home of its own, so that nobody's conversations get into the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for purpose in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"METIS_TUI_{purpose}_DIR"] = str(home / purpose.lower())
        for name in ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "TMUX", "STY"):
            os.environ.pop(name, None)
        FOLDER.mkdir(exist_ok=True)
        asyncio.run(draw(home))


if __name__ == "__main__":
    main()
