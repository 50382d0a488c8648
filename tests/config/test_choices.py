"""The last choices: kept between starts, and never in the way."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from metis_tui.config.choices import Choices, ChoicesFile


def test_choices_are_kept_one_by_one(tmp_path: Path) -> None:
    file = ChoicesFile(tmp_path / "state")
    assert file.load() == Choices()
    file.update(theme="metis-light")
    file.update(model="gpt-oss-120b@metis", has_seen_notice=True)
    assert ChoicesFile(tmp_path / "state").load() == Choices("metis-light", "gpt-oss-120b@metis", True)
    written = tmp_path / "state" / "choices.json"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert [path.name for path in written.parent.iterdir()] == ["choices.json"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"theme": 5, "model": [], "has_seen_notice": "yes"}', b"{"]
)
def test_a_damaged_file_is_no_choice(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "choices.json").write_bytes(content)
    assert ChoicesFile(tmp_path).load() == Choices()


def test_a_place_that_cannot_be_written_is_silent(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    ChoicesFile(tmp_path / "state").update(theme="metis-light")
    assert ChoicesFile(tmp_path / "state").load() == Choices()
