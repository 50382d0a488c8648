"""Theme files: what loads and what is left out with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from metis_tui.config.paths import built_in_themes
from metis_tui.config.theme_files import load_themes

GOOD = 'name = "mine"\n[colors]\nprimary = "#abc"\n'


def test_the_built_in_themes_are_sound() -> None:
    themes, problems = load_themes([built_in_themes()])
    assert problems == []
    assert {"metis-dark", "metis-light"} <= {theme.name for theme in themes}
    assert {theme.is_dark for theme in themes} == {True, False}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("no toml at = all =", "left out"),
        ('name = "x"', "colors"),
        ('name = "a b"\n[colors]\nprimary = "#fff"', "name"),
        ("dark = 'yes'\n[colors]\nprimary = '#fff'", "dark"),
        ("[colors]\nprimary = 'red; } Screen { display: none'", "primary"),
        ("[colors]\nprimary = '#fff'\ncolour = '#fff'", "colour"),
        ("[colors]\nprimary = '#fff'\n[variables]\nx = 5", "variables"),
        ("#" * 70_000, "64 KB"),
    ],
)
def test_a_damaged_theme_is_left_out_and_the_others_load(tmp_path: Path, content: str, word: str) -> None:
    (tmp_path / "bad.toml").write_text(content)
    (tmp_path / "good.toml").write_text(GOOD)
    themes, problems = load_themes([tmp_path])
    assert [theme.name for theme in themes] == ["mine"]
    assert len(problems) == 1
    assert "bad.toml" in problems[0]
    assert word in problems[0]


def test_a_later_theme_replaces_one_of_the_same_name(tmp_path: Path) -> None:
    for name, color in (("one", "#111111"), ("two", "#222222")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "theme.toml").write_text(GOOD.replace("#abc", color))
    themes, _ = load_themes([tmp_path / "one", tmp_path / "two", tmp_path / "missing"])
    assert [theme.colors["primary"] for theme in themes] == ["#222222"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    assert load_themes([tmp_path])[0] == []
