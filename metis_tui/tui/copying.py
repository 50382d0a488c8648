"""Copies from the conversation shown: a message as written or as shown, a code block, all of it, the last prompt.

Says what to copy; where a copy goes is the clipboard's business.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from metis_tui.chat.background import in_background
from metis_tui.chat.branch_text import branch_as_markdown
from metis_tui.chat.printable import printable
from metis_tui.tui.code_blocks import CodeBlock, code_blocks
from metis_tui.tui.rendering.markdown import render_markdown
from metis_tui.tui.screens.choose_row import ChooseRow

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage
    from metis_tui.tui.reading import ReadingHost

_CODE = re.compile(r"(?:code\s*)?(\d+)")


class Copying:
    """Its deeds run as workers of the screen, as they may ask something first."""

    def __init__(self, host: ReadingHost) -> None:
        self._host = host

    def start(self, deed: Coroutine[Any, Any, None]) -> None:
        start(self._host, deed)

    def message(self) -> ChatMessage | None:
        """The one to copy from; tells when there is none."""
        message = self._host.message_to_act_on()
        if message is None:
            self._host.tell("There is no message yet.")
        return message

    async def menu(self) -> None:
        message = self.message()
        if message is None:
            return
        blocks = await in_background(lambda: code_blocks(message.text))
        rows = [("1", "the message as it was written (Markdown)"), ("2", "the message as it is shown")]
        rows += (
            [("3", f"a code block: {len(blocks)} of them" if len(blocks) > 1 else "the code block")] if blocks else []
        )
        rows += [("4", "the conversation as Markdown, this branch"), ("5", "the last prompt")]
        chosen = await self._host.app.push_screen_wait(ChooseRow("Copy", rows))
        match chosen:
            case "1":
                await self._host.copy(printable(message.text), "The message")
            case "2":
                await self.rendered()
            case "3":
                await self.code(blocks=blocks)
            case "4":
                await self.conversation()
            case "5":
                await self.last_prompt()

    async def what(self, words: str) -> None:
        """What the slash command names."""
        words = words.strip().lower()
        found = _CODE.fullmatch(words)
        if found is not None:
            await self.code(int(found[1]))
        elif words == "all":
            await self.conversation()
        elif words == "rendered":
            await self.rendered()
        elif words == "code":
            await self.code()
        else:
            self._host.tell("/copy takes: N or code N for a code block, all, rendered.", is_problem=True)

    async def code(self, number: int | None = None, *, blocks: list[CodeBlock] | None = None) -> None:
        """A code block by its number; asks when there are several and none is named."""
        message = self.message()
        if message is None:
            return
        block = await self.choose_block(message, "Copy which code block?", number, blocks)
        if block is not None:
            await self._host.copy(printable(block.text), f"Code block {block.number}")

    async def choose_block(
        self, message: ChatMessage, title: str, number: int | None = None, blocks: list[CodeBlock] | None = None
    ) -> CodeBlock | None:
        """A code block of the message; tells when there is no such one. None, too, when the user backs out."""
        if blocks is None:
            blocks = await in_background(lambda: code_blocks(message.text))
        if not blocks:
            self._host.tell("There is no code block in this message.")
            return None
        if number is None and len(blocks) > 1:
            rows = [(str(block.number), block.label) for block in blocks]
            chosen = await self._host.app.push_screen_wait(ChooseRow(title, rows))
            if chosen is None:
                return None
            number = int(chosen)
        if number is not None and not 1 <= number <= len(blocks):
            one = len(blocks) == 1
            has = "one code block" if one else f"the code blocks 1 to {len(blocks)}"
            self._host.tell(f"This message has {has}.", is_problem=True)
            return None
        return blocks[(number or 1) - 1]

    async def rendered(self) -> None:
        """The message's text as it is shown, paragraphs in one line each."""
        message = self.message()
        if message is None:
            return
        text = message.text
        if message.role == "assistant":
            layout = self._host.reading_transcript.document.layout
            text = await in_background(lambda: rendered_text(message.text, max(20, layout.text_width)))
        await self._host.copy(printable(text), "The message as shown")

    async def conversation(self) -> None:
        conversation = self._host.shown_conversation
        if conversation.is_empty:
            self._host.tell("There is nothing to copy yet.")
            return
        text = await in_background(lambda: printable(branch_as_markdown(conversation)))
        await self._host.copy(text, "The conversation")

    async def last_prompt(self) -> None:
        prompts = [message for message in self._host.shown_conversation.path() if message.role == "user"]
        if prompts:
            await self._host.copy(printable(prompts[-1].text), "The last prompt")
        else:
            self._host.tell("There is no prompt yet.")


def start(host: ReadingHost, deed: Coroutine[Any, Any, None]) -> None:
    """Does it as a worker; keys wait for what it asks first. A fault that nobody foresaw is told."""

    async def done() -> None:
        try:
            await deed
        except Exception as fault:
            host.tell(f"An unforeseen fault ({type(fault).__name__}).", title="That did not work", is_problem=True)
        finally:
            host.reading_transcript.release_keys()

    host.reading_transcript.hold_keys()
    host.run_worker(done(), group="deed", exit_on_error=False)


def rendered_text(source: str, width: int) -> str:
    """Markdown as it looks, without the lines that the program draws around code; tables at this width."""
    from metis_tui.tui.rendering.palette import Palette

    lines = [line for line in render_markdown(source, width, Palette()).lines if line.kind != "code-label"]
    rows = (f"{line.glue if number else ''}{line.copied_text.rstrip()}" for number, line in enumerate(lines))
    return "".join(rows) + "\n"
