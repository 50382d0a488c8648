"""The demo gateway as a program of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

COMMAND = [sys.executable, "-m", "metis_tui.demo"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_prints_ready_and_serves_until_told_to_stop(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stderr is not None
        word, url = server.stdout.readline().split()
        assert word == "ready"
        with urllib.request.urlopen(url + "health", timeout=10) as reply:
            assert reply.status == 200
        server.send_signal(number)
        assert server.wait(10) == 0
        assert server.stderr.read() == ""


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"cannot listen on 127.0.0.1 port {port}: the port is in use\n"


def test_impossible_ports_and_scenarios() -> None:
    assert run("--port", "99999").returncode == 1
    assert run("--scenario", "nosuch").returncode == 2
