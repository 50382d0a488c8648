"""Bundles: the same bytes each time, whole, checked, and harmless to read."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from exchange_samples import rich_conversation, stored, ulid

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.exchange import ImportFailure
from metis_tui.exchange import archive as archives
from metis_tui.exchange.file_exchange import FileExchange

EXCHANGE = FileExchange()
Files = dict[str, bytes]


def two() -> list[Conversation]:
    return [rich_conversation(), replace(rich_conversation(), id=ulid(50), title="../../etc")]


def rewritten(data: bytes, change: Callable[[Files], None]) -> bytes:
    """The bundle with other files in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


async def test_a_bundle_is_deterministic_and_comes_back_byte_for_byte(tmp_path: Path) -> None:
    conversations = await stored(tmp_path / "one", two())
    first = EXCHANGE.export(conversations, "bundle")
    assert EXCHANGE.export(conversations, "bundle") == first
    file = tmp_path / "bundle"
    file.write_bytes(first)
    imported = EXCHANGE.read(file)
    assert imported.problems == ()
    assert EXCHANGE.export(await stored(tmp_path / "two", list(imported.conversations)), "bundle") == first


def test_everything_in_it_is_listed_with_its_checksum() -> None:
    with zipfile.ZipFile(io.BytesIO(EXCHANGE.export(two(), "bundle"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = archive.namelist()
        assert names == ["manifest.json", *manifest["files"]]
        for name, listed in manifest["files"].items():
            content = archive.read(name)
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (listed["sha256"], listed["size"])
        assert not [name for name in names if name.startswith("/") or ".." in name]


@pytest.mark.parametrize("case", ["changed", "unlisted", "missing", "no manifest", "newer", "cut", "bomb"])
def test_a_bundle_that_is_not_whole_is_refused(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(files: Files) -> None:
        manifest = json.loads(files["manifest.json"])
        if case == "changed":
            files["conversations.json"] = files["conversations.json"].replace(b"plasma", b"plastic")
        elif case == "unlisted":
            del manifest["files"]["conversations.json"]
        elif case == "missing":
            del files["conversations.json"]
        elif case == "newer":
            manifest["version"] = 99
        elif case == "bomb":
            files["conversations.json"] = b" " * 10_000_000
        files["manifest.json"] = b"{}" if case == "no manifest" else json.dumps(manifest).encode()

    data = rewritten(EXCHANGE.export(two(), "bundle"), change)
    file = tmp_path / "bundle"
    file.write_bytes(data[:-100] if case == "cut" else data)
    if case == "bomb":
        monkeypatch.setattr("metis_tui.exchange.reading.LARGEST_TEXT", 1_000_000)
    with pytest.raises(ImportFailure):
        EXCHANGE.read(file)


def test_other_files_that_were_changed_are_told(tmp_path: Path) -> None:
    def change(files: Files) -> None:
        files["conversations.html"] = b"<script>"
        files["../../evil"] = b"never written anywhere"

    file = tmp_path / "bundle"
    file.write_bytes(rewritten(EXCHANGE.export(two(), "bundle"), change))
    imported = EXCHANGE.read(file)
    assert len(imported.conversations) == 2
    assert ["conversations.html" in problem for problem in imported.problems] == [True]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["bundle"]


def test_a_zip_file_with_too_many_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    file = tmp_path / "bundle"
    file.write_bytes(EXCHANGE.export(two(), "bundle"))
    with pytest.raises(ImportFailure):
        EXCHANGE.read(file)
