"""The folder of a matrix: nothing finished is lost, nothing torn is believed, nobody runs it twice at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from metis_tui.chat.conversation import ChatMessage, FailureNote, Timing, Usage
from metis_tui.chat.matrix import Cell, CellResult, MatrixNotKept, MatrixPlan, MatrixProblem, PromptCase, Wait
from metis_tui.store.disk import Disk
from metis_tui.store.machine import this_process
from metis_tui.store.matrix_folder import LOCK, UNTOUCHED_SECONDS, MatrixFiles

CASES = (
    PromptCase("a", (("user", "one\u2028line"),), "Be brief.", ("x",), "1"),
    PromptCase("b", (("user", "Hi"), ("assistant", "Hello"), ("user", "two"))),
)
PLAN = MatrixPlan(CASES, ("m@c", "n@d"), 2, {"temperature": 0.5, "stop": ["x"]}, 7, "https://x", "metis-tui 9", 5)


def result(prompt: str = "a", model: str = "m@c", repeat: int = 1, *, stop: str = "stop") -> CellResult:
    failure = None if stop == "stop" else FailureNote("It broke", "so", "upstream", "id9")
    reply = ChatMessage(
        id="1",
        parent="0",
        role="assistant",
        text="A\nreply \x1b[31m",
        created_ms=2000,
        reasoning="hm",
        model="m",
        cluster="c",
        framework="api",
        params={"temperature": 0.5},
        usage=Usage(1, 2, 3, 1),
        timing=Timing(2.5, 0.5, 1.0),
        stop=stop,  # type: ignore[arg-type]
        failure=failure,
        request_sha256="f" * 64,
        client="metis-tui 9",
    )
    waits = (Wait("rate_limited", 60.5),)
    return CellResult(Cell(prompt, model, repeat), reply, 1000, stop != "stop", True, 2, waits, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out" / "matrix"


@pytest.fixture
def files(folder: Path) -> MatrixFiles:
    files = MatrixFiles(folder)
    files.lock()
    files.write_plan(PLAN)
    return files


def test_what_is_kept_comes_back_and_is_for_its_owner_alone(files: MatrixFiles, folder: Path) -> None:
    kept = [result(), result("b", "n@d", 2, stop="error")]
    for each in kept:
        files.append(each)
    files.write_report("md", b"report")
    matrix = MatrixFiles(folder).read()
    assert (matrix.plan, matrix.damaged_count) == (PLAN, 0)
    assert list(matrix.results.values()) == kept
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    files.unlock()
    assert not (folder / LOCK).exists()


def test_a_torn_line_costs_its_own_cell_only(files: MatrixFiles, folder: Path) -> None:
    files.append(result())
    cells = folder / "cells.jsonl"
    whole = cells.read_bytes()
    for cut in (1, len(whole) // 2, len(whole) - 1):
        cells.write_bytes(whole[:cut])
        MatrixFiles(folder).append(result("b"))
        assert list(MatrixFiles(folder).read().results) == [
            *([Cell("a", "m@c", 1)] if cut == len(whole) - 1 else []),
            Cell("b", "m@c", 1),
        ]
    cells.write_bytes(whole.replace(b"reply", b"REPLY"))
    matrix = MatrixFiles(folder).read()
    assert (len(matrix.results), matrix.damaged_count) == (0, 1)


def test_one_result_counts_for_each_cell(files: MatrixFiles, folder: Path) -> None:
    first, second = result(stop="error"), result()
    for each in (first, second, result(stop="error"), result("z"), result(repeat=9)):
        files.append(each)
    matrix = MatrixFiles(folder).read()
    assert matrix.results == {second.cell: second}
    assert second.cell not in matrix.pending()
    assert len(matrix.pending()) == 7


def test_a_changed_or_foreign_plan_is_refused(files: MatrixFiles, folder: Path) -> None:
    path = folder / "matrix.json"
    document = json.loads(path.read_bytes())
    for change in ({"repeat": 3}, {"version": 2}, {"format": "else"}, {"prompts": [{}]}):
        path.write_text(json.dumps({**document, **change}))
        with pytest.raises(MatrixProblem):
            MatrixFiles(folder).read()
    path.write_text("{")
    with pytest.raises(MatrixProblem):
        files.read()
    with pytest.raises(MatrixProblem, match=r"There is no matrix.json"):
        MatrixFiles(folder.parent).read()


def test_a_process_that_runs_keeps_others_out(files: MatrixFiles, folder: Path) -> None:
    with pytest.raises(MatrixProblem, match=f"process {os.getpid()} on ") as caught:
        MatrixFiles(folder).lock()
    assert str(folder / LOCK) in caught.value.hint
    files.unlock()
    MatrixFiles(folder).lock()


def test_a_dead_process_does_not_keep_others_out(folder: Path) -> None:
    lines = ("from pathlib import Path", "from metis_tui.store.matrix_folder import MatrixFiles")
    code = "\n".join((*lines, f"MatrixFiles(Path({str(folder)!r})).lock()"))
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
    assert (folder / LOCK).exists()
    files = MatrixFiles(folder)
    files.lock()
    assert json.loads((folder / LOCK).read_bytes())["pid"] == os.getpid()
    assert [path.name for path in folder.iterdir()] == [LOCK]


def test_another_machine_keeps_others_out_while_it_shows_itself(folder: Path) -> None:
    there = MatrixFiles(folder, owner=replace(this_process(), boot="12345678"))
    there.lock()
    lock = folder / LOCK
    facts = {**json.loads(lock.read_bytes()), "host": "x3004"}
    lock.write_text(json.dumps(facts))
    here = MatrixFiles(folder)
    old = lock.stat().st_mtime - UNTOUCHED_SECONDS - 5
    os.utime(lock, (old, old))
    there.keep_lock()
    with pytest.raises(MatrixProblem, match="on x3004"):
        here.lock()
    os.utime(lock, (old, old))
    here.lock()
    here.unlock()
    assert not lock.exists()


def test_a_full_disk_is_told_in_words(folder: Path) -> None:
    class Full(Disk):
        def write(self, fd: int, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    files = MatrixFiles(folder)
    files.lock()
    files.write_plan(PLAN)
    with pytest.raises(MatrixNotKept, match="the disk is full"):
        MatrixFiles(folder, disk=Full()).append(result())
