"""`history export`, `import` and `cite`, and a file that the application shows, with the real formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from history_runs import History

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.identifiers import new_ulid
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.guests import GuestStore


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "data", exchange=FileExchange())


@pytest.fixture
def other(tmp_path: Path) -> History:
    """Somebody else's, with nothing in it."""
    return History(tmp_path / "other", exchange=FileExchange())


async def test_an_export_comes_back_the_same_and_only_once(history: History, other: History, tmp_path: Path) -> None:
    one, two = await history.save("one"), await history.save("two")
    await history("tag", one.id, "+vasp")
    file = tmp_path / "out.json"
    told = (await history("export", one.id, two.id, "--format", "json", "-o", str(file), "--json")).json
    assert (told["path"], told["conversations"]) == (str(file), [one.id, two.id])
    assert file.stat().st_mode & 0o777 == 0o600
    dry = (await other("import", str(file), "--dry-run", "--json")).json
    assert dry["files"][0]["new_messages"] == 4
    assert not other.data.exists()
    (taken,) = (await other("import", str(file), "--json")).json["files"]
    assert (taken["new_conversations"], taken["new_messages"], taken["error"]) == (2, 4, None)
    assert taken["source"]
    again = await other("import", str(file), "--json")
    assert again.code == 0
    assert [again.json["files"][0][key] for key in ("new_conversations", "known_messages", "ids")] == [0, 4, []]
    assert (await other("export", one.id, two.id, "--format", "json")).out == file.read_text()
    assert "here already: 2 conversations, 4 messages" in (await other("import", str(file))).out


async def test_a_file_that_is_no_export_is_told_and_the_others_are_taken(
    history: History, other: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await history.save("one")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    await history("export", "last", "--format", "json", "-o", str(good))
    bad.write_text("no JSON")
    done = await other("import", str(bad), str(tmp_path / "none"), str(good), "--json")
    assert done.code == 1
    assert [file["error"] is None for file in done.json["files"]] == [False, False, True]
    assert "This file cannot be imported" in capsys.readouterr().err
    assert len((await other("list")).lines) == 1


async def test_nothing_is_overwritten_unless_it_is_said(history: History, tmp_path: Path) -> None:
    await history.save("Why does MPI hang?")
    folder = tmp_path / "exports"
    folder.mkdir()
    target = folder / "why-does-mpi-hang.md"
    assert (await history("export", "last", "-o", str(folder))).code == 0
    before = target.read_text()
    target.write_text("mine")
    refused = await history("export", "last", "-o", str(target), "--json")
    assert (refused.code, refused.json["error"]["hint"]) == (2, "--force overwrites it.")
    assert target.read_text() == "mine"
    assert (await history("export", "last", "-o", str(target), "--force")).code == 0
    assert target.read_text() == before
    assert [path.name for path in folder.iterdir()] == [target.name]
    missing = await history("export", "last", "-o", str(folder / "no" / "such"), "--json")
    assert (missing.code, missing.json["error"]["title"]) == (1, "The file was not written")


async def test_which_conversations(history: History) -> None:
    one, two = await history.save("one"), await history.save("two")
    assert (await history("export")).code == 2
    assert (await history("export", "last", "--all")).code == 2
    everything = json.loads((await history("export", "--all", "--format", "json")).out)
    assert one.id in str(everything)
    assert two.id in str(everything)
    await history("tag", one.id, "+vasp")
    only = (await history("export", "--query", "tag:vasp", "--format", "jsonl")).out
    assert one.id in only
    assert two.id not in only
    assert (await history("export", "last", "--json", "-o", "-")).code == 2
    assert (await history("export", "last", "-o", "-", "--format", "bundle", is_terminal=True)).code == 2


async def test_cite(history: History) -> None:
    conversation = await history.save("one")
    text = (await history("cite", "last")).out
    assert "@inproceedings" in text
    assert "gpt-oss-120b" in text
    told = (await history("cite", conversation.id, "--json")).json
    assert told["conversations"] == [conversation.id]
    assert all(told[part] in text for part in ("bibtex", "acknowledgement", "policy", "methods"))
    assert "gpt-oss-120b" in told["methods"]


async def test_provenance_of_one_message_and_of_all(history: History) -> None:
    conversation = await history.save("one")
    told = (await history("show", "last", "--provenance", "--json")).json
    assert [message["message"] for message in told["messages"]] == [conversation.head]
    text = (await history("show", "last", "--provenance", "--message", conversation.head or "")).out
    assert "seed" in text
    assert "7" in text
    assert "not sent: the model's default" in text


async def test_guests_are_shown_and_what_is_begun_beside_them_is_saved(history: History, tmp_path: Path) -> None:
    mine, sent = await history.save("mine"), await history.save("sent")
    file = tmp_path / "sent.json"
    await history("export", sent.id, "--format", "json", "-o", str(file))
    before = {path: path.read_bytes() for path in history.data.rglob("*") if path.is_file()}
    home = ConversationFiles(history.data)
    store = GuestStore(FileExchange().read(file).conversations, file.name, home)
    (shown,) = await store.list()
    assert shown.id == sent.id
    guest = await store.open(sent.id)
    assert (guest.is_read_only, guest.read_only_reason) == (True, "It is shown from the file sent.json.")
    guest.add(ChatMessage(new_ulid(), guest.head, "user", "more", 1))
    assert not await store.append(guest, guest.path()[-1])
    assert not await store.trash(sent.id)
    assert len((await store.open(sent.id)).messages) == 2
    assert await store.recover() == 0
    assert {path: path.read_bytes() for path in history.data.rglob("*") if path.is_file()} == before
    opened = await store.open(mine.id)
    assert not opened.is_read_only
    more = ChatMessage(new_ulid(), opened.head, "user", "more", 1)
    opened.add(more)
    assert await store.append(opened, more)
    assert {summary.id for summary in await store.list()} == {sent.id, mine.id}
    await store.close()
    assert len((await History(history.data)("show", mine.id, "--json")).json["messages"]) == 3
