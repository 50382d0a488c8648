"""config.toml: whatever it holds, start-up goes on and says what was wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from metis_tui.config.settings import DEFAULT_BASE_URL, Settings, as_toml, load_settings, with_environment


def load(folder: Path, content: bytes) -> tuple[Settings, list[str]]:
    path = folder / "config.toml"
    path.write_bytes(content)
    return load_settings(path)


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == (Settings(), [])


def test_good_keys_are_taken(tmp_path: Path) -> None:
    settings, problems = load(tmp_path, b'model = "gpt-oss-120b"\nmouse = false\n[parameters]\ntemperature = 0.2\n')
    assert problems == []
    assert (settings.model, settings.mouse, settings.parameters) == ("gpt-oss-120b", False, {"temperature": 0.2})


@pytest.mark.parametrize(
    "content",
    [b"this is = = no toml", b"\xff\xfe\x00", b"model = 'open", b"a = " + b"[" * 5000],
    ids=["syntax", "not UTF-8", "cut off", "too deep"],
)
def test_a_damaged_file_leaves_the_defaults(tmp_path: Path, content: bytes) -> None:
    settings, problems = load(tmp_path, content)
    assert settings == Settings()
    assert len(problems) == 1
    assert "config.toml" in problems[0]


@pytest.mark.parametrize(
    "line",
    [
        "base_url = 'ftp://host'",
        "model = 5",
        "frames_per_second = 500",
        "frames_per_second = true",
        "display = 'thrifty'",
        "line = 2",
        "mouse = 'yes'",
        "sign_in_days = 0",
        "parameters = 'hot'",
        "keys = {send = 5}",
        "colour = 'red'",
    ],
)
def test_one_bad_key_costs_only_itself(tmp_path: Path, line: str) -> None:
    settings, problems = load(tmp_path, f"{line}\nsystem = 'kept'\n".encode())
    assert settings == Settings(system="kept")
    assert len(problems) == 1
    assert line.split(" ")[0] in problems[0]


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    settings, problems = load_settings(tmp_path / "config.toml")
    assert settings == Settings()
    assert len(problems) == 1


def test_the_address_comes_from_the_command_line_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METIS_TUI_BASE_URL", raising=False)
    assert with_environment(Settings()).base_url == DEFAULT_BASE_URL
    monkeypatch.setenv("METIS_TUI_BASE_URL", " https://other.example/ ")
    assert with_environment(Settings()).base_url == "https://other.example/"
    assert with_environment(Settings(), "https://third.example/").base_url == "https://third.example/"


def test_settings_written_as_toml_read_back_the_same(tmp_path: Path) -> None:
    settings = Settings(
        model='with "quotes" and \\',
        system="two\nlines \x7f naïve 你好",
        parameters={"temperature": 0.5, "stop": ["a", "b"]},
        keys={"new conversation": "ctrl+n"},
    )
    assert load(tmp_path, as_toml(settings).encode()) == (settings, [])
