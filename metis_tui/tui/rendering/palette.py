"""The styles of the renderer, made from a theme's variables. Knows no theme by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color, ColorParseError

_BOLD = Style(bold=True)
_DIM = Style(dim=True)


@dataclass(frozen=True, eq=False)
class Palette:
    """One style per role. The defaults have no colours: they must be legible by themselves."""

    text: Style = Style()
    muted: Style = _DIM
    strong: Style = _BOLD
    emphasis: Style = Style(italic=True)
    strike: Style = Style(strike=True)
    code: Style = _BOLD
    """Code within a line of text."""
    code_text: Style = Style()
    gutter: Style = _DIM
    link: Style = Style(underline=True)
    heading: Style = _BOLD
    heading_major: Style = Style(bold=True, underline=True)
    marker: Style = _BOLD
    quote: Style = Style(italic=True)
    math: Style = Style(italic=True)
    you: Style = _BOLD
    model: Style = _BOLD
    cursor: Style = _BOLD
    warning: Style = _BOLD
    error: Style = _BOLD
    found: Style = Style(reverse=True)
    found_here: Style = Style(reverse=True, bold=True, underline=True)
    selection: Style = Style(reverse=True)
    keyword: Style = _BOLD
    string: Style = Style()
    comment: Style = Style(italic=True)
    number: Style = Style()
    name: Style = Style()

    @classmethod
    def from_theme(cls, variables: Mapping[str, str]) -> Palette:
        """Styles in a theme's colours; variables that are missing or no colours leave the plain style."""

        def colour(name: str) -> Style:
            parsed = _colour(variables, name)
            return Style(color=parsed.rich_color) if parsed is not None else Style()

        muted = _muted(variables)
        primary, accent, success = colour("text-primary"), colour("text-accent"), colour("text-success")
        return cls(
            muted=muted,
            code=accent,
            gutter=muted,
            link=primary + Style(underline=True),
            heading=primary + _BOLD,
            heading_major=primary + Style(bold=True, underline=True),
            marker=primary + _BOLD,
            quote=Style(italic=True),
            math=success + Style(italic=True),
            you=accent + _BOLD,
            model=primary + _BOLD,
            cursor=accent + _BOLD,
            warning=colour("text-warning") + _BOLD,
            error=colour("text-error") + _BOLD,
            keyword=primary + _BOLD,
            string=success,
            comment=muted + Style(italic=True),
            number=accent,
            name=colour("text-warning"),
        )


def _colour(variables: Mapping[str, str], name: str) -> Color | None:
    try:
        return Color.parse(variables.get(name, ""))
    except ColorParseError:
        return None


def _muted(variables: Mapping[str, str]) -> Style:
    foreground, background = _colour(variables, "foreground"), _colour(variables, "background")
    if foreground is None or background is None or foreground.ansi is not None or background.ansi is not None:
        return _DIM
    return Style(color=background.blend(foreground, 0.65, alpha=1.0).rich_color)
