"""A small dialog for the note on a message. Returns the text; does not know where notes are kept."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from metis_tui.chat.conversation import ChatMessage
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.screens.overlay import Overlay

LONGEST_NOTE = 20_000
"""Characters."""
_KEYS = "Enter saves · Ctrl+J newline · Esc cancels"
_UNSAVED = "Not saved yet. Enter saves · Esc again throws the changes away"


class NoteInput(TextArea):
    """Takes each key here and now: what arrives in one piece over a slow line comes out in its order."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text), id="note-text", compact=True, highlight_cursor_line=False)
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        dialog = self.screen
        if isinstance(dialog, NoteDialog) and dialog.pressed(event.key):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted text is shown and kept as what can be shown safely."""
        event.stop()
        event.prevent_default()
        self.insert(printable(event.text)[: 2 * LONGEST_NOTE])


class NoteDialog(Overlay[str | None]):
    """Returns the note, empty to take it away, or None when the user backs out."""

    CSS_PATH = "note.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "save", "Save", show=False, priority=True)]

    def __init__(self, message: ChatMessage, note: str) -> None:
        super().__init__()
        self._about = printable_line(message.text or message.reasoning, 200) or "(no text)"
        self._note = note
        self._is_warned = False

    def compose(self) -> ComposeResult:
        with Vertical(id="note-box") as box:
            box.border_title = "Note: yours alone, never sent"
            yield Static(self._about, id="note-about", markup=False)
            yield NoteInput(self._note)
            yield Static(_KEYS, id="note-keys", markup=False)

    def on_mount(self) -> None:
        area = self.query_one(NoteInput)
        area.move_cursor(area.document.end)
        self.set_focus(area)

    def on_key(self, event: events.Key) -> None:
        """Keys that came before the field had the focus; by itself it lets none of these through."""
        if event.is_printable or event.key in ("enter", "escape", "ctrl+j"):
            event.stop()
            self.query_one(NoteInput)._forward_event(events.Key(event.key, event.character))

    def pressed(self, key: str) -> bool:
        """Whether the key means something to the dialog."""
        match key:
            case "enter":
                self.action_save()
            case "ctrl+j" | "shift+enter" | "alt+enter" | "ctrl+enter":
                area = self.query_one(NoteInput)
                area.replace("\n", *area.selection, maintain_selection_offset=False)
            case "escape":
                self._back_out()
            case _:
                return False
        return True

    def action_save(self) -> None:
        text = self.query_one(NoteInput).text.strip()
        if len(text) > LONGEST_NOTE:
            self._say(f"Too long: {len(text):,} of at most {LONGEST_NOTE:,} characters")
        else:
            self.dismiss(text)

    def _back_out(self) -> None:
        """What was typed is not thrown away by one key."""
        is_changed = self.query_one(NoteInput).text.strip() != printable(self._note).strip()
        if is_changed and not self._is_warned:
            self._is_warned = True
            self._say(_UNSAVED)
        else:
            self.dismiss(None)

    def _say(self, words: str) -> None:
        keys = self.query_one("#note-keys", Static)
        keys.update(words)
        keys.add_class("-warning")
