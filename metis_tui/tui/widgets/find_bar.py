"""The find bar: one line under a transcript in which words are typed, and how often they are there.

Knows the transcript it searches; of other branches only what it is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from metis_tui.chat.printable import printable_line
from metis_tui.tui.widgets.transcript_finding import Search

if TYPE_CHECKING:
    from metis_tui.tui.widgets.transcript import Transcript
    from metis_tui.tui.widgets.transcript_search import Found

_LONGEST = 1_000
"""Characters of what is searched for."""
_WIDE = 76
"""Columns from which on the keys are told, too."""

Elsewhere = Callable[[Search], int]
"""How often words stand in other branches of the conversation."""


def found_words(found: Found, elsewhere: int, *, is_wide: bool, is_empty: bool = False) -> str:
    """The count at the end of the bar: "3 of 17"."""
    if is_empty:
        return "type what to find" if is_wide else ""
    more = "" if found.is_complete else "\u2026"
    if not found.total:
        words = "nothing found" if found.is_complete else "searching\u2026"
    elif found.number is None:
        words = f"{found.total:,}{more} found"
    else:
        words = f"{found.number:,} of {found.total:,}{more}"
    if found.has_wrapped:
        words = f"went around \u00b7 {words}" if is_wide else f"\u21bb {words}"
    if elsewhere:
        words += f" \u00b7 {elsewhere:,} more in other branches: Tab" if is_wide else f" +{elsewhere:,} Tab"
    return words


class FindInput(Input):
    """Takes each key here and now: what arrives in one piece over a slow line comes out in its order."""

    def __init__(self, bar: FindBar) -> None:
        super().__init__(compact=True, select_on_focus=False, max_length=_LONGEST, id="find-text")
        self.cursor_blink = False
        self._bar = bar

    async def _on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        focused = self.screen.focused
        if self.app.screen is not self.screen:
            self.app.screen._forward_event(events.Key(event.key, event.character))
        elif focused is not None and focused is not self:
            focused._forward_event(events.Key(event.key, event.character))
        elif not self._bar.pressed(event.key):
            if event.is_printable:
                await super()._on_key(event)
            else:
                for binding in self._bindings.key_to_bindings.get(event.key, ())[:1]:
                    await self.run_action(binding.action)
            self._bar.typed()

    def _on_paste(self, event: events.Paste) -> None:
        """Only what can be shown safely, and in one line."""
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(printable_line(event.text, _LONGEST))


class FindBar(Horizontal):
    """Hidden until it is opened."""

    DEFAULT_CSS = """
    FindBar { height: 1; background: $panel; display: none; }
    FindBar.-shown { display: block; }
    FindBar #find-label { width: auto; padding: 0 1; text-style: bold; }
    FindBar #find-text { width: 1fr; min-width: 8; background: $surface; }
    FindBar #find-count { width: auto; padding: 0 1; }
    """

    class OtherBranchWanted(Message):
        """The user wants to see the words in another branch."""

        def __init__(self, search: Search) -> None:
            super().__init__()
            self.search = search

    def __init__(self, transcript: Transcript, elsewhere: Elsewhere) -> None:
        super().__init__(id="find-bar")
        self._transcript = transcript
        self._elsewhere = elsewhere
        self._elsewhere_count = 0
        self._query = ""
        self._label = Static("Find", id="find-label", markup=False)
        self._input = FindInput(self)
        self._count = Static("", id="find-count", markup=False)

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._input
        yield self._count

    @property
    def is_open(self) -> bool:
        return self.has_class("-shown")

    def open(self) -> None:
        """For typing: from the place in view, the words of last time ready to be replaced."""
        if not self.is_open or self.screen.focused is not self._input:
            self._transcript.begin_find()
        self.add_class("-shown")
        self._input.value = self._query = self._query if self._transcript.is_searching else ""
        self._input.select_all() if self._query else None
        self.screen.set_focus(self._input)  # at once: keys that follow are meant for it
        self.update()

    def search(self, query: str) -> None:
        """Finds words at once, as with /find, and leaves the keys to the transcript."""
        self._transcript.begin_find()
        self.add_class("-shown")
        self._input.value = printable_line(query, _LONGEST)
        self.typed()
        self._accept()

    def tell(self, *words: str) -> None:
        """Words are marked already, by whoever opened the conversation: shows them."""
        self._query = self._input.value = printable_line(" | ".join(words), _LONGEST)
        self._elsewhere_count = self._elsewhere(Search(*words))
        self.add_class("-shown")
        self.update()

    def close(self) -> None:
        """The marks stay; the keys are the transcript's."""
        self.remove_class("-shown")
        if not self._query:
            self._transcript.find()
        if self.screen.focused is self._input:
            self.screen.set_focus(self._transcript)

    @on(Input.Changed)
    def typed(self) -> None:
        """Searches for what is there now, if that is something else."""
        query = self._input.value
        if query == self._query:
            return
        self._query = query
        self._elsewhere_count = self._elsewhere(Search(query)) if query.strip() else 0
        self._transcript.find(query, goes=True)
        self.update()

    def pressed(self, key: str) -> bool:
        """Whether the key means something to the bar."""
        match key:
            case "enter":
                self._accept()
            case "escape":
                self.close()
            case "down" | "up":
                self._transcript.next_found(1 if key == "down" else -1)
            case "pagedown":
                self._transcript.action_page_down()
            case "pageup":
                self._transcript.action_page_up()
            case "tab":
                if self._elsewhere_count:
                    self.post_message(self.OtherBranchWanted(Search(self._query)))
            case _:
                return False
        return True

    def _accept(self) -> None:
        """The words are right: from here on n and N go from one to the next."""
        if self._query.strip():
            self.screen.set_focus(self._transcript)
            self.update()
        else:
            self.close()

    def count_elsewhere(self) -> None:
        """Another branch is shown."""
        self._elsewhere_count = self._elsewhere(Search(self._query)) if self._query.strip() else 0
        self.update()

    def update(self) -> None:
        """What is known of the words has changed."""
        if not self.is_open:
            return
        is_wide = self.app.size.width >= _WIDE
        words = found_words(
            self._transcript.found, self._elsewhere_count, is_wide=is_wide, is_empty=not self._query.strip()
        )
        if is_wide and self._query.strip() and self.screen.focused is self._transcript:
            words += " \u00b7 n N \u00b7 Esc"
        elif is_wide and self._query.strip() and not self._elsewhere_count:
            words += " \u00b7 Enter"
        if words != str(self._count.content):
            self._count.update(words)

    def on_resize(self) -> None:
        self.update()

    def on_descendant_focus(self) -> None:
        self.update()

    def on_descendant_blur(self) -> None:
        self.update()
