"""Reads the catalog from the gateway, shares one reading among all who ask. Knows routes, not how they merge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol, TypeVar

from metis_tui.chat.catalog import Catalog
from metis_tui.chat.errors import ChatError, Maintenance, NotAGateway, RateLimited
from metis_tui.gateway.catalog_knowledge import CatalogKnowledge
from metis_tui.gateway.failures import Answer
from metis_tui.gateway.origin import GatewayAddress
from metis_tui.gateway.pacing import Pacer
from metis_tui.gateway.reasons import is_web_page
from metis_tui.gateway.wire import (
    ListedCluster,
    parse_json,
    read_capabilities,
    read_clusters,
    read_jobs,
    read_status,
)

REFRESH_SECONDS = 60.0
"""The gateway remembers every state for a minute itself; asking more often tells nothing new."""
CAPABILITIES_SECONDS = 600.0
_THROTTLE_PAUSE_SECONDS = 1.1
_T = TypeVar("_T")


class Reader(Protocol):
    """What is needed of a connection."""

    async def get(self, path: str, *, anonymous: bool = False) -> Answer: ...

    async def get_json(self, path: str, *, anonymous: bool = False) -> object: ...


class _Reading:
    """One reading in flight, or done; several callers may follow it."""

    def __init__(self) -> None:
        self.version = 0
        self.error: BaseException | None = None
        self.is_done = False
        self._changed = asyncio.Event()

    def publish(self, *, is_done: bool = False) -> None:
        self.version += not is_done
        self.is_done = self.is_done or is_done
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_for_change(self) -> None:
        await self._changed.wait()


class CatalogReader:
    """The catalog of one gateway, read at most once a minute. For use on one event loop."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Reader]],
        address: GatewayAddress,
        pacer: Pacer,
        clock: Callable[[], float],
        listener: Callable[[Catalog], None] | None = None,
    ) -> None:
        self._connect = connect
        self._address = address
        self._pacer = pacer
        self._clock = clock
        self._listener = listener
        self._knowledge = CatalogKnowledge()
        self._reading: _Reading | None = None
        self._task: asyncio.Task[None] | None = None
        self._read_at: float | None = None
        self._without_models_route: set[str] = set()
        self._capabilities_at: dict[str, float] = {}

    @property
    def catalog(self) -> Catalog:
        return self._knowledge.catalog

    async def refresh(self, *, force: bool = False) -> AsyncGenerator[Catalog, None]:
        """Yields ever fuller catalogs; joins a reading that is under way instead of starting a second one.

        Raises:
            ChatError: the list of models could not be read. The catalog known before stays.
        """
        reading = self._reading
        if reading is None or reading.is_done:
            if not force and self._is_fresh():
                yield self.catalog
                return
            reading = self._reading = _Reading()
            self._task = asyncio.create_task(self._read(reading), name="catalog")
        seen = 0
        while True:
            if reading.version != seen:
                seen = reading.version
                yield self.catalog
            elif reading.is_done:
                break
            else:
                await reading.wait_for_change()
        if reading.error is not None:
            raise reading.error

    def learn(self, cluster: str, failure: ChatError) -> None:
        """Takes from a refused chat request what the catalog's own routes tell late or not at all."""
        if isinstance(failure, Maintenance):
            self._knowledge.take_notice(cluster, failure.reason, self._clock())
            self._publish(None)
        self._read_at = None  # the next refresh asks again

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _is_fresh(self) -> bool:
        # A clock that went backwards makes everything stale rather than fresh for ever.
        return self._read_at is not None and 0 <= self._clock() - self._read_at < REFRESH_SECONDS

    def _publish(self, reading: _Reading | None) -> None:
        if reading is not None:
            reading.publish()
        if self._listener is not None:
            self._listener(self.catalog)

    async def _read(self, reading: _Reading) -> None:
        try:
            connection = await self._connect()
            body = await self._calmly(lambda: connection.get_json(self._address.route("list-endpoints")))
            clusters = read_clusters(body, self._address)
            if clusters is None:
                raise NotAGateway("The answer holds no list of models.")
            self._knowledge.take_list(clusters, self._clock())
            self._publish(reading)
            await self._read_details(connection, clusters, reading)
            self._read_at = self._clock()
        except Exception as error:
            reading.error = error
        finally:
            reading.publish(is_done=True)

    async def _read_details(self, connection: Reader, clusters: tuple[ListedCluster, ...], reading: _Reading) -> None:
        # Jobs stand before capabilities in the line: whether a model is live matters most.
        work = [self._read_status(connection, reading)]
        work += [self._read_jobs(connection, cluster, reading) for cluster in clusters]
        work += [self._read_capabilities(connection, cluster, reading) for cluster in clusters]
        tasks = [asyncio.ensure_future(part) for part in work]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _read_status(self, connection: Reader, reading: _Reading) -> None:
        try:
            body = await self._calmly(lambda: connection.get_json(self._address.route("status"), anonymous=True))
        except ChatError:
            return  # what was known of maintenance stays
        self._knowledge.take_status(read_status(body), self._clock())
        self._publish(reading)

    async def _read_jobs(self, connection: Reader, cluster: ListedCluster, reading: _Reading) -> None:
        try:
            body = await self._calmly(lambda: connection.get_json(f"{cluster.path}/jobs"))
            board = read_jobs(body)
            trouble = "" if board else "The gateway's answer holds no states."
        except ChatError as error:
            board, trouble = None, error.reason
        if board is not None:
            self._knowledge.take_jobs(cluster.name, board, self._clock())
        else:
            self._knowledge.take_jobs_trouble(cluster.name, trouble, self._clock())
        self._publish(reading)

    async def _read_capabilities(self, connection: Reader, cluster: ListedCluster, reading: _Reading) -> None:
        known_at = self._capabilities_at.get(cluster.name)
        if cluster.name in self._without_models_route:
            return
        if known_at is not None and 0 <= self._clock() - known_at < CAPABILITIES_SECONDS:
            return
        try:
            answer = await self._calmly(lambda: connection.get(f"{cluster.path}/models"))
        except ChatError:
            return  # a convenience; the next refresh tries again
        if answer.status in (404, 405) or is_web_page(answer.text()):
            self._without_models_route.add(cluster.name)
            return
        capabilities = read_capabilities(parse_json(answer.body)) if answer.status == 200 else None
        if capabilities is not None:
            self._capabilities_at[cluster.name] = self._clock()
            self._knowledge.take_capabilities(cluster.name, capabilities, self._clock())
            self._publish(reading)

    async def _calmly(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Asks when it is this request's turn; once more when the user's other programs used up the second."""
        await self._pacer.turn()
        try:
            return await ask()
        except RateLimited:
            await asyncio.sleep(_THROTTLE_PAUSE_SECONDS)
            await self._pacer.turn()
            return await ask()
