"""Merges what the gateway's routes tell into one catalog. Pure; knows nothing of HTTP.

The list of models is configured, not live; jobs tell what is live; status tells maintenance, but without the
operator's notice, which only a refused chat request carries; capabilities come from a route that may not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metis_tui.chat.catalog import Catalog, ClusterStatus, ModelState, ServedModel
from metis_tui.gateway.wire import Capabilities, JobBoard, ListedCluster


class CatalogKnowledge:
    """The last answer of every route, and the catalog they make together. Times are Unix seconds."""

    def __init__(self) -> None:
        self._clusters: tuple[ListedCluster, ...] = ()
        self._listed_at: float | None = None
        self._boards: dict[str, JobBoard] = {}
        self._boards_at: dict[str, float] = {}
        self._troubles: dict[str, str] = {}
        self._is_up: dict[str, bool] = {}
        self._notices: dict[str, str] = {}
        self._capabilities: dict[str, Mapping[str, Capabilities]] = {}
        self._since: dict[tuple[str, str], tuple[ModelState, float]] = {}
        self.catalog = Catalog()

    @property
    def clusters(self) -> tuple[ListedCluster, ...]:
        return self._clusters

    def take_list(self, clusters: tuple[ListedCluster, ...], now: float) -> None:
        """The list of models; states last known stay."""
        self._clusters, self._listed_at = clusters, now
        self._rebuild(now)

    def take_jobs(self, cluster: str, board: JobBoard, now: float) -> None:
        self._boards[cluster], self._boards_at[cluster] = board, now
        self._troubles.pop(cluster, None)
        self._rebuild(now)

    def take_jobs_trouble(self, cluster: str, trouble: str, now: float) -> None:
        """The states of a cluster could not be read: they are unknown now."""
        self._boards.pop(cluster, None)
        self._troubles[cluster] = trouble
        self._rebuild(now)

    def take_status(self, is_up: Mapping[str, bool], now: float) -> None:
        """Which clusters are up; the end of a maintenance ends its notice."""
        self._is_up = dict(is_up)
        for cluster in list(self._notices):
            if self._is_up.get(cluster) is True:
                del self._notices[cluster]
        self._rebuild(now)

    def take_notice(self, cluster: str, notice: str, now: float) -> None:
        """The operator's notice that came with a refused chat request."""
        self._notices[cluster] = notice
        self._is_up[cluster] = False
        self._rebuild(now)

    def take_capabilities(self, cluster: str, capabilities: Mapping[str, Capabilities], now: float) -> None:
        self._capabilities[cluster] = capabilities
        self._rebuild(now)

    def _rebuild(self, now: float) -> None:
        self.catalog = Catalog(
            models=tuple(self._model(model, now) for cluster in self._clusters for model in cluster.models),
            clusters={cluster.name: self._cluster(cluster.name) for cluster in self._clusters},
            as_of=self._listed_at,
        )

    def _cluster(self, name: str) -> ClusterStatus:
        return ClusterStatus(
            name=name,
            is_up=False if name in self._notices else self._is_up.get(name),
            notice=self._notices.get(name, ""),
            trouble=self._troubles.get(name, ""),
            as_of=self._boards_at.get(name),
        )

    def _model(self, model: ServedModel, now: float) -> ServedModel:
        board = self._boards.get(model.cluster)
        if board is not None:
            entry = board.entry(model)
            model = replace(
                model,
                state=entry.state,
                status_word=entry.status_word,
                description=entry.description,
                version=entry.version,
            )
        told = self._capabilities.get(model.cluster, {}).get(model.name.casefold())
        if told is not None:
            model = replace(
                model,
                context_window=told.context_window or model.context_window,
                has_reasoning=told.has_reasoning,
                effort_levels=told.effort_levels,
                input_modalities=told.input_modalities,
            )
        return replace(model, state_since=self._state_since(model, now))

    def _state_since(self, model: ServedModel, now: float) -> float | None:
        if model.state is ModelState.UNKNOWN:
            return None
        known = self._since.get((model.key, model.framework))
        if known is None or known[0] is not model.state:
            known = self._since[(model.key, model.framework)] = (model.state, now)
        return known[1]
