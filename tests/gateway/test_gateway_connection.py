"""The connection: what it costs to import, where the access token goes, and how a broken network is told."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from gateway_probe import MODEL, MakeClient, ScriptedServer, hear, http_answer, request

from metis_tui.chat.errors import ChatError, NotAGateway, Unreachable
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient
from metis_tui.gateway.origin import parse_base_url
from metis_tui.gateway.transport_failures import setup_failure, transport_failure

Scripted = Callable[[bytes], ScriptedServer]


def test_importing_the_client_loads_no_http_library() -> None:
    code = (
        "import sys, metis_tui.gateway.client, metis_tui.auth.sources;"
        "heavy = {'openai', 'httpx', 'httpx2', 'pydantic', 'globus_sdk'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


BESIDE_A_TICKING_CLOCK = """
import asyncio, sys, time
from metis_tui.auth.fixed import FixedToken
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.turn import ChatRequest, ReplyFinished
from metis_tui.gateway.client import GatewayClient

async def tick(gaps):
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.002)
        gaps.append(time.perf_counter() - before)

async def main():
    gaps = []
    ticking = asyncio.create_task(tick(gaps))
    client = GatewayClient(sys.argv[1], FixedToken("good-token"))
    await client.whoami()
    assert "openai" not in sys.modules
    asked = ServedModel("gpt-oss-120b", "metis", "api", "/resource_server/metis/api/v1/chat/completions")
    async for event in client.stream(ChatRequest(asked, (("user", "Hello"),), {})):
        last = event
    assert isinstance(last, ReplyFinished)
    assert "openai" in sys.modules
    await client.close()
    print(max(gaps))

asyncio.run(main())
"""


def test_the_sdk_is_loaded_by_the_first_prompt_without_stopping_the_event_loop(gateway: DemoGateway) -> None:
    """Loading it takes 0.4 to 1 s; on the event loop that would freeze the screen. OPENAI_LOG must stay silent."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_A_TICKING_CLOCK, gateway.url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENAI_LOG": "debug"},
    )
    assert float(done.stdout) < 0.3
    assert done.stderr == ""


async def test_identity_and_health(client: GatewayClient, gateway: DemoGateway) -> None:
    identity = await client.whoami()
    assert identity.username.endswith("anl.gov")
    assert identity.identity_provider
    health = await client.health()
    assert (health.is_ok, health.word) == (True, "ok")
    assert 0 < health.latency_seconds < 5
    assert "authorization" not in gateway.requests[-1].headers


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
async def test_the_token_never_follows_a_redirect(scripted: Scripted, make_client: MakeClient, status: str) -> None:
    other = scripted(http_answer(b"{}"))
    first = scripted(http_answer(b"", status, extra=f"Location: {other.url}/list-endpoints\r\n"))
    client = make_client(first.url)
    heard = await hear(client, request("x"))
    assert type(heard.error) is NotAGateway
    assert "redirects elsewhere" in heard.error.reason
    with pytest.raises(NotAGateway):
        await client.whoami()
    assert len(first.received) == 2
    assert all(b"Bearer good-token" in sent for sent in first.received)
    assert other.received == []


async def test_a_gateway_that_names_another_host_gets_no_token_there(
    scripted: Scripted, make_client: MakeClient
) -> None:
    other = scripted(http_answer(b"{}"))
    framework = {"models": ["m"], "endpoints": ["/v1/chat/completions"]}
    cluster = {"base_url": f"{other.url}/metis", "frameworks": {"api": framework}}
    listed = json.dumps({"clusters": {"metis": cluster}})
    client = make_client(scripted(http_answer(listed.encode())).url)
    async for _ in client.refresh_catalog(force=True):
        pass
    (model,) = client.catalog.models
    assert model.chat_path == "/resource_server/metis/api/v1/chat/completions"
    assert other.received == []


@pytest.mark.parametrize("path", ["@evil.example/v1/chat/completions", ":1/v1/chat/completions"])
async def test_a_path_that_turns_into_another_host_is_stopped(
    gateway: DemoGateway, make_client: MakeClient, path: str
) -> None:
    asked = request("x")
    heard = await hear(make_client(gateway.url), replace(asked, model=replace(asked.model, chat_path=path)))
    assert isinstance(heard.error, ChatError)
    assert "good-token" not in "".join(traceback.format_exception(heard.error))


async def test_no_failure_shows_the_token(make_client: MakeClient) -> None:
    token = "very-secret-value"
    client = make_client("http://127.0.0.1:9/x", token)
    heard = await hear(client, request("x"))
    assert type(heard.error) is Unreachable
    assert token not in "".join(traceback.format_exception(heard.error))
    assert token not in repr(client)


async def test_a_refused_connection(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port} refused the connection"):
        await make_client(f"http://127.0.0.1:{port}").health()


