"""`history list`, `show`, `rename`, `tag`, `trash` and `restore`, on a real store."""

from __future__ import annotations

from pathlib import Path

import pytest
from history_runs import History


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "data")


async def test_the_list_hides_what_is_archived_or_trashed(history: History) -> None:
    texts = ("shown", "archived", "trashed")
    shown, archived, trashed = [await history.save(text, at=1_700_000_000_000 + n) for n, text in enumerate(texts)]
    async with history.store() as store:
        await store.set_value(await store.open(archived.id), "archive", True)
        await store.set_value(await store.open(shown.id), "pin", True)
    await history("trash", trashed.id)

    async def listed(*words: str) -> list[str]:
        return [line[:26] for line in (await history("list", *words)).lines]

    assert await listed() == [shown.id]
    assert await listed("--archived") == [archived.id]
    assert await listed("--trash") == [trashed.id]
    assert await listed("--all") == [archived.id, shown.id]
    assert await listed("--limit", "1") == [shown.id]
    assert "[pinned]" in (await history("list")).out
    (row,) = (await history("list", "--trash", "--json")).json["conversations"]
    assert (row["id"], row["is_trashed"], row["message_count"]) == (trashed.id, True, 2)


async def test_the_list_by_tag_and_model(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = await history.save("one"), await history.save("two")
    await history("tag", one.id, "+VASP", "+beam")
    assert [row["id"] for row in (await history("list", "--tag", "vasp", "--json")).json["conversations"]] == [one.id]
    assert "#VASP #beam" in (await history("list", "--tag", "beam", "--model", "OSS-120b@m")).out
    assert (await history("list", "--model", "llama")).out == ""
    assert "no conversation fits" in capsys.readouterr().err
    assert len((await history("list", "--model", "gpt")).lines) == 2
    assert two.id in (await history("list")).out


async def test_a_small_limit_is_filled_with_what_fits(history: History) -> None:
    """The ends of the journals hold the newest conversations, which may all be hidden."""
    kept = [await history.save(f"kept {n}", at=1_700_000_000_000 + n) for n in range(2)]
    hidden = [await history.save(f"hidden {n}", at=1_700_000_100_000 + n) for n in range(6)]
    await history("trash", *(conversation.id for conversation in hidden))
    assert [line[:26] for line in (await history("list", "--limit", "2")).lines] == [kept[1].id, kept[0].id]


async def test_tags_are_added_removed_and_printed(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    conversation = await history.save("one")
    assert (await history("tag", "last", "+vasp", "--add", "old")).lines == ["vasp", "old"]
    assert (await history("tag", "last", "-OLD", "+Vasp", "-none")).lines == ["vasp"]
    assert "it has no tag none" in capsys.readouterr().err
    assert (await history("tag", "last", "--json")).json == {"id": conversation.id, "tags": ["vasp"]}
    refused = await history("tag", "last", "+two words", "--json")
    assert refused.code == 2
    assert refused.json["error"]["title"] == "This is no tag"


async def test_rename(history: History) -> None:
    conversation = await history.save("one")
    assert (await history("rename", conversation.id[-8:], "Another\n title")).code == 0
    assert "Another title" in (await history("list")).out
    assert (await history("rename", "last", "  ")).code == 2


async def test_an_id_that_is_not_there_or_not_enough(history: History) -> None:
    await history.save("one")
    await history.save("two")
    assert (await history("show", "zz", "--json")).json["error"]["kind"] == "not_found"
    ambiguous = await history("trash", "0", "--json")
    assert (ambiguous.code, ambiguous.json["error"]["title"]) == (2, "Which conversation?")
    assert (await history("rename", "zz", "x")).code == 1


async def test_trash_and_restore(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = await history.save("one"), await history.save("two")
    assert (await history("trash", one.id, two.id)).lines == [one.id, two.id]
    assert f"history restore {one.id} {two.id}" in capsys.readouterr().err
    assert (await history("list")).out == ""
    assert (await history("restore", one.id[:-2], "--json")).json == {"restored": [one.id], "not_trashed": []}
    assert (await history("restore", one.id, "--json")).json["not_trashed"] == [one.id]
    assert [line[:26] for line in (await history("list")).lines] == [one.id]
    assert (await history("trash")).code == 2
    assert (await history("trash", one.id, "--empty")).code == 2


async def test_the_trash_is_emptied_when_somebody_agrees(history: History) -> None:
    kept, gone = await history.save("kept"), await history.save("gone")
    await history("trash", gone.id)
    refused = await history("trash", "--empty", "--json")
    assert (refused.code, refused.json["error"]["hint"]) == (2, "Say --yes if that is what you want.")
    assert (await history("trash", "--empty", "--yes", "--json")).json["gone"] == [gone.id]
    assert (await history("list", "--trash")).out == ""
    assert [row["id"] for row in (await history("list", "--emptied", "--json")).json["conversations"]] == [gone.id]
    assert [path.name[:26] for path in (history.data / "conversations").rglob("*.jsonl")] == [kept.id]
    assert (await history("restore", gone.id[:20])).lines == [gone.id]
    assert len((await history("list")).lines) == 2
    assert (await history("list", "--emptied")).out == ""
    assert (await history("trash", "--empty", "--json")).json["gone"] == []


async def test_show_one_message(history: History) -> None:
    conversation = await history.save("one", "The reply")
    reply = conversation.head or ""
    assert (await history("show", "last", "--message", reply[-6:])).out == "The reply"
    assert (await history("show", "last", "--message", reply, "--json")).json["text"] == "The reply"
    missing = await history("show", "last", "--message", "zz", "--json")
    assert (missing.code, missing.json["error"]["title"]) == (1, "No such message")
    assert (await history("show", "last", "--json")).json["tags"] == []


async def test_rows_fit_the_terminal(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = await history.save("量子" * 40)
    whole = (await history("list")).lines[0]
    for columns in (200, 120, 80, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        (line,) = (await history("list", is_terminal=True)).lines
        assert line.startswith(conversation.id)
        assert sum(2 if ord(character) > 0x2FFF else 1 for character in line) <= max(columns, 53)
        assert ("gpt-oss-120b@metis" in line) == (columns > 100)
    assert len(whole) > 120
