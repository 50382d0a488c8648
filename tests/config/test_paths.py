"""Where files live."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from metis_tui.config.paths import find_paths, make_private_folder


def test_variables_decide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for purpose in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"METIS_TUI_{purpose}_DIR", str(tmp_path / purpose.lower()))
    paths = find_paths()
    assert paths.config_file == tmp_path / "config" / "config.toml"
    assert paths.user_themes == tmp_path / "config" / "themes"
    assert (paths.data, paths.state, paths.cache) == (tmp_path / "data", tmp_path / "state", tmp_path / "cache")


def test_without_variables_the_home_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("METIS_TUI_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_paths().data.is_relative_to(tmp_path)


def test_the_demo_has_its_own_data_and_state_but_the_same_settings(home: Path) -> None:
    paths = find_paths()
    demo = paths.for_demo()
    assert demo.config == paths.config
    assert demo.data != paths.data
    assert demo.state != paths.state


def test_private_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private_folder(folder)
    make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        make_private_folder(tmp_path / "file")
