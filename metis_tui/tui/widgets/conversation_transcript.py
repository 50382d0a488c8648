"""The transcript of the conversation in the chat pane: with the keys whose work is the screen's."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from metis_tui.tui.widgets.transcript import Transcript


class ConversationTranscript(Transcript):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "screen.copy_message", show=False, id="copy_message"),
        Binding("Y", "screen.copy_code", show=False, id="copy_code"),
        Binding("i,escape", "screen.focus_prompt", show=False, id="focus_prompt"),
    ]
