"""The command line with a real sign-in: Globus is the demo gateway's own, and a browser is an HTTP request."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from cli_process import Done, Metis

from metis_tui.auth.credential_file import GATEWAY_RESOURCE_SERVER, token_files
from metis_tui.demo.server import DemoGateway


def code_from(url: str) -> str:
    """The code that the page shows."""
    with urlopen(url, timeout=10) as page:
        shown = re.findall(r"^\s*([A-Za-z0-9]{20,})\s*$", page.read().decode(), re.M)
    assert len(shown) == 1
    return str(shown[0])


class SigningMetis(Metis):
    """Without an access token in a variable; the credential file is that of the test's home."""

    def __init__(self, gateway: DemoGateway, home: Path) -> None:
        super().__init__(gateway)
        self.home = home
        self.file, self.older_file = token_files(home)

    def variables(self) -> dict[str, str]:
        assert self.gateway is not None
        known = super().variables()
        del known["METIS_TUI_TOKEN"]
        return {**known, "GLOBUS_SDK_SERVICE_URL_AUTH": self.gateway.auth_url, **self.environment}

    def keep_sign_in(self, who: str = "alice", *, file: Path | None = None, **options: Any) -> str:
        """Puts a sign-in into a token file, as ALCF's tools do; the access token."""
        assert self.gateway is not None
        documents = self.gateway.oauth.issue(who, **options)
        file = file or self.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"data": {"DEFAULT": documents}, "format_version": "2.0"}))
        return str(documents[GATEWAY_RESOURCE_SERVER]["access_token"])

    def kept(self) -> dict[str, Any]:
        """The gateway's entry in the token file; empty when there is none."""
        if not self.file.exists():
            return {}
        namespace = json.loads(self.file.read_text())["data"].get("DEFAULT", {})
        return dict(namespace.get(GATEWAY_RESOURCE_SERVER, {}))

    def sign_in(self, *options: str) -> Done:
        """The whole sign-in by a pipe."""
        with LoginProcess(self, *options) as login:
            return login.answer(code_from(login.url))


class LoginProcess:
    """`auth login` while it waits for the code."""

    def __init__(self, metis: SigningMetis, *options: str) -> None:
        self.process = metis.start("auth", "login", *options, stdin=subprocess.PIPE)
        self.before = ""
        """What it has said on standard error."""
        assert self.process.stderr is not None
        while not (line := self.process.stderr.readline().decode()).startswith("http"):
            assert line, f"it ended: {self.before}"
            self.before += line
        self.url = line.strip()

    def __enter__(self) -> LoginProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def answer(self, *lines: str) -> Done:
        """Writes the lines and the end of the input; what became of it."""
        out, err = self.process.communicate("".join(f"{line}\n" for line in lines).encode(), timeout=30)
        return Done(self.process.returncode, out.decode(), self.before + err.decode())
