"""Keeps the catalog fresh in the background and tells about it. Knows no widgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from metis_tui.chat.errors import ChatError

if TYPE_CHECKING:
    from metis_tui.chat.catalog import Catalog
    from metis_tui.chat.ports import ModelGateway

REFRESH_SECONDS = 60.0
"""The gateway caches states for 60 s for everyone; asking more often is useless."""


class CatalogWatch:
    """One refresh at a time; `on_catalog` gets every catalog, `on_failure` why the list could not be read."""

    def __init__(
        self,
        gateway: ModelGateway,
        on_catalog: Callable[[Catalog], None],
        on_failure: Callable[[ChatError | None], None],
    ) -> None:
        self._gateway = gateway
        self._on_catalog = on_catalog
        self._on_failure = on_failure
        self._running: asyncio.Task[None] | None = None
        self.is_refreshing = False

    async def refresh(self, *, force: bool = False) -> None:
        """Refreshes; joins a refresh that is under way, unless a newer look is asked for."""
        if force and self.is_refreshing and self._running is not None:
            await asyncio.shield(self._running)  # it may have read some states before whatever made the user ask
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._refresh(force))
        await asyncio.shield(self._running)

    async def _refresh(self, force: bool) -> None:
        self.is_refreshing = True
        try:
            async for catalog in self._gateway.refresh_catalog(force=force):
                self._on_catalog(catalog)
        except ChatError as error:
            self._on_failure(error)
        else:
            self._on_failure(None)
        finally:
            self.is_refreshing = False
            self._on_catalog(self._gateway.catalog)

    async def run(self) -> None:
        """Refreshes once a minute until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)
