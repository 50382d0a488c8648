"""The transcript of the conversation in the chat pane: with the keys whose work is the screen's."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from metis_tui.tui.actions import ACTIONS
from metis_tui.tui.widgets.transcript import Transcript

_AT_ONCE = frozenset(
    f"screen.{name}"
    for name in (
        *("focus_prompt", "edit_branch", "find_here", "review", "note", "marks", "provenance"),
        *("toggle_bookmark", "next_bookmark", "next_sibling", "previous_sibling"),
        *("copy_message", "copy_code", "save_code", "pipe", "pager", "export"),
        *("regenerate", "ask_another", "fork", "tree"),
    )
)
"""The screen's actions that wait for nothing."""


_LOOK_SECONDS = 0.02
_DIGITS = "0123456789"


class ConversationTranscript(Transcript):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(action.keys, f"screen.{action.name}", action.title, show=False, id=action.name)
        for action in ACTIONS
        if action.where == "transcript" and not hasattr(Transcript, f"action_{action.name}")
    ]

    _number = ""
    """Digits typed before G."""
    before_leaving: Callable[[], bool] | None = None
    """What Esc does first; False: nothing."""
    _held: list[events.Key] | None = None
    """Keys that wait for the screen that is about to open."""

    async def _on_key(self, event: events.Key) -> None:
        """Does what a key is for here and now; what arrives in one piece with it may be meant for what that opens.

        By itself Textual lets a key bubble up to the application first, while those behind it come here.
        """
        if self._held is not None:
            self._held.append(events.Key(event.key, event.character))
            event.stop()
            event.prevent_default()
            return
        focused = self.screen.focused
        bound = self.screen.active_bindings.get(event.key)
        number, self._number = self._number, ""
        on_top = self.app.screen
        if on_top is not self.screen:
            (on_top.focused or on_top)._forward_event(events.Key(event.key, event.character))
        elif focused is not None and focused is not self:
            focused._forward_event(events.Key(event.key, event.character))
        elif event.character is not None and event.character in _DIGITS and len(number) < len(_DIGITS):
            self._number = number + event.character
        elif event.key == "G" and number:
            self.go_to_number(int(number))
        elif event.key == "escape" and self.before_leaving is not None and self.before_leaving():
            pass
        elif bound is not None and bound.node is self and self._is_at_once(bound.binding.action):
            await self.run_action(bound.binding.action)
        else:
            return
        event.stop()
        event.prevent_default()

    def hold_keys(self) -> None:
        """A screen is about to open, and keys that come before it are meant for it: what is typed behind | is a
        command, never actions on messages.
        """
        if self._held is None:
            self._held = []
            self._await_screen()

    def _await_screen(self) -> None:
        if self._held is None:
            return
        if self.app.screen is self.screen:
            self.set_timer(_LOOK_SECONDS, self._await_screen)
        else:
            self.app.screen.call_after_refresh(self.release_keys)

    def release_keys(self) -> None:
        """The screen is open, or none will be."""
        held, self._held = self._held or [], None
        target = self.app.screen.focused or self.app.screen
        for key in held:
            target._forward_event(key)

    @staticmethod
    def _is_at_once(action: str) -> bool:
        return action in _AT_ONCE or not action.startswith("screen.")
