"""Reads theme files: one TOML file, one theme. Knows nothing of how a screen uses the colours.

Returns what loaded and what failed: one bad file never stops start-up.

    name = "metis-dark"        # letters, digits, - and _
    dark = true
    [colors]                   # primary is required; the rest has defaults
    primary = "#7aa2f7"        # secondary accent foreground background surface panel warning error success boost
    [variables]                # optional: any further variable of the style sheets
    footer-key-foreground = "#7aa2f7"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from metis_tui.config.settings import parse_toml

COLOR_NAMES = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "boost",
    "warning",
    "error",
    "success",
)
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})|ansi_[a-z_]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LARGEST_FILE = 64 * 1024


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """One theme as its file gives it; colours are #rgb, #rrggbb or ansi_ names."""

    name: str
    is_dark: bool
    colors: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None


def load_themes(folders: Iterable[Path]) -> tuple[list[ThemeFile], list[str]]:
    """Themes of all folders and what was wrong with the others; a later theme replaces one of the same name."""
    themes: dict[str, ThemeFile] = {}
    problems: list[str] = []
    for folder in folders:
        try:
            paths = sorted(folder.glob("*.toml"))
        except OSError as error:
            problems.append(f"Themes in {folder} cannot be read ({error.strerror}).")
            continue
        for path in paths:
            try:
                theme = read_theme(path)
            except (OSError, ValueError, RecursionError) as error:
                problems.append(f"Theme {path.name} is left out: {error}")
            else:
                themes[theme.name] = theme
    return list(themes.values()), problems


def find_theme(folders: Iterable[Path], name: str) -> ThemeFile | None:
    """The theme in the file called after it, of the last folder that has a sound one.

    For the first paint, which should not wait for all the others.
    """
    found = None
    for folder in folders:
        try:
            theme = read_theme(folder / f"{name}.toml")
        except (OSError, ValueError, RecursionError):
            continue
        if theme.name == name:
            found = theme
    return found


def read_theme(path: Path) -> ThemeFile:
    """One theme.

    Raises:
        ValueError: it is no TOML, or a name or colour is missing or malformed; the text names which.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError("the file is larger than 64 KB.")
    table = parse_toml(path.read_text(encoding="utf-8"))
    name, dark = table.get("name", path.stem), table.get("dark", True)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError("its name must be letters, digits, - and _.")
    if not isinstance(dark, bool):
        raise ValueError("dark must be true or false.")
    colors, variables = table.get("colors"), table.get("variables", {})
    if not isinstance(colors, dict) or "primary" not in colors:
        raise ValueError("it has no [colors] table with a primary colour.")
    for key, value in colors.items():
        if key not in COLOR_NAMES:
            raise ValueError(f"{key!r:.40} is not a colour of a theme.")
        if not isinstance(value, str) or not _COLOR.fullmatch(value):
            raise ValueError(f"{key} = {value!r:.40} is not a colour (#rrggbb).")
    if not isinstance(variables, dict) or not all(isinstance(v, str) for v in variables.values()):
        raise ValueError("[variables] must hold texts.")
    return ThemeFile(name, dark, dict(colors), dict(variables), path)
