"""Copying, saving, piping and paging what a conversation holds: exact bytes, no surprises, nothing overwritten."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from app_session import Session, StartSession
from textual.events import Key
from textual.widgets import Input

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.identifiers import new_ulid
from metis_tui.exchange.file_exchange import FileExchange
from metis_tui.store.conversation_store import ConversationFiles
from metis_tui.tui.code_blocks import code_blocks
from metis_tui.tui.commands import MOST_OUTPUT, RunningCommand
from metis_tui.tui.copying import rendered_text
from metis_tui.tui.pager import PagerFailed, page
from metis_tui.tui.saving import AlreadyThere, NotWritten, completed, write_file
from metis_tui.tui.screens.ask_path import AskPath
from metis_tui.tui.screens.choose_row import ChooseRow
from metis_tui.tui.screens.command_output import CommandOutput
from metis_tui.tui.screens.dialogs import AskKey, AskText
from metis_tui.tui.screens.export_dialog import AskExport
from metis_tui.tui.screens.review import Review
from metis_tui.tui.screens.text_view import TextView

REPLY = """\
Two **files**. First `run/job.sh`:

```bash
#!/bin/sh
echo "\x1b[31mred"
```

- In a list:

  ```python
  # file: ../sneaky/plot.py
  x = 1
  ```

