"""What the user sees when the gateway's address is wrong, dead, or answers something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from terminal_process import OpenTerminal, leftovers

pytestmark = pytest.mark.terminal


class _Portal(BaseHTTPRequestHandler):
    """A login page for everything, as hotel networks have it."""

    def do_GET(self) -> None:
        page = b"<html><body><h1>Welcome to the guest network</h1></body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def portal() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/resource_server/"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def dead_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/resource_server/"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METIS_TUI_TOKEN", "a-token")


def test_plain_http_to_another_machine_is_refused(terminal: OpenTerminal) -> None:
    window = terminal("--base-url", "http://gateway.example.org/resource_server/")
    assert window.wait_exit() == 6
    received = window.wait_drained()
    assert leftovers(received) == []
    ending = received[received.rfind(b"\x1b[?1049l") :].decode()
    assert "https" in ending
    assert "Traceback" not in ending


def test_nobody_answers(terminal: OpenTerminal, dead_address: str) -> None:
    window = terminal("--base-url", dead_address)
    window.wait_for("✕")
    text = window.wait_for(lambda text: "F5" in text or "connect" in text.casefold())
    window.ask("hello there")
    window.wait_for(lambda text: text.count("hello there") == 1 and "Reading the list" not in text)
    window.press("ctrl+q")
    assert window.wait_exit() == 0
    assert "Traceback" not in text


def test_a_web_page_answers(terminal: OpenTerminal, portal: str) -> None:
    window = terminal("--base-url", portal)
    text = window.wait_for("✕")
    assert "<html>" not in text
    window.press("f2")
    window.wait_for("Models")
    window.press("escape", "ctrl+q")
    assert window.wait_exit() == 0
