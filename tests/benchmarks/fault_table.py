"""Prints what every fault of the demo gateway becomes, by hand: python tests/benchmarks/fault_table.py

For each fault marker: the title that the application, `ask` and `ask --json` tell, the exit code, what is on disk
afterwards, and what the next request to the model contains. Ends with 1 when the three tell different stories.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# ruff: noqa: E402
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "tui"), str(HERE.parent)]

from app_session import Session, make_launch

from metis_tui.chat.delivery import Recourse
from metis_tui.chat.patience import Patience
from metis_tui.demo.faults import FAULT_NAMES
from metis_tui.demo.server import DemoGateway
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.app import MetisApp

MODEL = "gemma-4-31B-it"


@dataclass
class Row:
    fault: str
    app_title: str = ""
    ask_title: str = ""
    json_title: str = ""
    exit_code: int = 0
    on_disk: str = ""
    next_request: str = ""

    @property
    def is_one_story(self) -> bool:
        return self.app_title == self.ask_title == self.json_title


def ask(gateway: DemoGateway, home: Path, prompt: str, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {f"METIS_TUI_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    environment = {**os.environ, **variables, "HOME": str(home), "METIS_TUI_TOKEN": gateway.token, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "metis_tui", "ask", "--base-url", gateway.url, "-m", MODEL, *options, prompt]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def by_ask(row: Row, prompt: str, home: Path) -> None:
    with DemoGateway(throttle=None, speed=20, seed=1) as gateway:
        done = ask(gateway, home, prompt)
    row.exit_code = done.returncode
    found = re.search(r"^error: (.*?): ", done.stderr, re.MULTILINE)
    row.ask_title = found[1] if found else ""
    with DemoGateway(throttle=None, speed=20, seed=1) as gateway:
        answer = json.loads(ask(gateway, home, prompt, "--json").stdout or "{}")
    row.json_title = (answer.get("error") or {}).get("title", "")


async def by_application(row: Row, prompt: str, home: Path) -> None:
    with DemoGateway(throttle=None, speed=20, seed=1) as gateway:
        app = MetisApp(make_launch(home, gateway, model=MODEL))
        async with app.run_test(size=(120, 40)) as pilot:
            session = Session(app, pilot, gateway)
            await session.ready()
            engine = session.chat.services.engine
            engine.recourse = Recourse(Patience(scale=0.001))
            await session.type(prompt)
            await pilot.press("enter")
            await session.until(lambda: session.replies and not session.chat.pane.is_running, "the end", 60)
            reply = session.replies[-1]
            row.app_title = reply.failure.title if reply.failure else ""
            if row.app_title and f"✕ {row.app_title}" not in session.screen_text():
                row.app_title += " (NOT ON SCREEN)"
            row.on_disk = await on_disk(home, session.chat.pane.conversation.id)
            gateway.log.clear()
            await session.type("And now?")
            await pilot.press("enter")
            await session.until(
                lambda: len(session.replies) == 2 and not session.chat.pane.is_running, "the next", 60
            )
            row.next_request = described(session.last_sent["messages"])
            await session.chat.services.store.close()


async def on_disk(home: Path, conversation_id: str) -> str:
    store = ConversationFiles(home / "data")
    try:
        reply = (await store.open(conversation_id)).path()[-1]
    finally:
        await store.close()
    kind = reply.failure.kind if reply.failure else "-"
    return f"prompt; reply: {len(reply.text)} chars, {reply.stop}, {kind}"


def described(messages: list[dict[str, Any]]) -> str:
    return " + ".join(f"{message['role']} {len(str(message['content']))}" for message in messages)


async def main() -> int:
    rows = []
    for fault in sorted(FAULT_NAMES):
        row, prompt = Row(fault), f"@@{fault}@@ hello"
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            home = Path(folder)
            await asyncio.to_thread(by_ask, row, prompt, home / "ask")
            await by_application(row, prompt, home / "app")
        rows.append(row)
        mark = "" if row.is_one_story else f" (ask: {row.ask_title}; json: {row.json_title})"
        cells = (row.fault, row.app_title or "none", row.exit_code, row.on_disk, row.next_request)
        print("| " + " | ".join(map(str, cells)) + f" |{mark}", flush=True)
    different = [row.fault for row in rows if not row.is_one_story]
    print(f"{len(rows)} faults, told differently: {', '.join(different) or 'none'}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