```fortran title="main.f90"
print *, 1
```
"""


@asynccontextmanager
async def opened(start: StartSession, home: Path) -> AsyncIterator[Session]:
    store = ConversationFiles(home / "data")
    conversation = Conversation(title="Two files", model="gemma-4-31B-it@metis")
    prompt = ChatMessage(new_ulid(), None, "user", "Write two files.", 1000)
    conversation.add(prompt)
    facts = {"model": "gemma-4-31B-it", "cluster": "metis", "stop": "stop"}
    conversation.add(ChatMessage(new_ulid(), prompt.id, "assistant", REPLY, 2000, **facts))  # type: ignore[arg-type]
    await store.add(conversation)
    await store.close()
    async with start(size=(80, 24), conversation_id=conversation.id) as session:
        await session.until(lambda: not session.chat.pane.conversation.is_empty)
        await session.pilot.press("escape")
        yield session


async def shows(session: Session, kind: type) -> None:
    await session.until(lambda: isinstance(session.app.screen, kind), f"{kind.__name__} is open")


async def answer(session: Session, text: str) -> None:
    session.app.screen.query_one(Input).value = text
    await session.pilot.press("enter")


def test_code_blocks_have_the_numbers_on_screen_their_exact_text_and_a_name() -> None:
    blocks = code_blocks(REPLY)
    assert [(b.number, b.language, b.name) for b in blocks] == [
        (1, "bash", "job.sh"),
        (2, "python", "plot.py"),
        (3, "fortran", "main.f90"),
    ]
    assert blocks[0].data == b'#!/bin/sh\necho "\x1b[31mred"\n'
    assert blocks[1].text == "# file: ../sneaky/plot.py\nx = 1"
    assert "\x1b" not in blocks[0].label
    assert code_blocks("no code") == []
    names = [
        block.name for block in code_blocks("Save as `.bashrc`:\n```sh\na\n```\n```\nb\n```\n```makefile\nc\n```")
    ]
    assert names == ["code-1.sh", "code-2.txt", "Makefile"]


def test_rendered_text_has_neither_marks_nor_frames() -> None:
    text = rendered_text(REPLY, 60)
    assert text.startswith("Two files. First run/job.sh:\n\n#!/bin/sh\n")
    assert "`" not in text
    assert "│" not in text


def test_a_file_is_written_whole_and_never_over_another_one_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.sh"
    write_file(path, b"one\n")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one\n", 0o600)
    with pytest.raises(AlreadyThere, match="4 B"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one\n"
    path.chmod(0o750)
    link = tmp_path / "link.sh"
    link.symlink_to(path)
    with pytest.raises(AlreadyThere):
        write_file(link, b"two")
    write_file(link, b"two", may_overwrite=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o750)
    assert link.is_symlink()
    for wrong, reason in ((tmp_path, "is a folder"), (tmp_path / "no" / "x", "no folder"), (path / "x", "no folder")):
        with pytest.raises(NotWritten, match=reason):
            write_file(wrong, b"")
    assert sorted(os.listdir(tmp_path)) == ["a.sh", "home", "link.sh"]


def test_paths_are_completed_as_far_as_they_are_clear(tmp_path: Path) -> None:
    for name in ("job-1.sh", "job-2.sh", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "runs").mkdir()
    assert completed(f"{tmp_path}/j") == (f"{tmp_path}/job-", ["job-1.sh", "job-2.sh"])
    assert completed(f"{tmp_path}/r") == (f"{tmp_path}/runs/", ["runs/"])
    assert completed(f"{tmp_path}/")[1] == ["home/", "job-1.sh", "job-2.sh", "runs/"]
    assert completed("/no/such/place") == ("/no/such/place", [])


async def test_copying_what_is_asked_for(start: StartSession, home: Path) -> None:
    last = home / "state" / "last-copy.txt"
    async with opened(start, home) as session:

        async def copied(text: str) -> None:
            await session.until(lambda: last.exists() and text in last.read_text(), f"{text!r} copied")
            await session.until(lambda: session.app.screen is session.chat)

        await session.pilot.press("Y")
        await shows(session, ChooseRow)
        await session.until_shown("3  fortran · 1 line · print *, 1")
        await session.pilot.press("2")
        await copied("# file: ../sneaky/plot.py\nx = 1")
        assert last.stat().st_mode & 0o777 == 0o600
        for keys, text in (
            ("1", REPLY.replace("\x1b", "\u241b")),
            ("2", "Two files. First"),
        ):
            await session.pilot.press("ctrl+x", "y")
            await shows(session, ChooseRow)
            await session.pilot.press(keys)
            await copied(text)
        for command, text in (
            ("/copy code 1", 'echo "\u241b[31mred"'),
            ("/copy all", "# Two files\n\n## You\n\nWrite two files.\n\n## gemma-4-31B-it@metis\n\nTwo **files**"),
        ):
            await session.type(command)
            session.chat.prompt.focus()
            await session.pilot.press("enter")
            await copied(text)
        await session.type("/copy 9")
        await session.pilot.press("enter")
        await session.until_shown("the code blocks 1 to 3")


async def test_saving_a_code_block_asks_before_it_overwrites(
    start: StartSession, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "job.sh").write_text("mine")
    async with opened(start, home) as session:
        await session.pilot.press("s")
        await shows(session, ChooseRow)
        await session.pilot.press("1")
        await shows(session, AskPath)
        assert session.app.screen.query_one(Input).value.endswith("/work/job.sh")
        await session.pilot.press("enter")
        await shows(session, AskKey)
        await session.until_shown("job.sh already: 4 B")
        await session.pilot.press("n")
        await shows(session, AskPath)
        await answer(session, f"{tmp_path}/nowhere/job.sh")
        await session.until_shown("There is no folder")
        await answer(session, "other.sh")
        await session.until(lambda: (folder / "other.sh").exists() and session.app.screen is session.chat)
        assert (folder / "other.sh").read_bytes() == b'#!/bin/sh\necho "\x1b[31mred"\n'
        assert (folder / "other.sh").stat().st_mode & 0o777 == 0o600
        assert (folder / "job.sh").read_text() == "mine"
        assert not session.chat.prompt.text, "the keys of the questions went nowhere else"
        await session.type("/save 3 job.sh")
        session.chat.prompt.focus()
        await session.pilot.press("enter")
        await shows(session, AskKey)
        await session.pilot.press("o")
        await session.until(lambda: (folder / "job.sh").read_text() == "print *, 1\n")


async def test_a_command_runs_only_after_it_was_shown_and_can_be_stopped(
    start: StartSession, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METIS_TUI_TOKEN", "secret")
    async with opened(start, home) as session:
        await session.pilot.press("|")
        await shows(session, ChooseRow)
        await session.pilot.press("3")
        await shows(session, AskText)
        await answer(session, 'cat; echo "[$METIS_TUI_TOKEN]"; printf "\\033[1mbold\\n" >&2; exit 3')
        await shows(session, AskKey)
        await session.until_shown("11 bytes of code block 3 go into it")
        await session.pilot.press("y")
        await shows(session, CommandOutput)
        await session.until_shown("failed with status 3")
        for text in ("print *, 1", "[]", "\u241b[1mbold"):
            assert text in session.screen_text()
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat)
        await session.pilot.press("g")
        for key in ("|", *"sort"):  # in one piece, as over a slow line: s, o and r are keys of the transcript
            session.app.post_message(Key("vertical_line" if key == "|" else key, key))
        await shows(session, AskText)
        await session.until(lambda: session.app.screen.query_one(Input).value.endswith("sort"))
        await session.pilot.press("escape")
        await session.until(lambda: session.app.screen is session.chat)
        assert len(session.chat.pane.conversation.messages) == 2
        await session.type("/pipe sleep 60 & sleep 60")
        session.chat.prompt.focus()
        await session.pilot.press("enter")
        await shows(session, AskKey)
        await session.pilot.press("y")
        await session.until_shown("running · Esc stops it")
        await session.pilot.press("escape")
        await session.until_shown("stopped by you", seconds=5)


async def test_a_command_that_reads_nothing_and_writes_too_much() -> None:
    command = RunningCommand(f"head -c {MOST_OUTPUT + 5000} /dev/zero | tr '\\0' 'a'", b"x" * 200_000)
    text = "".join([piece async for piece in command.output()])
    assert (len(text), command.dropped, command.status) == (MOST_OUTPUT, 5000, 0)


async def test_the_pager_gets_a_safe_text_and_has_a_fallback(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "less").write_text(f'#!/bin/sh\nfor last; do :; done\ncp "$last" {seen}; echo "$1" > {seen}.first\n')
    (tmp_path / "less").chmod(0o700)

    @contextmanager
    def handing_over():  # type: ignore[no-untyped-def]
        yield

    for pager in ("", "no-such-pager -x", "less -S"):
        environment = {"PATH": f"{tmp_path}:/bin:/usr/bin", "PAGER": pager, "ALCF_AI_TOKEN": "secret"}
        await asyncio.wait_for(page("a\x1b[31mb", handing_over, environment), 10)
        assert seen.read_text() == "a\u241b[31mb\n"
    assert seen.with_suffix(".first").read_text() == "-S\n"
    with pytest.raises(PagerFailed, match="Set PAGER"):
        await page("a", handing_over, {"PATH": "/nowhere"})


async def test_an_export_goes_where_it_is_told_and_overwrites_nothing_unasked(
    start: StartSession, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(start, home) as session:
        await session.pilot.press("x")
        await shows(session, AskExport)
        await session.pilot.press("enter")
        file = tmp_path / "two-files.md"
        await session.until(lambda: file.exists() and session.app.screen is session.chat)
        assert "Two **files**. First" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600
        for words in ("two-files.json", "json two-files.json"):
            await session.type(f"/export {words}")
            session.chat.prompt.focus()
            await session.pilot.press("enter")
            await session.until((tmp_path / "two-files.json").exists)
        await shows(session, AskKey)
        await session.pilot.press("escape")
        again = FileExchange().read(tmp_path / "two-files.json").conversations
        assert [m.text for m in again[0].path()] == ["Write two files.", REPLY]
        await session.type("/export draft.doc")
        await session.pilot.press("enter")
        await session.until_shown("The format is not clear")
        await session.type("/cite")
        await session.pilot.press("enter")
        await shows(session, TextView)
        await session.pilot.press("y", "escape")
        await session.until(lambda: "@" in (home / "state" / "last-copy.txt").read_text())


async def test_in_review_words_are_taken_out_and_nothing_is_sent(start: StartSession, home: Path) -> None:
    async with opened(start, home) as session:
        await session.pilot.press("v")
        await shows(session, Review)
        await session.pilot.press("Y")
        await shows(session, ChooseRow)
        await session.pilot.press("3")
        last = home / "state" / "last-copy.txt"
        await session.until(lambda: last.exists() and last.read_text() == "print *, 1")
        await session.until(lambda: isinstance(session.app.screen, Review))
        await session.pilot.press("s")
        await shows(session, ChooseRow)
        await session.pilot.press("escape", "|")
        await shows(session, ChooseRow)
        await session.pilot.press("escape", "e")
        await session.until_shown("Review only reads")
