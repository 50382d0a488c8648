"""Files for the user: whole or not at all, private, and never over another one unless told."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from metis_tui.config.user_file import publish


def test_a_new_file_is_private_and_nothing_is_left_beside_it(home: Path) -> None:
    publish(home / "a.md", b"words", may_overwrite=False)
    assert (home / "a.md").read_bytes() == b"words"
    assert stat.S_IMODE((home / "a.md").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["a.md"]


def test_another_file_or_a_dangling_link_stays(home: Path) -> None:
    (home / "there").write_bytes(b"mine")
    (home / "link").symlink_to(home / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            publish(home / name, b"theirs", may_overwrite=False)
    assert (home / "there").read_bytes() == b"mine"
    assert not (home / "nowhere").exists()


def test_what_may_be_overwritten_keeps_its_mode_and_its_link(home: Path) -> None:
    script = home / "run.sh"
    script.write_bytes(b"old")
    script.chmod(0o750)
    (home / "link").symlink_to(script)
    publish(home / "link", b"new", may_overwrite=True)
    assert (script.read_bytes(), stat.S_IMODE(script.stat().st_mode)) == (b"new", 0o750)
    assert (home / "link").is_symlink()


def test_a_folder_that_is_not_there_changes_nothing(home: Path) -> None:
    with pytest.raises(FileNotFoundError):
        publish(home / "gone" / "a", b"x", may_overwrite=True)
    assert list(home.iterdir()) == []
