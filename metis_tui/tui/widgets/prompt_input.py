"""The prompt: a small multi-line editor. Posts what was submitted; knows nothing of what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from metis_tui.chat.printable import printable
from metis_tui.tui.actions import BY_SLASH, bindings_for
from metis_tui.tui.paste import Pastes, PasteTooLarge
from metis_tui.tui.prompt_history import PromptHistory
from metis_tui.tui.terminal_keys import plain_key_name

PLACEHOLDER = "Enter sends · Ctrl+J newline · / commands"


class PromptInput(TextArea, inherit_bindings=False, inherit_css=False):
    """Enter submits, Ctrl+J makes a new line, Up and Down at the edges walk through earlier prompts."""

    # Instead of the base class's sheet, whose parsing is a good part of the first paint.
    DEFAULT_CSS = """
    PromptInput {
        height: auto; min-height: 1; max-height: 8; padding: 0 1; background: $surface; color: $foreground;
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; border-top: solid $panel-lighten-2;
    }
    PromptInput:focus { border-top: solid $primary; }
    PromptInput.-editing { border-top: solid $warning; border-title-color: $text-warning; border-title-style: bold; }
    PromptInput .text-area--cursor { text-style: reverse; }
    PromptInput .text-area--selection { background: $primary 40%; }
    PromptInput .text-area--placeholder { color: $text-muted; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TextArea.COMPONENT_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_for("prompt"),
        Binding("up", "up", show=False),
        Binding("down", "down", show=False),
        Binding("left", "cursor_left", show=False),
        Binding("right", "cursor_right", show=False),
        Binding("ctrl+left,alt+b,alt+left", "cursor_word_left", show=False),
        Binding("ctrl+right,alt+f,alt+right", "cursor_word_right", show=False),
        Binding("home,ctrl+a", "cursor_line_start", show=False),
        Binding("end,ctrl+e", "cursor_line_end", show=False),
        Binding("shift+left", "cursor_left(True)", show=False),
        Binding("shift+right", "cursor_right(True)", show=False),
        Binding("shift+up", "cursor_up(True)", show=False),
        Binding("shift+down", "cursor_down(True)", show=False),
        Binding("shift+home", "cursor_line_start(True)", show=False),
        Binding("shift+end", "cursor_line_end(True)", show=False),
        Binding("backspace", "delete_left", show=False),
        Binding("delete", "delete_right", show=False),
        Binding("ctrl+w,alt+backspace,ctrl+backspace", "delete_word_left", show=False),
        Binding("alt+d,alt+delete", "delete_word_right", show=False),
        Binding("ctrl+u", "delete_to_start_of_line", show=False),
        Binding("ctrl+k", "delete_to_end_of_line_or_delete_line", show=False),
        Binding("ctrl+underscore", "undo", show=False),
        Binding("ctrl+y", "redo", show=False),
    ]

    @dataclass
    class Submitted(Message):
        """The user sent the prompt, which is empty now; `text` has its pastes in full."""

        text: str

    class QuitRequested(Message):
        """Ctrl+D on an empty prompt."""

    @dataclass
    class PasteRefused(Message):
        reason: str

    @dataclass
    class ScrollRequested(Message):
        """Scroll the transcript by pages; negative is up."""

        pages: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, highlight_cursor_line=False, placeholder=PLACEHOLDER)
        self.cursor_blink = False  # a blink repaints twice a second over the line
        self.earlier_prompts = PromptHistory()
        self._pastes = Pastes()
        self._action_by_key: dict[str, str] = {}

    @property
    def full_text(self) -> str:
        """What would be sent: pastes in full."""
        return self._pastes.expand(self.text)

    def replace_all(self, text: str) -> None:
        """Puts another text into the editor, its cursor at the end."""
        self.text = printable(text)
        self.move_cursor(self.document.end)

    def put(self, text: str) -> None:
        """Puts a text from outside into the editor; a very large one as a chip."""
        self.reset()
        if not self._walk(text):
            self.replace_all(text[:1000])

    def give_back(self, text: str) -> None:
        """Puts a prompt back that could not be sent, before what was typed since."""
        typed = self.full_text
        self.put(f"{text}\n{typed}" if typed else text)

    def reset(self) -> None:
        """Empties the editor and forgets the pastes."""
        self.text = ""
        self._pastes.clear()

    def action_submit(self) -> None:
        row, column = self.cursor_location
        if self.document[row][:column].endswith("\\"):
            self.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
            return
        text = self.full_text
        if text.strip():
            self.reset()  # at once: what is typed next belongs to the next prompt
            self.post_message(self.Submitted(text))

    def action_newline(self) -> None:
        self._replace_via_keyboard("\n", *self.selection)

    def action_up(self) -> None:
        if not self.cursor_at_first_line:
            self.action_cursor_up()
        elif not self._walk(self.earlier_prompts.older(self.text)):
            self.action_cursor_line_start()

    def action_down(self) -> None:
        if not self.cursor_at_last_line:
            self.action_cursor_down()
        elif not self._walk(self.earlier_prompts.newer()):
            self.action_cursor_line_end()

    def _walk(self, text: str | None) -> bool:
        if text is None:
            return False
        try:
            shown = self._pastes.take(text)
        except PasteTooLarge:
            shown = text[:1000]
        self.text = shown
        self.move_cursor(self.document.end)
        return True

    def action_page_up(self) -> None:
        self.post_message(self.ScrollRequested(-1))

    def action_page_down(self) -> None:
        self.post_message(self.ScrollRequested(1))

    def action_quit_when_empty(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.QuitRequested())

    def action_complete(self) -> None:
        """Completes a slash command as far as it is clear."""
        text = self.text
        if not text.startswith("/") or " " in text or "\n" in text:
            return
        found = sorted(name for name in BY_SLASH if name.startswith(text[1:]))
        if not found:
            return
        if len(found) == 1:
            self.replace_all(f"/{found[0]} " if BY_SLASH[found[0]].argument else f"/{found[0]}")
            return
        shared = found[0]
        while not all(name.startswith(shared) for name in found):
            shared = shared[:-1]
        self.replace_all(f"/{shared}")
        self.notify("  ".join(f"/{name}" for name in found), markup=False, timeout=6)

    async def _on_key(self, event: events.Key) -> None:
        """Runs a key's action here and now.

        By itself Textual lets such keys bubble up to the application first, while letters are taken at once: what
        arrives in one piece over a slow line would come out in another order.
        """
        action = self._action_by_key.get(plain_key_name(event.key))
        if action is None:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        self._restart_blink()
        await self.run_action(action)

    def on_mount(self) -> None:
        keymap: Mapping[str, str] = getattr(self.app, "keymap_in_use", {})
        for binding in self.BINDINGS:
            if isinstance(binding, Binding):
                for key in keymap.get(binding.id or "", binding.key).split(","):
                    self._action_by_key[key.strip()] = binding.action

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        try:
            text = self._pastes.take(event.text)
        except PasteTooLarge as refusal:
            self.post_message(self.PasteRefused(str(refusal)))
            return
        result = self._replace_via_keyboard(text, *self.selection)
        if result is not None:
            self.move_cursor(result.end_location)
        self.focus()
