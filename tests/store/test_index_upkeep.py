"""The index can be lost, damaged, shared or impossible at any moment: searching goes on and is right."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from search_samples import find, say, texts
from store_samples import segments, start_python, until

from metis_tui.chat.search import IndexProgress
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.store.index.files import IndexFiles
from metis_tui.store.index.place import VARIABLE, NoPlace, index_folder
from metis_tui.store.search import ConversationIndex

Open = Callable[..., ConversationFiles]
OpenIndex = Callable[..., ConversationIndex]


@pytest.fixture
def folder(home: Path) -> Path:
    """Where the index is."""
    return home / "index" / f"metis_tui-{os.getuid()}"


def database(folder: Path) -> Path:
    """The only one that there is."""
    (path,) = folder.glob("*.db")
    return path


async def test_everything_that_can_be_deleted_may_be(
    open_store: Open, open_index: OpenIndex, data: Path, folder: Path
) -> None:
    store, index = open_store(), open_index()
    said = await say(store, "one plasma")
    assert await texts(index, "plasma") == ["one plasma"]
    shutil.rmtree(folder)
    assert await texts(index, "plasma") == ["one plasma"]
    shutil.rmtree(data / "activity")
    assert await texts(index, "plasma") == ["one plasma"]
    await say(store, "two plasma", conversation=said)
    shutil.rmtree(data / "activity")
    assert await texts(index, "plasma") == ["two plasma", "one plasma"]
    for path in segments(data):
        path.unlink()
    assert await texts(index, "plasma") == []


async def test_a_change_that_no_journal_tells_is_found_when_a_journal_is_lost(
    open_store: Open, open_index: OpenIndex, data: Path
) -> None:
    said = await say(open_store(), "one plasma")
    first = open_index()
    assert await texts(first, "plasma") == ["one plasma"]
    await first.close()
    await say(open_store(), "two plasma", conversation=said)
    shutil.rmtree(data / "activity")
    assert await texts(open_index(), "plasma") == ["two plasma", "one plasma"]


async def test_files_that_are_copied_in_are_found(open_store: Open, open_index: OpenIndex, data: Path) -> None:
    index = open_index()
    await say(open_store(), "one plasma")
    other = data.parent / "other"
    await say(open_store(data=other), "two plasma")
    assert await texts(index, "plasma") == ["one plasma"]
    shutil.copytree(other / "conversations", data / "conversations", dirs_exist_ok=True)
    index.start()
    assert await texts(index, "plasma") == ["two plasma", "one plasma"]


@pytest.mark.parametrize("where", [0, 4096, -4096])
async def test_a_damaged_index_is_made_anew(
    open_store: Open, open_index: OpenIndex, folder: Path, where: int
) -> None:
    await say(open_store(), "one plasma", "two plasma")
    first = open_index()
    assert len(await texts(first, "plasma")) == 2
    await first.close()
    path = database(folder)
    with open(path, "r+b") as file:
        file.seek(where, os.SEEK_END if where < 0 else os.SEEK_SET)
        file.write(b"\xa5" * 4096)
    assert len(await texts(open_index(), "plasma")) == 2
    assert len(await texts(open_index(), "plas")) == 2


async def test_an_index_that_is_damaged_while_it_is_used_is_made_anew(
    open_store: Open, open_index: OpenIndex, folder: Path
) -> None:
    store, index = open_store(), open_index()
    await say(store, *(f"plasma {number}" for number in range(40)))
    assert len(await texts(index, "plasma")) == 40
    damaged = database(folder)
    with sqlite3.connect(damaged) as other:
        other.execute("PRAGMA writable_schema=ON")
        other.execute("DROP TABLE ft")
    other.close()
    assert len(await texts(index, "plasma")) == 40
    await until(lambda: not damaged.exists())
    assert len(await texts(index, "plasma")) == 40
    assert index.progress.has_index


async def test_another_versions_index_is_not_used(open_store: Open, open_index: OpenIndex, folder: Path) -> None:
    await say(open_store(), "one plasma")
    first = open_index()
    assert await texts(first, "plasma") == ["one plasma"]
    await first.close()
    old = database(folder)
    with sqlite3.connect(old) as other:
        other.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    other.close()
    assert await texts(open_index(), "plasma") == ["one plasma"]
    assert database(folder) != old


async def test_making_it_anew_is_told(open_store: Open, open_index: OpenIndex, folder: Path) -> None:
    index = open_index()
    told: list[IndexProgress] = []
    index.watch(told.append)
    await say(open_store(), "one plasma")
    assert await texts(index, "plasma") == ["one plasma"]
    old = database(folder)
    done = await index.reindex()
    assert (done.done, done.total, done.is_ready) == (1, 1, True)
    assert told[-1] == done
    assert database(folder) == Path(done.where) != old
    assert await texts(index, "plasma") == ["one plasma"]


async def test_without_a_place_the_files_are_searched(
    open_store: Open, open_index: OpenIndex, tmp_path: Path
) -> None:
    blocker = tmp_path / "blocker"
    blocker.touch()
    store = open_store()
    index = open_index(environ={VARIABLE: str(blocker)}, candidates=())
    await say(store, "one plasma", "zwei naïve Plasmen")
    assert await texts(index, "plasm") == ["zwei naïve Plasmen", "one plasma"]
    await say(store, "three plasma")
    assert await texts(index, '"plasma"') == ["three plasma", "one plasma"]
    assert not index.progress.has_index
    assert "blocker" in index.progress.trouble
    assert not (await index.reindex()).has_index


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / f"metis_tui-{os.getuid()}").symlink_to(tmp_path / "real")
    with pytest.raises(NoPlace, match="somebody else"):
        index_folder({VARIABLE: str(tmp_path)}, candidates=())


def test_a_file_server_is_not_used_and_a_folder_is_private(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    base = tmp_path / "with space"
    (base / "nfs").mkdir(parents=True)
    escaped = str(base).replace(" ", "\\040")
    mounts.write_text(
        "1 0 0:1 / / rw - ext4 /dev/sda rw\n"
        f"2 1 0:2 / {escaped} rw shared:1 - xfs /dev/sdb rw\n"
        f"3 2 0:3 / {escaped}/nfs rw - nfs4 server:/home rw\n"
    )
    with pytest.raises(NoPlace, match="nfs4"):
        index_folder({VARIABLE: str(base / "nfs")}, mounts, candidates=())
    found = index_folder({VARIABLE: str(base / "nfs"), "TMPDIR": str(base)}, mounts, candidates=())
    assert found == base / f"metis_tui-{os.getuid()}"
    assert found.stat().st_mode & 0o777 == 0o700


TWO = """
import asyncio, sys
from pathlib import Path
from metis_tui.store.search import ConversationIndex
from metis_tui.chat.search_query import parse_query

