from __future__ import annotations

from collections.abc import Iterator

import pytest

from metis_tui.demo.server import DemoGateway


class HandClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
def gateway() -> Iterator[DemoGateway]:
    """A quick gateway without a throttle, shared by the tests of one file."""
    with DemoGateway(throttle=None, speed=200, seed=1) as running:
        yield running
