"""Composes what a demo model answers. Deterministic for one prompt and model. Pure."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Any

from .catalogue import DemoModel
from .events import Delta
from .tokens import split_tokens


@dataclass(frozen=True)
class Composed:
    deltas: list[Delta]
    finish_reason: str
    tokens_per_second: float | None = None
    at_full_speed: bool = False


def compose(payload: dict[str, Any], model: DemoModel) -> Composed:
    prompt = str(payload["messages"][-1].get("content")) if payload["messages"] else ""
    rng = random.Random(hashlib.sha256(f"{model.name}|{prompt}".encode()).digest())
    text = f"About **{prompt or 'nothing'}**: " + " ".join(rng.choice(["one", "two", "three"]) for _ in range(60))
    tokens = split_tokens(text)
    limit = payload.get("max_tokens")
    reason = "stop"
    if limit is not None and len(tokens) > max(1, limit):
        tokens, reason = tokens[: max(1, limit)], "length"
    return Composed([Delta("content", token) for token in tokens], reason)
