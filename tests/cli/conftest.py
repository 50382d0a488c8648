"""The command line on a demo gateway, or on none."""

from __future__ import annotations

import pytest
from cli_process import Metis

from metis_tui.demo.server import DemoGateway


@pytest.fixture
def offline() -> Metis:
    """The command without any gateway."""
    return Metis()


@pytest.fixture
def metis(demo: DemoGateway) -> Metis:
    """The command on a demo gateway that the test can look into."""
    return Metis(demo)
