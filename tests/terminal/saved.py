"""Reads the saved conversations as another program would: straight from the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def messages(data: Path, role: str = "") -> list[dict[str, Any]]:
    """The last record of every saved message, in the order in which the messages were first written."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((data / "conversations").rglob("*.jsonl")):
        for line in path.read_text().split("\n"):
            record = json.loads(line) if line else {"t": "nothing"}
            if record["t"] == "msg" and role in ("", record["role"]):
                found[record["id"]] = record
    return list(found.values())


def letters(text: str) -> str:
    """Letters and digits alone: what rendering and wrapping leave as it is."""
    return "".join(character for character in text if character.isalnum())
