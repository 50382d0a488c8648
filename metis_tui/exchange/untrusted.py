"""Takes values out of JSON that anybody may have written: each of the kind that is wanted, or its default. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from metis_tui.chat.printable import printable_line, storable

_DEEPEST = 64
_LATEST_MS = 253_402_300_799_999  # the end of the year 9999


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object, default: str = "") -> str:
    """Text that can be stored; everything else gives the default."""
    return storable(value) if isinstance(value, str) else default


def text_or_none(value: object) -> str | None:
    return storable(value) if isinstance(value, str) and value else None


def title(value: object) -> str:
    """One safe line; empty when there is none."""
    return printable_line(value, 200) if isinstance(value, str) else ""


def whole(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else default


def number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) and abs(value) < 2**63 else None


def milliseconds(seconds: object) -> int | None:
    """Unix time in ms of one that is in seconds (or ms already), also when it is text; None when it is none."""
    value = number(seconds)
    if value is None and isinstance(seconds, str):
        try:
            value = number(float(seconds))
        except ValueError:
            return None
    if value is None or value <= 0:
        return None
    stamp = round(value) if value > 100_000_000_000 else round(value * 1000)
    return stamp if stamp <= _LATEST_MS else None


def is_shallow(value: object, deepest: int = _DEEPEST) -> bool:
    """Whether a value is nested no deeper than everybody can read and write."""
    if isinstance(value, dict):
        return deepest > 0 and all(is_shallow(item, deepest - 1) for item in value.values())
    if isinstance(value, list):
        return deepest > 0 and all(is_shallow(item, deepest - 1) for item in value)
    return True


def clean(value: Any) -> Any:
    """The value with all text storable; what is nested too deep, or no number of JSON's, becomes None."""
    return _clean(value) if is_shallow(value) else None


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
