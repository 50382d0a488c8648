"""Fixtures for the gateway room: a real demo gateway, and a real socket that misbehaves as told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from gateway_probe import MakeClient, ScriptedServer

from metis_tui.auth.fixed import FixedToken
from metis_tui.demo.server import DemoGateway
from metis_tui.gateway.client import GatewayClient


@pytest.fixture(scope="module")
def gateway() -> Iterator[DemoGateway]:
    """A quick demo gateway without a limit on requests."""
    with DemoGateway(speed=50, throttle=None) as running:
        yield running


@pytest.fixture
def scripted() -> Iterator[Callable[[bytes], ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(answer: bytes) -> ScriptedServer:
        servers.append(ScriptedServer(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
async def make_client() -> AsyncIterator[MakeClient]:
    async with AsyncExitStack() as opened:

        def make(url: str, token: str = "good-token", **options: object) -> GatewayClient:
            client = GatewayClient(url, FixedToken(token), **options)  # type: ignore[arg-type]
            opened.push_async_callback(client.close)
            return client

        yield make


@pytest.fixture
async def client(gateway: DemoGateway, make_client: MakeClient) -> GatewayClient:
    return make_client(gateway.url)
