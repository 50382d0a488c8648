"""`matrix` in a process of its own: stopped, killed and run again, every cell is there once."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from cli_process import Metis

ONE, TWO, THREE = "gpt-oss-120b@metis", "gemma-4-31B-it@metis", "nemotron-3-ultra@minerva"
MODELS = ("-m", ONE, "-m", TWO)
PROMPTS = (
    '{"id": "sum", "prompt": "2+2?", "tags": ["math"]}\nWhat is Lustre?\n{"id": "bad", "prompt": "x @@die_mid@@"}\n'
)


@pytest.fixture
def prompts(tmp_path: Path) -> str:
    path = tmp_path / "prompts.jsonl"
    path.write_text(PROMPTS)
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "out")


def cells(folder: str) -> Counter[tuple[str, str, int]]:
    lines = [json.loads(line) for line in (Path(folder) / "cells.jsonl").read_text().splitlines() if line]
    return Counter((line["prompt"], line["model"], line["repeat"]) for line in lines)


def chats(metis: Metis) -> int:
    assert metis.gateway is not None
    return sum(request.path.endswith("/chat/completions") for request in metis.gateway.requests)


def test_a_run_its_reports_and_the_runs_after_it(metis: Metis, prompts: str, folder: str, tmp_path: Path) -> None:
    done = metis("matrix", prompts, *MODELS, "-o", folder, "--param", "seed=1", "--json")
    assert done.code == 7, done.err
    assert (done.json["cells"], done.json["open"]) == (6, 0)
    assert done.json["summary"][0]["replies"] == {"ok": 2, "failed: The model's server failed": 1}
    assert "6 cells to ask" in done.err
    assert set(cells(folder).values()) == {1}
    names = {"matrix.json", "cells.jsonl", "report.md", "report.csv", "report.jsonl", "report.html"}
    assert {path.name for path in Path(folder).iterdir()} == names

    more = metis("matrix", folder, "--extend", "-m", THREE)  # what failed in a way that can pass is asked again, too
    assert [line.split()[0] for line in more.out.splitlines()] == ["Model", ONE, TWO, THREE]
    assert chats(metis) == 6 + 2 + 3
    assert len(cells(folder)) == 9
    target = tmp_path / "report.csv"
    for code in (0, 2):  # a file that is there is left alone
        assert metis("matrix", folder, "--report", "csv", "-o", str(target)).code == code
    assert target.read_text() == (Path(folder) / "report.csv").read_text()


def test_killed_in_the_middle_and_run_again(metis: Metis, prompts: str, folder: str) -> None:
    Path(prompts).write_text("\n".join(f"Write 40 tokens at 200 tokens/s, {n}" for n in range(4)))
    running = metis.start("matrix", prompts, *MODELS, "-o", folder)
    path = Path(folder) / "cells.jsonl"
    while not path.exists() or path.read_bytes().count(b'"crc"') < 3:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    assert (Path(folder) / "running").exists()
    done = metis("matrix", folder)
    assert done.code == 0, done.err
    assert len(cells(folder)) == 8
    assert set(cells(folder).values()) == {1}
    assert not (Path(folder) / "running").exists()


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(metis: Metis, prompts: str, folder: str) -> None:
    Path(prompts).write_text("2+2?\nlong @@stall:60@@\n")
    running = metis.start("matrix", prompts, *MODELS, "-o", folder, "--concurrency", "4")
    path = Path(folder) / "cells.jsonl"
    while not path.exists() or path.read_bytes().count(b'"crc"') < 2:
        time.sleep(0.01)
    second = metis("matrix", folder)
    assert second.code == 2
    assert f"process {running.pid}" in second.err
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (130, b"")
    assert f"2 of 4 cells are finished and kept. Go on with: metis-tui matrix {folder}" in err.decode()
    assert len(cells(folder)) == 2
    assert not (Path(folder) / "running").exists()


def test_wrong_prompts_are_told_line_by_line_and_nothing_is_sent(metis: Metis, prompts: str, folder: str) -> None:
    Path(prompts).write_text('{"prompt": "x"}\n{"promt": "x"}\n')
    done = metis("matrix", prompts, *MODELS, "-o", folder)
    assert done.code == 2
    assert "Line 2: promt is no key" in done.err
    assert not os.path.exists(folder)
