"""Looks for records that cannot be read and puts their bytes aside, for `doctor`. Blocking; edits no conversation."""

from __future__ import annotations

import time
from pathlib import Path

from metis_tui.chat.checkup import Damage, DamageReport
from metis_tui.chat.conversation import DamagedRecord
from metis_tui.store.disk import Disk, in_words
from metis_tui.store.layout import Layout
from metis_tui.store.pace import Pace
from metis_tui.store.segment_files import read_segments

FOLDER = "quarantine"
_LARGEST_BYTES = 64 * 1024 * 1024
"""Of one record that are put aside; zeros that a crash has left may be many more."""


def examine(data: Path, *, seconds: float) -> DamageReport:
    """Reads all conversations, newest first, for so long at most, and writes what is damaged to `quarantine/`."""
    layout, disk, pace = Layout(data, ""), Disk(), Pace()
    end = time.monotonic() + seconds
    looked_at, damages, trouble = 0, list[Damage](), ""
    by_id = layout.all_segments()
    for conversation_id in sorted(by_id, reverse=True):
        if time.monotonic() > end:
            break
        looked_at += 1
        content = read_segments(by_id[conversation_id], settled_seconds=pace.settled_seconds)
        for record in content.damaged:
            saved_as = ""
            try:
                saved_as = _put_aside(record, data / FOLDER, disk) if record.length else ""
            except OSError as error:
                trouble = in_words(error)
            damages.append(Damage(conversation_id, record, saved_as))
    return DamageReport(len(by_id), looked_at, tuple(damages), trouble)


def _put_aside(record: DamagedRecord, folder: Path, disk: Disk) -> str:
    """The file with the record's bytes. It has the same name the next time, and stays as it is."""
    path = Path(record.path)
    to = folder / f"{path.stem}.{record.offset}-{record.length}.bin"
    if not to.exists():
        with path.open("rb") as file:
            file.seek(record.offset)
            disk.publish(to, file.read(min(record.length, _LARGEST_BYTES)), is_new=True)
    return str(to)
