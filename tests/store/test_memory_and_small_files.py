"""The store that leaves nothing on disk, and the two small files of conveniences."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from store_samples import add_prompt, new_reply

from metis_tui.chat.conversation import Conversation
from metis_tui.chat.ports import ConversationStore, Measurement, MeasurementLog, SaveStatus
from metis_tui.store.drafts import NEW, DraftFile
from metis_tui.store.measurements import MeasurementFile
from metis_tui.store.memory import MemoryStore


async def test_memory_store(home: Path) -> None:
    store: ConversationStore = MemoryStore()
    conversation = Conversation()
    assert await store.set_value(conversation, "system", "Be brief.")
    assert list(await store.list()) == []
    prompt = add_prompt(conversation)
    assert await store.append(conversation, prompt)
    reply = new_reply(prompt)
    store.begin_reply(conversation, reply)
    store.checkpoint(reply.id, "x", "")
    conversation.add(reply)
    assert await store.append(conversation, reply)
    assert await store.set_value(conversation, "title", "Mine")
    found = await store.open(conversation.id)
    assert found == conversation
    found.messages.clear()
    assert (await store.open(conversation.id)).messages, "what is kept cannot be changed from outside"
    assert await store.trash(conversation.id)
    assert list(await store.list()) == []
    assert len(await store.list(include_trashed=True)) == 1
    assert await store.restore(conversation.id)
    assert (await store.list(limit=1))[0].title == "Mine"
    assert await store.recover() == 0
    assert await store.close() == SaveStatus(True)
    with pytest.raises(KeyError):
        await store.open("gone")
    assert list(home.iterdir()) == []


async def test_memory_store_with_a_trouble() -> None:
    store = MemoryStore("the folder is read-only")
    conversation = Conversation()
    assert not await store.append(conversation, add_prompt(conversation))
    assert await store.tag(conversation, add=["a"]) is False
    assert store.status == SaveStatus(False, trouble="the folder is read-only")
    assert await store.find(conversation.id[:6]) == await store.last_id() == conversation.id
    assert not await store.refresh(conversation)


def test_measurements(tmp_path: Path) -> None:
    log: MeasurementLog = MeasurementFile(tmp_path / "state")
    assert log.load() == {}
    log.record("a@x", Measurement(0.5, 80.0, 100.0))
    log.record("b@x", Measurement(None, None, 100.0))
    log.record("a@x", Measurement(0.1, 10.0, 50.0))
    other = MeasurementFile(tmp_path / "state")
    assert isinstance(log, MeasurementFile)
    assert log.close(5)
    other.record("c@x", Measurement(1, 2, 3))
    assert other.close(5)
    assert other.load() == {
        "a@x": Measurement(0.5, 80.0, 100.0),
        "b@x": Measurement(None, None, 100.0),
        "c@x": Measurement(1, 2, 3),
    }
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["measurements.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "5", '{"a@x": 5, "b@x": {"measured_at": "x"}}', "\0\0"])
def test_damaged_measurements_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "measurements.json").write_text(content)
    log = MeasurementFile(tmp_path)
    assert log.load() == {}
    log.record("a@x", Measurement(1, 2, 3))
    assert log.close(5)
    assert log.load()["a@x"] == Measurement(1, 2, 3)


def test_an_unusable_state_folder_is_silent(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    log = MeasurementFile(tmp_path / "state")
    log.record("a@x", Measurement(1, 2, 3))
    assert log.close(5)
    assert log.load() == {}


def test_drafts(tmp_path: Path) -> None:
    drafts = DraftFile(tmp_path)
    assert drafts.load(NEW) == ""
    drafts.save(NEW, "half a thought\n\ud800")
    drafts.save("01abc", "for this one")
    assert drafts.close(5)
    assert stat.S_IMODE((tmp_path / "drafts.json").stat().st_mode) == 0o600
    assert (drafts.load(NEW), drafts.load("01abc")) == ("half a thought\n\ufffd", "for this one")
    drafts.save(NEW, "")
    drafts.save("long", "x" * 2_100_000)
    assert drafts.close(5)
    assert (drafts.load(NEW), len(drafts.load("long"))) == ("", 2_097_152)


def test_few_drafts_are_kept(tmp_path: Path) -> None:
    drafts = DraftFile(tmp_path)
    for i in range(30):
        drafts.save(str(i), f"text {i}")
    assert drafts.close(5)
    assert list(json.loads((tmp_path / "drafts.json").read_text())) == [str(i) for i in range(10, 30)]


def test_long_drafts_push_out_older_ones(tmp_path: Path) -> None:
    drafts = DraftFile(tmp_path)
    for name in "abcd":
        drafts.save(name, "☃" * 2_000_000)
    assert drafts.close(10)
    assert [len(drafts.load(name)) for name in "abcd"] == [0, 0, 2_000_000, 2_000_000]
