"""What the user chose: config.toml. Knows nothing of screens or of what the settings do.

Start-up never fails on this file: a damaged file, an unknown key or a value of the wrong type becomes a problem to
show, and the default stays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

DEFAULT_BASE_URL = "https://inference-api.alcf.anl.gov/resource_server/"
"""ALCF's inference gateway, from its user guide."""

Problems = list[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Every key of config.toml with its default."""

    base_url: str = DEFAULT_BASE_URL
    """The gateway's address, https except on loopback."""
    model: str = ""
    """`model` or `model@cluster` for new conversations; empty: the last one used, else a live one."""
    theme: str = ""
    """A theme's name; empty: the last one chosen in the application, else metis-dark."""
    system: str = ""
    """System prompt of new conversations."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Generation parameters of new conversations."""
    display: Literal["frugal", "full"] = "frugal"
    """`frugal` writes only the cells that changed; `full` leaves drawing to Textual."""
    line: Literal["auto", "fast", "slow"] = "auto"
    """The line to the terminal: `auto` measures it, `fast` and `slow` say what it is."""
    frames_per_second: int = 0
    """Upper limit of screen updates; 0: as the line takes them, 60 at home, 15 over SSH."""
    mouse: bool = True
    """Whether the application takes the mouse; F6 changes it."""
    show_reasoning: bool = False
    """Whether reasoning starts unfolded."""
    sign_in_days: float = 7
    """Days that the site lets a sign-in last (its session policy)."""
    trash_days: int = 30
    """Days after which what is in the trash is taken away; 0: never by itself."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Other keys for actions: action name -> key, several with commas."""


def _is_text_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


def _is_one_of(*words: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in words


def _is_whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "base_url": (lambda v: isinstance(v, str) and v.startswith(("http://", "https://")), "an http(s) address"),
    "model": (lambda v: isinstance(v, str), "a text"),
    "theme": (lambda v: isinstance(v, str), "a text"),
    "system": (lambda v: isinstance(v, str), "a text"),
    "parameters": (lambda v: isinstance(v, dict), "a table"),
    "display": (_is_one_of("frugal", "full"), "frugal or full"),
    "line": (_is_one_of("auto", "fast", "slow"), "auto, fast or slow"),
    "frames_per_second": (_is_whole(0, 120), "a whole number from 0 to 120"),
    "mouse": (lambda v: isinstance(v, bool), "true or false"),
    "show_reasoning": (lambda v: isinstance(v, bool), "true or false"),
    "sign_in_days": (
        lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and 0 < v <= 366,
        "a number of days, more than 0",
    ),
    "trash_days": (_is_whole(0, 36_500), "a whole number of days, 0 for never"),
    "keys": (_is_text_table, "a table of keys by action"),
}


def load_settings(path: Path) -> tuple[Settings, Problems]:
    """The settings in the file and what was wrong with it; a missing file is all defaults."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return Settings(), [f"{path} cannot be read ({error.strerror}). The defaults are used."]
    try:
        table = parse_toml(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return Settings(), [f"{path} is damaged: {error}. The defaults are used until it is mended."]
    return _from_table(table, path)


def parse_toml(text: str) -> dict[str, Any]:
    """Raises ValueError when the text is no TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table: dict[str, Any] = tomllib.loads(text)
    return table


def _from_table(table: Mapping[str, object], path: Path) -> tuple[Settings, Problems]:
    known: dict[str, Any] = {}
    problems: Problems = []
    for name, value in table.items():
        if name not in _RULES:
            problems.append(f"{path}: {name!r:.60} is not a setting and is ignored.")
            continue
        accepts, rule = _RULES[name]
        if accepts(value):
            known[name] = value
        else:
            problems.append(f"{path}: {name} must be {rule}; the default is used.")
    return replace(Settings(), **known), problems


def with_environment(settings: Settings, base_url: str | None = None) -> Settings:
    """The settings with METIS_TUI_BASE_URL and then the command line's address on top."""
    chosen = base_url or os.environ.get("METIS_TUI_BASE_URL", "").strip()
    return replace(settings, base_url=chosen) if chosen else settings


def as_toml(settings: Settings) -> str:
    """All settings as TOML text, ready to be a config.toml."""
    lines, tables = [], []
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if isinstance(value, Mapping):
            tables.append(f"\n[{entry.name}]")
            tables += [f"{_toml_key(key)} = {_toml_value(item)}" for key, item in value.items()]
        else:
            lines.append(f"{entry.name} = {_toml_value(value)}")
    return "\n".join(lines + tables) + "\n"


def _toml_key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else _toml_value(key)


def _toml_value(value: object) -> str:
    import json

    # TOML's basic strings, numbers, booleans and arrays are JSON's, but for DEL, which TOML wants escaped
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")
