"""`history search` and `reindex` with a real index, and exports of what is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from history_runs import History

from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.store.search import ConversationIndex


@pytest.fixture
def history(tmp_path: Path, home: Path) -> History:
    data = tmp_path / "data"
    return History(data, search=lambda _: ConversationIndex(data, cache=tmp_path / "cache"), exchange=FileExchange())


async def test_hits_with_ids_and_places(history: History) -> None:
    one, _ = await history.save("one", "Magnets hold the plasma."), await history.save("two", "Nothing of it.")
    found = (await history("search", "plasma", "--json")).json
    (hit,) = found["hits"]
    assert (hit["conversation"], hit["message"], hit["title"]) == (one.id, one.head, "one")
    assert (hit["role"], hit["model"]) == ("assistant", "gpt-oss-120b@metis")
    assert [hit["excerpt"][start:end] for start, end in hit["spans"]] == ["plasma"]
    assert (found["is_complete"], found["is_cut"], found["query"]) == (True, False, "plasma")


async def test_a_pipe_gets_a_line_for_each_hit_and_a_terminal_marks_the_words(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await history.save("What is a plasma?", "A plasma is\ta gas.")
    lines = [line.split("\t") for line in (await history("search", "plasma")).lines]
    assert [len(fields) for fields in lines] == [6, 6]
    assert [fields[0] for fields in lines] == [one.id, one.id]
    assert {fields[3] for fields in lines} == {"you", "gpt-oss-120b@metis"}
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "What is a \x1b[1mplasma\x1b[0m?" in (await history("search", "plasma", is_terminal=True)).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in (await history("search", "plasma", is_terminal=True)).out


async def test_nothing_found_is_1_and_a_filter_that_makes_no_sense_2(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    await history.save("one")
    done = await history("search", "zeppelin")
    assert (done.code, done.out) == (1, "")
    assert "nothing is found" in capsys.readouterr().err
    empty = await history("search", "zeppelin", "--json")
    assert (empty.code, empty.json["hits"]) == (1, [])
    wrong = await history("search", "plasma", "role:captain", "--json")
    assert wrong.code == 2
    assert "captain" in wrong.json["error"]["reason"]


async def test_filters_alone_list_conversations(history: History) -> None:
    one, two = await history.save("one"), await history.save("two")
    await history("tag", one.id, "+vasp")
    assert [line[:26] for line in (await history("search", "tag:vasp")).lines] == [one.id]
    await history("trash", two.id)
    assert [row["id"] for row in (await history("search", "is:trash", "--json")).json["conversations"]] == [two.id]
    assert (await history("search", "is:pinned")).code == 1


async def test_a_title_is_found_as_well(history: History) -> None:
    one, two = await history.save("one"), await history.save("Zeppelin")
    await history("rename", one.id, "A zeppelin study")
    lines = [line.split("\t") for line in (await history("search", "zeppelin")).lines]
    assert [(fields[0], bool(fields[1])) for fields in lines] == [(one.id, False), (two.id, True)]
    assert "(title)" in (await history("search", "zeppelin", is_terminal=True)).out
    told = (await history("search", "study", "--json")).json
    assert ([row["id"] for row in told["conversations"]], told["hits"]) == ([one.id], [])


async def test_words_and_filters_the_limit_and_the_best_first(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        await history.save(f"number {number}", "plasma " * (number + 1))
    assert len((await history("search", "plasma", "role:reply", "--limit", "2")).lines) == 2
    assert "--limit takes more" in capsys.readouterr().err
    assert len((await history("search", "plasma", "--best")).lines) == 3
    assert (await history("search", "plasma", "role:user")).code == 1
    assert len((await history("search", "--", "number", "-1")).lines) == 2


async def test_reindex(history: History) -> None:
    one = await history.save("one", "plasma")
    told = (await history("reindex", "--json")).json
    assert (told["conversations"], told["is_ready"], told["has_index"]) == (1, True, True)
    assert Path(told["path"]).is_file()
    assert "1 conversation indexed" in (await history("reindex")).out
    assert one.id in (await history("search", "plasma")).out


async def test_what_is_found_is_exported(history: History) -> None:
    one, two = await history.save("one", "plasma"), await history.save("two", "gas")
    out = (await history("export", "--query", "plasma", "--format", "jsonl")).out
    assert one.id in out
    assert two.id not in out
    assert (await history("export", "--query", "zeppelin")).code == 1


async def test_what_was_emptied_from_the_trash_is_not_found(history: History) -> None:
    gone = await history.save("one", "plasma")
    assert (await history("search", "plasma")).code == 0
    await history("trash", gone.id)
    assert (await history("search", "plasma")).code == 1
    assert (await history("search", "plasma", "is:trash")).code == 0
    await history("trash", "--empty", "--yes")
    assert (await history("search", "plasma", "is:trash")).code == 1
    await history("restore", gone.id)
    assert (await history("search", "plasma")).code == 0
