"""Lists come from the ends of the journals, complete and in order, however long and many the journals are."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.identifiers import new_ulid
from metis_tui.store import activity
from metis_tui.store.activity import Hint, JournalReader, JournalWriter, encode_hint, newest_first
from metis_tui.store.disk import Disk
from metis_tui.store.layout import Layout

START = 1_700_000_000_000


def hint(conversation_id: str, ts: int, **facts: object) -> Hint:
    summary = ConversationSummary(conversation_id, "Title", "m@x", START, ts, 2, excerpt="first words")
    return Hint(ts, replace(summary, **facts))  # type: ignore[arg-type]


@pytest.fixture
def journals(tmp_path: Path) -> tuple[Layout, list[Hint]]:
    """Three journals of several blocks, and the newest hint of each conversation, newest first."""
    chance = random.Random(3)
    ids = [new_ulid(START + i) for i in range(400)]
    newest: dict[str, Hint] = {}
    writers = [JournalWriter(Layout(tmp_path, boot), Disk()) for boot in ("aaaaaaaa", "bbbbbbbb", "cccccccc")]
    for step in range(4000):
        made = hint(chance.choice(ids), START + step * 60_000, is_trashed=chance.random() < 0.1)
        newest[made.summary.id] = made
        chance.choice(writers).append(encode_hint(made))
    for writer in writers:
        writer.close()
    return Layout(tmp_path, "aaaaaaaa"), sorted(newest.values(), key=lambda h: h.ts, reverse=True)


@pytest.mark.parametrize("include_trashed", [True, False])
@pytest.mark.parametrize("limit", [1, 50, 399, 1000])
def test_the_ends_of_the_journals_are_enough(
    journals: tuple[Layout, list[Hint]], limit: int, include_trashed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "_BLOCK", 4096)
    layout, newest = journals
    wanted = [h.summary for h in newest if include_trashed or not h.summary.is_trashed][:limit]
    reader = JournalReader(layout)
    found = reader.newest(limit, include_trashed=include_trashed)
    assert newest_first(found, limit, include_trashed=include_trashed) == wanted
    assert newest_first(reader.all(), limit, include_trashed=include_trashed) == wanted


def test_little_is_read_for_the_first_page(journals: tuple[Layout, list[Hint]]) -> None:
    assert len(JournalReader(journals[0]).newest(5, include_trashed=False)) < 400


def test_reading_goes_on_where_it_stopped(journals: tuple[Layout, list[Hint]]) -> None:
    layout, newest = journals
    reader = JournalReader(layout)
    reader.all()
    changed = hint(newest[-1].summary.id, newest[0].ts + 1, title="Changed")
    line = encode_hint(changed)
    with open(layout.journal, "ab") as journal:
        journal.write(line[:50])
        journal.flush()
        assert newest_first(reader.all(), 1, include_trashed=True) != [changed.summary]
        journal.write(line[50:])
    assert newest_first(reader.all(), 1, include_trashed=True) == [changed.summary]


def test_an_older_line_does_not_undo_a_newer(tmp_path: Path) -> None:
    conversation_id = new_ulid()
    for boot, ts in (("aaaaaaaa", START + 5), ("bbbbbbbb", START)):
        JournalWriter(Layout(tmp_path, boot), Disk()).append(encode_hint(hint(conversation_id, ts, title=boot)))
    assert JournalReader(Layout(tmp_path, "cccccccc")).all()[conversation_id].summary.title == "aaaaaaaa"


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"garbage\n" * 9000, b'{"v":1,"t":"activity","conv":"x"}\n'])
def test_damage_in_a_journal_costs_nothing_else(tmp_path: Path, damage: bytes) -> None:
    layout = Layout(tmp_path, "aaaaaaaa")
    writer = JournalWriter(layout, Disk())
    made = [hint(new_ulid(), START + i) for i in range(3)]
    for one in made:
        writer.append(encode_hint(one))
        with open(layout.journal, "ab") as journal:
            journal.write(damage)
    writer.close()
    assert len(JournalReader(layout).newest(3, include_trashed=False)) == 3
    assert len(JournalReader(layout).all()) == 3


def test_a_journal_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    layout = Layout(tmp_path, "aaaaaaaa")
    writer = JournalWriter(layout, Disk())
    for _ in range(2):
        writer.append(encode_hint(hint(new_ulid(), START)))
        assert len(JournalReader(layout).all()) == 1
        layout.journal.unlink()
    writer.close()
