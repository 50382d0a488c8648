"""Turns theme files into Textual themes. Knows nothing of where the files came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from textual.app import App
from textual.theme import Theme

from metis_tui.config.theme_files import ThemeFile, find_theme

DEFAULT_THEME = "metis-dark"

_BUILT_IN_DEFAULT = ThemeFile(
    DEFAULT_THEME,
    True,
    {
        "primary": "#8ab4f8",
        "secondary": "#9aa5b1",
        "accent": "#f2b866",
        "foreground": "#d7dce2",
        "background": "#12161b",
        "surface": "#181d24",
        "panel": "#222933",
        "success": "#7fc98f",
        "warning": "#f2b866",
        "error": "#f28b82",
    },
)
"""What themes/metis-dark.toml says: the first paint with the default theme reads no file."""


def as_textual_theme(theme: ThemeFile) -> Theme:
    return Theme(name=theme.name, dark=theme.is_dark, variables=dict(theme.variables), **theme.colors)  # type: ignore[arg-type]


def register_first_theme(app: App[int], folders: Sequence[Path], wanted: str) -> None:
    """Registers and uses the wanted theme, else the default; the rest can wait until after the first paint."""
    theme = _BUILT_IN_DEFAULT
    if wanted not in ("", DEFAULT_THEME) and "/" not in wanted:
        theme = find_theme(folders, wanted) or _BUILT_IN_DEFAULT
    if register_themes(app, [theme]):
        theme = _BUILT_IN_DEFAULT
        register_themes(app, [theme])
    app.set_reactive(App.theme, theme.name)  # not by its watcher, which would have all sheets parsed again


def register_themes(app: App[int], themes: Iterable[ThemeFile]) -> list[str]:
    """Registers the themes; returns what was wrong with those that Textual refused."""
    problems = []
    for theme in themes:
        try:
            textual_theme = as_textual_theme(theme)
            textual_theme.to_color_system().generate()
        except Exception as error:  # whatever a colour parser finds wrong must not stop start-up
            problems.append(f"Theme {theme.name} is left out: {error}")
        else:
            app.register_theme(textual_theme)
    return problems
