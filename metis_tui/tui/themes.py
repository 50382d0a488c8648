"""Turns theme files into Textual themes. Knows nothing of where the files came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.theme import Theme

if TYPE_CHECKING:
    from metis_tui.config.theme_files import ThemeFile

DEFAULT_THEME = "metis-dark"


def default_theme() -> Theme:
    """What themes/metis-dark.toml says: the first paint with the default theme reads no file."""
    return Theme(
        name=DEFAULT_THEME,
        dark=True,
        primary="#8ab4f8",
        secondary="#9aa5b1",
        accent="#f2b866",
        foreground="#d7dce2",
        background="#12161b",
        surface="#181d24",
        panel="#222933",
        success="#7fc98f",
        warning="#f2b866",
        error="#f28b82",
    )


def as_textual_theme(theme: ThemeFile) -> Theme:
    return Theme(name=theme.name, dark=theme.is_dark, variables=dict(theme.variables), **theme.colors)  # type: ignore[arg-type]


def register_first_theme(app: App[int], folders: Sequence[Path], wanted: str) -> None:
    """Registers and uses the wanted theme, else the default; the rest can wait until after the first paint."""
    name = DEFAULT_THEME
    if wanted not in ("", DEFAULT_THEME) and "/" not in wanted:
        from metis_tui.config.theme_files import find_theme

        theme = find_theme(folders, wanted)
        if theme is not None and not register_themes(app, [theme]):
            name = theme.name
    if name == DEFAULT_THEME:
        app.register_theme(default_theme())
    # What the theme's watcher does, but for parsing all sheets again: none is parsed yet.
    app.set_reactive(App.theme, name)
    app.stylesheet.set_variables(app.get_css_variables())


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
