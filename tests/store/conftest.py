"""Stores that are closed after each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from store_samples import HURRIED

from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.search import ConversationIndex


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "share" / "metis_tui"


@pytest_asyncio.fixture
async def open_store(data: Path) -> AsyncIterator[Callable[..., ConversationFiles]]:
    """Opens stores on the data folder, as several processes would."""
    stores: list[ConversationFiles] = []

    def open_one(**options: Any) -> ConversationFiles:
        stores.append(
            ConversationFiles(options.pop("data", data), **{"pace": HURRIED, "app_version": "1", **options})
        )
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close(budget_seconds=5)


@pytest_asyncio.fixture
async def open_index(data: Path) -> AsyncIterator[Callable[..., ConversationIndex]]:
    """Opens indexes of the data folder, as several processes would."""
    indexes: list[ConversationIndex] = []

    def open_one(**options: Any) -> ConversationIndex:
        indexes.append(ConversationIndex(data, **{"pace": HURRIED, **options}))
        return indexes[-1]

    yield open_one
    for index in indexes:
        await index.close()
