"""An earlier prompt in the prompt box, to be sent as a new branch. Keeps what was in the box before.

Knows the box; not how a prompt is sent.
"""

from __future__ import annotations

import time

from metis_tui.chat.conversation import ChatMessage
from metis_tui.tui.widgets.prompt_input import PromptInput


class PromptEditing:
    """From taking a prompt into the box until it is sent or given up."""

    def __init__(self, box: PromptInput, prompt: ChatMessage) -> None:
        self.prompt = prompt
        self._box = box
        self._kept = box.full_text
        box.put(prompt.text)
        self._original = box.full_text
        then, today = time.localtime(prompt.created_ms / 1000), time.localtime()
        when = time.strftime("%H:%M" if then[:3] == today[:3] else "%Y-%m-%d", then)
        box.border_title = f"Editing the prompt of {when} · Enter sends a new branch · Esc cancels"
        box.add_class("-editing")

    @property
    def parent(self) -> str | None:
        """What the new branch hangs on: what the prompt follows."""
        return self.prompt.parent

    @property
    def unsent_text(self) -> str:
        """Everything that was typed and not sent: the changed prompt, and what was in the box before."""
        text = self._box.full_text
        typed = [text if text != self._original else "", self._kept]
        return "\n".join(part for part in typed if part)

    def end(self) -> None:
        """It is sent: what was in the box before comes back, before what was typed since."""
        self._leave()
        if self._kept:
            self._box.give_back(self._kept)

    def cancel(self) -> bool:
        """Gives it up; what was changed is among the earlier prompts. True when there is such a change."""
        text = self._box.full_text
        is_changed = bool(text.strip()) and text != self._original
        if is_changed:
            self._box.earlier_prompts.add(text)
        self._leave()
        self._box.put(self._kept)
        return is_changed

    def leave(self) -> None:
        """Another conversation is to be shown."""
        self._leave()

    def _leave(self) -> None:
        self._box.border_title = ""
        self._box.remove_class("-editing")
