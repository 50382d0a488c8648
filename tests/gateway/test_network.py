"""The network as it is: proxies, certificates of one's own, sign-in pages of hotels, and lines that go and come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gateway_probe import MakeClient, ScriptedServer, hear, http_answer, request
from network_probe import NAME, Relay, make_certificates

from metis_tui.chat.checkup import Finding
from metis_tui.chat.errors import ChatError, NotAGateway, ReplyIncomplete, Unreachable
from metis_tui.chat.turn import ReplyFinished, TextDelta
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway import checkup
from metis_tui.gateway.client import GatewayClient
from metis_tui.gateway.origin import parse_base_url
from metis_tui.gateway.route import decide_route

Scripted = Callable[[bytes], ScriptedServer]
URL = f"https://{NAME}/resource_server"


@dataclass
class Network:
    """The demo gateway behind TLS behind a proxy."""

    proxy: Relay
    tls: Relay
    trusted: Path


@pytest.fixture
async def network(gateway: DemoGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    trusted, context = make_certificates(tmp_path)
    tls = await Relay(gateway.port, context=context).start()
    proxy = await Relay(tls.port, is_proxy=True).start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret-word@127.0.0.1:{proxy.port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    yield Network(proxy, tls, trusted)
    await proxy.cut()
    await tls.cut()


async def failure(client: GatewayClient) -> ChatError:
    with pytest.raises(ChatError) as caught:
        await client.health()
    assert "secret-word" not in f"{caught.value} {caught.value.hint}"
    return caught.value


async def test_what_is_shown_is_what_is_used(network: Network, make_client: MakeClient) -> None:
    client = make_client(URL)
    assert client.route.in_words() == f"by the proxy 127.0.0.1:{network.proxy.port} (HTTPS_PROXY)"
    assert (await client.health()).is_ok
    heard = await hear(client, request("hello"))
    assert isinstance(heard.events[-1], ReplyFinished)
    assert network.proxy.heads
    assert all(head.startswith(f"CONNECT {NAME}:443".encode()) for head in network.proxy.heads)
    assert not any(b"good-token" in head for head in network.proxy.heads)
    assert "secret-word" not in repr(client.route)


@pytest.mark.parametrize("pattern", [f"*.{NAME[8:]}", f".{NAME}", NAME, f"{NAME}:443", "*"])
async def test_no_proxy_is_obeyed_with_every_kind_of_pattern(
    network: Network, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setenv("NO_PROXY", f"localhost,{pattern}")
    client = make_client(URL)
    assert client.route.in_words() == f"direct: NO_PROXY names it ({pattern})"
    assert f"The name {NAME} is not known here" in (await failure(client)).reason
    assert network.proxy.heads == []


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ("407 Proxy Authentication Required", "wants a name and a password (407)"),
        ("403 Forbidden", f"refused to connect to {NAME}:443 (403)"),
        ("503 Service Unavailable", f"cannot reach {NAME}:443 (503)"),
        ("418 I'm a teapot", "refused to pass the connection on (418)"),
    ],
)
async def test_a_proxy_that_refuses_is_named(
    network: Network, make_client: MakeClient, refusal: str, reason: str
) -> None:
    network.proxy.refusal = refusal
    told = await failure(make_client(URL))
    assert type(told) is Unreachable
    assert reason in told.reason
    assert f"127.0.0.1:{network.proxy.port}" in told.reason


async def test_a_proxy_that_is_not_there_is_told_from_a_gateway_that_is_not(
    network: Network, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await network.proxy.cut()
    assert (await failure(make_client(URL))).reason == (
        f"The proxy 127.0.0.1:{network.proxy.port} refused the connection."
    )
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    assert "The name proxy.invalid is not known here (it is the proxy)" in (await failure(make_client(URL))).reason


async def test_a_certificate_counts_when_it_is_trusted(
    network: Network, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://127.0.0.1:{network.tls.port}/resource_server"
    assert (await make_client(url).health()).is_ok
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate is not trusted" in (await failure(make_client(url))).reason
    assert "SSL_CERT_FILE" in (await failure(make_client(url))).hint
    assert (await make_client(url, ca_bundle=str(network.trusted)).health()).is_ok


@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_certificates_that_cannot_be_read_are_named_with_their_file(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    told = await failure(make_client(URL))
    assert str(bundle) in told.reason
    assert ("no such file" if content is None else "it holds no certificates") in told.reason
    assert not told.can_retry


@pytest.mark.parametrize("variable", ["ALL_PROXY", "https_proxy"])
async def test_a_socks_proxy_is_explained(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "socks5h://127.0.0.1:9")
    told = await failure(make_client(URL))
    assert f"SOCKS proxy is set ({variable})" in told.reason
    assert "pip install socksio" in told.hint
    monkeypatch.setenv(variable, "socks4://127.0.0.1:9")
    assert "socks4 is not supported; socks5 is" in (await failure(make_client(URL))).reason


PAGE = b"<!DOCTYPE html><html><title>Hotel Wi-Fi</title><body>Welcome</body></html>"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http_answer(PAGE, kind="text/html"), "A web page came back: Hotel Wi-Fi"),
        (http_answer(b"", "302 Found", extra="Location: http://portal.example/x?secret=1\r\n"), "portal.example"),
        (http_answer(PAGE, "511 Network Authentication Required", "text/html"), "wants a sign-in of its own"),
    ],
)
async def test_the_sign_in_page_of_a_network_is_named(
    scripted: Scripted, make_client: MakeClient, answer: bytes, reason: str
) -> None:
    told = await failure(make_client(scripted(answer).url))
    assert type(told) is NotAGateway
    assert reason in told.reason
    assert "secret=1" not in told.reason
    assert "open any page in a browser" in told.hint


async def test_a_line_that_goes_while_idle_comes_back(network: Network, make_client: MakeClient) -> None:
    client = make_client(URL)
    assert (await client.health()).is_ok
    await network.proxy.cut()
    assert type(await failure(client)) is Unreachable
    await network.proxy.start()
    assert (await client.health()).is_ok


async def test_a_line_that_goes_in_a_reply_keeps_what_came(network: Network, make_client: MakeClient) -> None:
    client = make_client(URL)
    text, broken = "", None
    try:
        async for event in client.stream(request("400 tokens at 200 tokens/s")):
            if isinstance(event, TextDelta):
                if not text:
                    await network.proxy.cut()
                text += event.text
    except ChatError as error:
        broken = error
    assert text
    assert type(broken) is ReplyIncomplete
    await network.proxy.start()
    heard = await hear(client, request("hello"))
    assert isinstance(heard.events[-1], ReplyFinished)


async def test_a_checkup_tries_both_ways(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    async def examine(**options: Any) -> dict[str, Finding]:
        found = await checkup.examine(URL, decide_route(parse_base_url(URL)), **options)
        return {finding.name: finding for finding in found.findings}

    found = await examine()
    assert found["gateway by the proxy"].verdict == "ok"
    assert "not open, and not used" in found["gateway direct"].text
    assert found["TLS"].text.startswith("TLS 1.3, trusts ")
    assert found["certificates"].fix == "Set REQUESTS_CA_BUNDLE to the same file."
    assert found["clock"].verdict == "ok"
    late = await examine(clock=lambda: time.time() - 3600)
    assert late["clock"].verdict == "fail"
    assert "3600 s behind" in late["clock"].text or "3601 s behind" in late["clock"].text
    monkeypatch.setenv("NO_PROXY", NAME)
    found = await examine()
    assert found["gateway direct"].verdict == "fail"
    assert found["gateway direct"].fix.startswith("The way by the proxy works")
    assert "secret-word" not in str(found)