async def main():
    index = ConversationIndex(Path(sys.argv[1]))
    print("open", flush=True)
    sys.stdin.readline()
    index.start()
    while not index.progress.is_ready:
        await asyncio.sleep(0.01)
    print(len((await index.search(parse_query("plasma", now=0)[0], limit=1000)).hits), flush=True)
    await index.close()

asyncio.run(main())
"""


async def test_two_processes_build_one_index(open_store: Open, data: Path, folder: Path) -> None:
    import subprocess

    store = open_store()
    for number in range(110):
        await say(store, f"plasma {number}")
    processes = [start_python(TWO, data, stdin=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    answers = [process.communicate("go\n", timeout=30)[0].strip() for process in _all_told(processes)]
    assert answers == ["110", "110"]
    path = database(folder)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*), sum(live) FROM msg").fetchone() == (110, 110)
    connection.close()


def _all_told(processes: list) -> list:  # type: ignore[type-arg]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


async def test_a_published_copy_spares_the_building(
    open_store: Open, open_index: OpenIndex, data: Path, folder: Path, tmp_path: Path
) -> None:
    store, index = open_store(), open_index()
    await say(store, "one plasma")
    assert await texts(index, "plasma") == ["one plasma"]
    await index.close()
    files = IndexFiles(folder, data, tmp_path / "cache")
    files.publish_snapshot(files.current())
    (copy,) = (tmp_path / "cache").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert files.snapshot_age() < 60
    shutil.rmtree(folder)
    await say(store, "two plasma")
    assert await texts(open_index(cache=tmp_path / "cache"), "plasma") == ["two plasma", "one plasma"]
    copy.write_bytes(b"nonsense" * 1000)
    shutil.rmtree(folder)
    again = open_index(cache=tmp_path / "cache")
    assert await texts(again, "plasma") == ["two plasma", "one plasma"]
    assert again.progress.has_index


async def test_searching_after_the_end_finds_nothing_and_hangs_nothing(
    open_store: Open, open_index: OpenIndex
) -> None:
    await say(open_store(), "plasma")
    index = open_index()
    assert await texts(index, "plasma") == ["plasma"]
    await index.close()
    await index.close()
    await find(index, "plasma")


async def test_what_is_saved_after_the_index_was_deleted_is_found(
    open_store: Open, open_index: OpenIndex, folder: Path
) -> None:
    """The file that was deleted went on being searched, as another one had got its name."""
    store, index = open_store(), open_index()
    said = await say(store, "one plasma")
    assert await texts(index, "plasma") == ["one plasma"]
    shutil.rmtree(folder)
    await until(lambda: index.start() or list(folder.glob("*.db")))
    await say(store, "two plasma", conversation=said)
    assert await texts(index, "plasma") == ["two plasma", "one plasma"]
