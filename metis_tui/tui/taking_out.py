"""Takes words out of the application: a code block into a file, a message through a command, a text to the pager.

Asks and tells; writing, running and paging are done elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metis_tui.chat.background import in_background
from metis_tui.chat.branch_text import branch_as_markdown
from metis_tui.chat.printable import printable
from metis_tui.tui import format as fmt
from metis_tui.tui.code_blocks import CodeBlock, code_blocks
from metis_tui.tui.copying import start
from metis_tui.tui.saving import AlreadyThere, NotWritten, path_of, shown_path, write_file
from metis_tui.tui.screens.ask_path import AskPath
from metis_tui.tui.screens.choose_row import ChooseRow
from metis_tui.tui.screens.dialogs import AskKey, AskText

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.reading import ReadingHost

_NUMBER = re.compile(r"(\d+)(?:\s+(.*))?", re.DOTALL)


class TakingOut:
    """Its deeds run as workers of the screen, as they may ask something first."""

    def __init__(self, host: ReadingHost) -> None:
        self._host = host
        self._last_command = ""
        self._last_folder = ""

    def start(self, deed: Coroutine[Any, Any, None]) -> None:
        start(self._host, deed)

    # -- files -------------------------------------------------------------------------------------------------

    async def save_as_told(self, words: str) -> None:
        """`[N] [PATH]`: what is not said is asked."""
        found = _NUMBER.fullmatch(words.strip())
        number, path = (int(found[1]), found[2] or "") if found else (None, words.strip())
        await self.save_code(number, path)

    async def save_code(self, number: int | None = None, path: str = "") -> None:
        """A code block into a file."""
        message = self._host.copying.message()
        if message is None:
            return
        block = await self._host.copying.choose_block(message, "Save which code block?", number)
        if block is None:
            return
        title = f"Save code block {block.number} ({fmt.byte_count(len(block.data))}) as"
        await self.save(title, block.data, path or shown_path(self._folder() / block.name), is_asked=not path)

    def _folder(self) -> Path:
        return Path(self._last_folder or os.getcwd())

    async def save(self, title: str, data: bytes, path: str, *, is_asked: bool = True) -> None:
        """Asks for the path unless it is given, and goes on asking until it is written or given up."""
        target, problem = None if is_asked else path_of(path), ""
        while True:
            if target is None:
                choice = await self._host.app.push_screen_wait(AskPath(title, path, problem))
                if choice is None:
                    return
                target = choice.path
            try:
                if await self._write(target, data):
                    return
                problem = ""
            except NotWritten as failure:
                problem = str(failure)
            path, target = shown_path(target), None

    async def _write(self, target: Path, data: bytes) -> bool:
        """True when it is written or given up; False when another name is wanted. Raises NotWritten."""
        try:
            await in_background(partial(write_file, target, data))
        except AlreadyThere as found:
            keys = {"o": "overwrites it", "n": "another name"}
            answer = await self._host.app.push_screen_wait(AskKey("Overwrite?", str(found), keys))
            if answer != "o":
                return answer is None
            await in_background(partial(write_file, target, data, may_overwrite=True))
        self._last_folder = str(target.parent)
        self._host.tell(f"{shown_path(target)}, {fmt.byte_count(len(data))}.", title="Saved")
        return True

    # -- commands ----------------------------------------------------------------------------------------------

    async def pipe(self, command: str = "") -> None:
        """A message or one of its code blocks into a shell command, after it was shown what will run."""
        from metis_tui.tui.commands import RunningCommand
        from metis_tui.tui.screens.command_output import CommandOutput

        message = self._host.copying.message()
        if message is None:
            return
        part = await self._part_of(message)
        if part is None:
            return
        what, data = part
        size = fmt.byte_count(len(data))
        command = command or await self._ask(f"Pipe {what} ({size}) to the command", self._last_command) or ""
        command = printable(command)  # nothing may run that is not seen
        if not command:
            return
        self._last_command = command
        where = shown_path(Path(os.getcwd()))
        text = f"{command}\n\n{len(data):,} bytes of {what} go into it. It runs by /bin/sh in {where}."
        if await self._host.app.push_screen_wait(AskKey("Run this command?", text, {"y": "runs it"})) == "y":
            await self._host.app.push_screen_wait(CommandOutput(RunningCommand(command, data), self._host.copy))

    async def _ask(self, title: str, value: str) -> str | None:
        return await self._host.app.push_screen_wait(AskText(title, value))

    async def _part_of(self, message: ChatMessage) -> tuple[str, bytes] | None:
        """(what it is called, its bytes): the whole message, or a code block when it has some; None: given up."""
        whole = "the message", message.text.encode("utf-8", "replace")
        blocks: list[CodeBlock] = await in_background(lambda: code_blocks(message.text))
        if not blocks:
            return whole
        rows = [("0", f"the whole message · {fmt.byte_count(len(whole[1]))}")]
        rows += [(str(block.number), block.label) for block in blocks]
        chosen = await self._host.app.push_screen_wait(ChooseRow("Pipe what to a command?", rows))
        if chosen is None or chosen == "0":
            return whole if chosen else None
        block = blocks[int(chosen) - 1]
        return f"code block {block.number}", block.data

    # -- the pager ---------------------------------------------------------------------------------------------

    async def page(self) -> None:
        """The message under the cursor, else the branch shown; a running turn goes on meanwhile."""
        from metis_tui.tui.pager import PagerFailed, page

        conversation = self._host.shown_conversation
        message = conversation.messages.get(self._host.reading_transcript.current or "")
        if conversation.is_empty:
            self._host.tell("There is nothing to read yet.")
            return
        text = message.text if message is not None else await in_background(lambda: branch_as_markdown(conversation))
        try:
            await page(text, self._host.app.suspend)
        except PagerFailed as failure:
            self._host.tell(str(failure), is_problem=True)
