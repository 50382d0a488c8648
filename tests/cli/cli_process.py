"""Runs the real command in a process of its own, as a shell would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metis_tui.demo.server import DemoGateway

COMMAND = [sys.executable, "-m", "metis_tui"]
PROJECT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Metis:
    """The command line against one demo gateway; without one the address leads nowhere."""

    def __init__(self, gateway: DemoGateway | None = None) -> None:
        self.gateway = gateway
        self.environment: dict[str, str] = {}

    def variables(self) -> dict[str, str]:
        known = {"METIS_TUI_BASE_URL": "http://127.0.0.1:9/resource_server"}
        if self.gateway is not None:
            known = {"METIS_TUI_BASE_URL": self.gateway.url, "METIS_TUI_TOKEN": self.gateway.token}
        return {**os.environ, "PYTHONPATH": str(PROJECT), **known, **self.environment}

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen([*COMMAND, *arguments], env=self.variables(), **streams)

    def __call__(self, *arguments: str, stdin: str | bytes = b"") -> Done:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*COMMAND, *arguments], input=raw, env=self.variables(), capture_output=True, timeout=60, check=False
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def sent_messages(self) -> list[dict[str, str]]:
        """The messages of the last chat request that the gateway saw."""
        return self.sent_body()["messages"]  # type: ignore[no-any-return]

    def sent_body(self) -> dict[str, Any]:
        assert self.gateway is not None
        return [r.body for r in self.gateway.requests if r.path.endswith("/chat/completions")][-1]  # type: ignore[no-any-return]
