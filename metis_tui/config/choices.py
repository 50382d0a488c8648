"""The last choices made inside the application: theme and model. A convenience file in the state folder.

config.toml belongs to the user and is never written by the application; these choices apply where it is silent.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from metis_tui.config.paths import make_private_folder


@dataclass(frozen=True, slots=True)
class Choices:
    theme: str = ""
    model: str = ""
    has_seen_notice: bool = False
    """Whether the user was told once that the service logs prompts."""
    presets: dict[str, list[str]] = field(default_factory=dict)
    """Sets of models to compare, `model@cluster` by the name that the user gave them."""
    is_blind: bool = False
    """Comparisons begin with the models' names hidden."""


class ChoicesFile:
    """Reads and replaces choices.json. Blocking; front ends call it off the event loop.

    The file is read when it is first asked for, and again before it is changed: another process may have changed
    it since.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "choices.json"
        self._known: Choices | None = None

    def load(self) -> Choices:
        """What was chosen last; the defaults when the file is missing or damaged."""
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> Choices:
        try:
            content = self._path.read_bytes()
        except OSError:
            return Choices()
        import json  # not needed, and four more modules before the first paint, while nothing was ever chosen

        try:
            table = json.loads(content)
            theme, model, seen = table.get("theme"), table.get("model"), table.get("has_seen_notice")
            presets, is_blind = _presets(table.get("presets")), table.get("is_blind") is True
        except (ValueError, AttributeError, RecursionError):
            return Choices()
        return Choices(
            theme if isinstance(theme, str) else "",
            model if isinstance(model, str) else "",
            seen is True,
            presets,
            is_blind,
        )

    def update(self, **changes: object) -> None:
        """Changes some choices. Failing to save them costs nothing, so it is silent."""
        import json

        self._known = chosen = replace(self._read(), **changes)  # type: ignore[arg-type]
        temporary = self._path.with_name(f".choices.{os.getpid()}.tmp")
        try:
            make_private_folder(self._path.parent)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(chosen), file)
            os.replace(temporary, self._path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _presets(content: object) -> dict[str, list[str]]:
    if not isinstance(content, dict):
        return {}
    lists = {name: models for name, models in content.items() if isinstance(models, list)}
    return {str(name): [model for model in models if isinstance(model, str)] for name, models in lists.items()}
