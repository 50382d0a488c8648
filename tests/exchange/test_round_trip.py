"""What is exported and imported again is the same, to the byte, through real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from exchange_samples import rich_conversation, stored

from metis_tui.chat.exchange import ExportFormat
from metis_tui.exchange.file_exchange import FileExchange


@pytest.mark.parametrize("kind", ["json", "jsonl"])
async def test_export_import_export_gives_the_same_bytes(tmp_path: Path, kind: ExportFormat) -> None:
    exchange = FileExchange()
    first = exchange.export(await stored(tmp_path / "one", [rich_conversation()]), kind)
    file = tmp_path / "export"
    file.write_bytes(first)
    imported = exchange.read(file)
    assert imported.problems == ()
    again = exchange.export(await stored(tmp_path / "two", list(imported.conversations)), kind)
    assert again == first
