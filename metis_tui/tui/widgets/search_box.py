"""A field to search in that also hears the keys of the list below it, so that all keys stay in one order.

Textual brings letters to a field at once and lets other keys bubble up first: what arrives in one piece, as over a
slow line, would come out in another order. So one widget has the focus for good. Knows nothing of what is listed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from metis_tui.chat.printable import printable_line

TakeKey = Callable[[str, bool], Awaitable[bool]]
"""Given a key's name and whether text is being typed; whether the key is done with."""


class SearchBox(Input):
    """While it is typed into, letters are text; else every key is offered to the list alone."""

    DEFAULT_CSS = """
    SearchBox { height: 1; background: $surface; border: none; padding: 0 1; }
    SearchBox.-typing { background: $panel-lighten-1; }
    """

    class Clicked(Message):
        """The mouse wants to type here."""

    def __init__(
        self,
        take_key: TakeKey,
        take_text: Callable[[str], None],
        *,
        value: str = "",
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        """`take_text` is given what was typed before the key that follows is heard."""
        super().__init__(value, placeholder=placeholder, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False
        self._take_key = take_key
        self._take_text = take_text
        self._is_typing = False
        self._action_by_key: dict[str, str] = {}
        for binding in Input.BINDINGS:
            if isinstance(binding, Binding):
                self._action_by_key.update((key.strip(), binding.action) for key in binding.key.split(","))

    @property
    def is_typing(self) -> bool:
        """Whether letters are text."""
        return self._is_typing

    @is_typing.setter
    def is_typing(self, is_typing: bool) -> None:
        self._is_typing = is_typing
        self.set_class(is_typing, "-typing")
        self._cursor_visible = is_typing

    def on_mount(self) -> None:
        self._cursor_visible = self._is_typing

    def _restart_blink(self) -> None:
        """The cursor does not blink; where nothing is typed there is none."""
        self._cursor_visible = self._is_typing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that bubbled up do nothing to the text: those meant for it were heard here."""
        return False

    async def _on_key(self, event: events.Key) -> None:
        event.prevent_default()
        if self.app.screen is not self.screen:
            # The key before opened a screen; this one, under way in the same piece, is meant for it. That screen
            # takes it when it has come up and knows what has the focus.
            event.stop()
            self.app.screen.call_later(_hand_on, self.app.screen, event.key, event.character)
            return
        if await self._take_key(event.key, self._is_typing):
            event.stop()
            return
        if not self._is_typing:
            if event.is_printable:
                event.stop()
            return
        before = self.value
        action = self._action_by_key.get(event.key)
        if action is not None and action not in ("submit", "copy"):
            event.stop()
            method = getattr(self, f"action_{action.partition('(')[0]}")
            method(True) if action.endswith("(True)") else method()
        elif event.is_printable and event.character:
            event.stop()
            self.replace(event.character, *self.selection)
        if self.value != before:
            self._take_text(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        words = printable_line(event.text, 500)
        if words:
            self.is_typing = True
            self.replace(words, *self.selection)
            self._take_text(self.value)

    def on_click(self) -> None:
        self.post_message(self.Clicked())


def _hand_on(screen: Screen[object], key: str, character: str | None) -> None:
    (screen.focused or screen)._forward_event(events.Key(key, character))
