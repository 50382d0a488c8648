"""Remembers how each served model did last time. A convenience: failures are silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metis_tui.chat.ports import Measurement
from metis_tui.store.small_file import SmallFile

_KEPT_AT_MOST = 500


class MeasurementFile:
    """The `MeasurementLog` in `measurements.json` of the state folder."""

    def __init__(self, state: Path) -> None:
        self._file = SmallFile(state / "measurements.json")

    def load(self) -> dict[str, Measurement]:
        """By `model@cluster`; empty when nothing can be read. Blocks: call it off the event loop."""
        found = ((key, _measurement(fields)) for key, fields in self._file.read().items())
        return {key: measurement for key, measurement in found if measurement is not None}

    def record(self, model_key: str, measurement: Measurement) -> None:
        """Keeps it and writes it in the background."""

        def change(content: dict[str, Any]) -> None:
            known = _measurement(content.get(model_key))
            if known is not None and known.measured_at > measurement.measured_at:
                return
            content.pop(model_key, None)
            content[model_key] = {
                "first_delta_seconds": measurement.first_delta_seconds,
                "tokens_per_second": measurement.tokens_per_second,
                "measured_at": measurement.measured_at,
            }
            while len(content) > _KEPT_AT_MOST:
                content.pop(next(iter(content)))

        self._file.change(change)

    def close(self, budget_seconds: float = 1.0) -> bool:
        """Waits until everything is written; False when that took too long."""
        return self._file.close(budget_seconds)


def _measurement(fields: object) -> Measurement | None:
    if not isinstance(fields, dict):
        return None
    measured_at = _number(fields.get("measured_at"))
    if measured_at is None:
        return None
    return Measurement(
        _number(fields.get("first_delta_seconds")), _number(fields.get("tokens_per_second")), measured_at
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