async def test_a_server_that_speaks_no_tls(make_client: MakeClient) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="it does not speak TLS"):
            await make_client(f"https://127.0.0.1:{port}").health()


async def test_a_name_that_is_not_known(make_client: MakeClient) -> None:
    with pytest.raises(Unreachable, match=r"The name gateway\.invalid is not known here"):
        await make_client("https://gateway.invalid/x").health()


async def test_a_proxy_that_refuses(
    scripted: Scripted, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = scripted(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with pytest.raises(Unreachable, match=r"refused to connect to gateway\.invalid:443 \(403\)"):
        await make_client("https://gateway.invalid/x").whoami()
    assert proxy.received
    assert not any(b"good-token" in sent for sent in proxy.received)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9", "SOCKS proxy"),
        ("HTTPS_PROXY", "gopher://127.0.0.1", "proxy setting"),
        ("SSL_CERT_FILE", "/nowhere/bundle.pem", "trusted certificates"),
    ],
)
async def test_settings_that_make_connections_impossible(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    client = make_client("https://gateway.invalid/x")
    await client.warm_up()
    with pytest.raises(Unreachable) as caught:
        await client.health()
    assert reason in caught.value.reason
    assert not caught.value.can_retry
    monkeypatch.delenv(variable)
    with pytest.raises(Unreachable, match="is not known here"):
        await make_client("https://gateway.invalid/x").health()


async def test_a_ca_bundle_that_cannot_be_read(make_client: MakeClient, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="trusted certificates"):
        await make_client("https://gateway.invalid", ca_bundle=str(tmp_path / "none.pem")).health()


async def test_an_answer_that_does_not_come(make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make_client(f"http://127.0.0.1:{silent.getsockname()[1]}", answer_seconds=0.2)
        with pytest.raises(Unreachable) as caught:
            await client.health()
    assert caught.value.title == "The gateway went silent"


@pytest.mark.parametrize("url", ["http://host.example", "host", "https://a:b@host"])
def test_a_bad_address_is_told_at_once(url: str, make_client: MakeClient) -> None:
    with pytest.raises(NotAGateway):
        make_client(url)


def caused(error: Exception, *causes: Exception) -> Exception:
    current = error
    for cause in causes:
        current.__cause__ = cause
        current = cause
    return error


REQUEST_TEXT = "Illegal header value b'Bearer secret' for http://10.0.0.1/x"
UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx2.ConnectTimeout(REQUEST_TEXT), "did not take the connection"),
        (httpx2.ReadTimeout(REQUEST_TEXT), "Nothing came for too long"),
        (httpx2.WriteTimeout(REQUEST_TEXT), "Nothing came for too long"),
        (httpx2.PoolTimeout(REQUEST_TEXT), "Too many connections"),
        (httpx2.ProxyError(REQUEST_TEXT), "proxy refused"),
        (httpx2.RemoteProtocolError(REQUEST_TEXT), "broke off the connection"),
        (httpx2.LocalProtocolError(REQUEST_TEXT), "failed"),
        (httpx2.ReadError(REQUEST_TEXT), "failed"),
        (caused(httpx2.ConnectError(REQUEST_TEXT), OSError("x"), socket.gaierror(-2, "x")), "is not known here"),
        (caused(httpx2.ConnectError(REQUEST_TEXT), ConnectionRefusedError(111, "x")), "refused the connection"),
        (caused(httpx2.ConnectError(REQUEST_TEXT), UNTRUSTED), "certificate is not trusted"),
        (caused(httpx2.ConnectError(REQUEST_TEXT), OSError(113, "x")), "no route to host"),
        (caused(httpx2.ReadError(REQUEST_TEXT), ConnectionResetError(104, "x")), "connection reset by peer"),
        (ssl.SSLError("x"), "the TLS handshake failed"),
    ],
)
def test_transport_failures_in_plain_words(error: Exception, reason: str) -> None:
    told = transport_failure(error, parse_base_url("https://host.example/x"))
    assert type(told) is Unreachable
    assert reason in told.reason
    assert "secret" not in f"{told} {told.hint}"
    assert "10.0.0.1" not in f"{told} {told.hint}"


def test_a_setup_failure_is_always_told() -> None:
    assert "proxy setting" in setup_failure(ValueError("x")).reason


async def test_requests_side_by_side_find_a_connection_each(gateway: DemoGateway, make_client: MakeClient) -> None:
    """The first of them once paid for the handshakes and the loading, as if its model was slow."""
    gateway.log.clear()
    await make_client(gateway.url).warm_up([MODEL, MODEL, MODEL])
    health = [asked for asked in gateway.requests if asked.path.endswith("/health")]
    assert len(health) == 3
    assert all("authorization" not in asked.headers for asked in health)
    await make_client("http://127.0.0.1:9/resource_server").warm_up([MODEL])  # the first request tells, not this
