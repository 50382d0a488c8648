"""How prompts are put together."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from metis_tui.cli.attachments import LARGEST_PROMPT, build_prompt
from metis_tui.cli.diagnostics import UsageProblem


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))


def attached(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return build_prompt("Look", [str(folder / name)])


@pytest.mark.parametrize(
    ("name", "content", "block"),
    [
        ("a.py", b"x = 1\n", "`a.py`:\n```py\nx = 1\n```"),
        ("Makefile", b"all:\r\n", "`Makefile`:\n```\nall:\n```"),
        ("b.md", b"```\ncode\n```\n", "`b.md`:\n````md\n```\ncode\n```\n````"),
        ("c.txt", b"\xef\xbb\xbfmark", "`c.txt`:\n```txt\nmark\n```"),
        ("e`vil\x1b.txt", b"x", "`e'vil␛.txt`:\n```txt\nx\n```"),
        ("empty.txt", b"", "`empty.txt`:\n```txt\n\n```"),
    ],
)
def test_a_file_is_fenced_so_that_it_cannot_end_its_block(
    tmp_path: Path, name: str, content: bytes, block: str
) -> None:
    assert attached(tmp_path, name, content) == f"Look\n\n{block}"


@pytest.mark.parametrize("content", [b"\xff", b"nul\x00", b"x" * (LARGEST_PROMPT + 1), b"x" * (LARGEST_PROMPT - 5)])
def test_what_cannot_be_sent_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageProblem):
        attached(tmp_path, "a", content)


def test_a_file_alone_is_a_prompt_and_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    assert build_prompt("", [str(tmp_path / "a.txt")]) == "`a.txt`:\n```txt\nwords\n```"
    with pytest.raises(UsageProblem):
        build_prompt("  \n", [])
    with pytest.raises(UsageProblem):
        build_prompt("-", [])
