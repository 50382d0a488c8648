"""Which served model the next prompt goes to. Pure; the catalog and the wishes come from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel

if TYPE_CHECKING:
    from metis_tui.chat.ports import Measurement


def wanted_model(catalog: Catalog, wishes: tuple[str, ...], *, is_strict: bool) -> ServedModel | None:
    """The first wish that the catalog can fulfil, else a default.

    With `is_strict` the first non-empty wish alone counts: a conversation's model or the command line's is never
    silently replaced by another.
    """
    for wish in filter(None, wishes):
        found = catalog.find(wish)
        if found is not None or is_strict:
            return found
    return catalog.default_model()


def next_recent(catalog: Catalog, measurements: Mapping[str, Measurement], current: str) -> ServedModel | None:
    """The live model used longest ago after the current one, going round; None when there is no other."""
    recent = sorted(measurements, key=lambda key: -measurements[key].measured_at)
    live = {model.key: model for model in catalog.live()}
    ring = [key for key in recent if key in live] + [key for key in live if key not in measurements]
    others = [key for key in ring if key != current]
    if not others:
        return None
    if current in ring:
        place = ring.index(current)
        others = ring[place + 1 :] + ring[:place]
    return live[others[0]]


def missing_model_words(catalog: Catalog, wanted: str) -> tuple[str, str]:
    """(reason, way out) when the catalog does not have the model."""
    offered = [model.key for model in catalog.nearest(wanted) if model.state is ModelState.LIVE]
    live = f"Live now: {', '.join(offered)}. " if offered else ""
    return f"{wanted} is not served any more.", f"{live}F2 chooses another; the conversation stays as it is."
