"""The history screen: every saved conversation, searched as one types, with a preview at what was found.

Composes and hands keys on; searching, preview and changes are in the base classes. Returns what to open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from metis_tui.chat.search import SearchQuery
from metis_tui.tui.history.changes import Undo
from metis_tui.tui.history.shelf import Shelf
from metis_tui.tui.screens.history_base import HistoryContext
from metis_tui.tui.screens.history_changes import HistoryChanges
from metis_tui.tui.screens.history_preview import HistoryPreview
from metis_tui.tui.screens.history_search import HistorySearch
from metis_tui.tui.screens.history_sharing import HistorySharing
from metis_tui.tui.widgets.history_list import HistoryList
from metis_tui.tui.widgets.one_line import OneLine
from metis_tui.tui.widgets.search_box import SearchBox
from metis_tui.tui.widgets.transcript import Transcript

NARROW = 100
"""Columns below which the preview goes under the list."""
_KEYS_SECONDS = 0.4
"""So long after a key the next one is to be expected."""
_SHORT = 15
"""Rows below which there is no preview."""
_KEYS = (
    "Enter open",
    "/ search",
    "Space mark",
    "d trash",
    "u undo",
    "T tags",
    "P pin",
    "a archive",
    "v review",
    "n N hits",
    "s sort",
    "e rename",
    "x export",
    "R ask again",
    "A mark all",
)
_LAST_KEYS = "? help · Esc"
_TYPING_KEYS = ("Enter or Down to the list", "PgUp PgDn scroll the preview")
_LAST_TYPING_KEYS = "Esc clears"


class History(HistorySearch, HistoryPreview, HistoryChanges, HistorySharing):
    """Owns the widgets and the state that all parts share."""

    CSS_PATH = "history.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+r", "dismiss(None)", "Back", show=False)]

    def __init__(self, context: HistoryContext, words: str | None = None) -> None:
        """`words`: searched for at once; an empty text begins in the search box, None in the list."""
        super().__init__()
        self.context = context
        self.shelf = Shelf()
        self.asked = SearchQuery()
        self.sort = "newest"
        self.marked = {}
        self.undo = Undo()
        self.settled = asyncio.Event()
        self.settled.set()
        self.is_loaded = asyncio.Event()
        self._words = words
        self._list_keys = self._make_list_keys()

    def compose(self) -> ComposeResult:
        yield OneLine("Conversations", id="history-title")
        yield SearchBox(
            self.take_key,
            self.take_text,
            value=self._words or "",
            placeholder="/ searches all messages and titles · model: tag: role: before: after: is: has:code",
            id="history-search",
        )
        with Container(id="history-body"):
            yield HistoryList(id="history-list")
            with Vertical(id="history-preview"):
                yield Transcript()
        yield OneLine(id="history-notice")
        yield OneLine(id="history-keys")

    def on_mount(self) -> None:
        self.box = self.query_one(SearchBox)
        self.rows_view = self.query_one(HistoryList)
        self.preview = self.query_one(Transcript)
        self.preview.can_focus = False
        self.set_focus(self.box)
        self.box.is_typing = self._words == ""
        self.rows_view.say_of_rows(marked=self.marked, open_id=self.context.conversation().id)
        self.load()
        self.call_after_refresh(self.context.start_search)
        if self._words:
            self.take_text(self._words)
        self.show_state()

    def on_resize(self) -> None:
        self.set_class(self.size.width < NARROW, "-narrow")
        was_hidden = self.has_class("-no-preview")
        self.set_class(self.size.height < _SHORT, "-no-preview")
        if was_hidden and not self.has_class("-no-preview"):
            self.preview_soon()
        self.show_state()

    # --- keys -------------------------------------------------------------------------------------

    def _make_list_keys(self) -> Mapping[str, Callable[[], object]]:
        """What keys do while the list has them."""
        keys: dict[str, Callable[[], object]] = {
            "j,down": lambda: self.rows_view.move(1),
            "k": lambda: self.rows_view.move(-1),
            "up": self._up,
            "g,home": lambda: self.rows_view.move_to(0),
            "G,end": lambda: self.rows_view.move_to(len(self.rows_view.rows)),
            "ctrl+d": lambda: self.rows_view.move(self.rows_view.page // 2),
            "ctrl+u": lambda: self.rows_view.move(-(self.rows_view.page // 2)),
            "enter": self.open_current,
            "v": self.review,
            "slash": self.type_words,
            "question_mark": self.show_help,
            "space": self.mark,
            "A": self.mark_all,
            "P": self.pin,
            "a": self.archive,
            "d,delete": self.trash,
            "u": self.take_back,
            "T": self.edit_tags,
            "e,f2": self.rename,
            "x": self.export,
            "R": self.ask_again,
            "c": self.vote,
            "s": self.next_sort,
            "n": lambda: self.next_hit(1),
            "N": lambda: self.next_hit(-1),
        }
        return {key: deed for names, deed in keys.items() for key in names.split(",")}

    async def take_key(self, key: str, is_typing: bool) -> bool:
        """A key of the box; those that are text while one types are not for here."""
        self.context.services.search.give_way(_KEYS_SECONDS)
        if key in ("pagedown", "pageup"):
            self.scroll_preview(1 if key == "pagedown" else -1)
        elif key == "escape":
            self.back()
        elif key == "f5":
            self.look_again()
        elif is_typing and key in ("enter", "down", "tab"):
            self.to_list()
        elif is_typing:
            return False
        elif key in self._list_keys:
            # What was typed just before comes first: a key must not meet a conversation that is about to go.
            if await self.wait_until_settled():
                done = self._list_keys[key]()
                if isinstance(done, Awaitable):
                    await done
            else:
                self.tell("Still searching. Press the key again when the list is there.")
        else:
            return False
        return True

    def on_key(self, event: events.Key) -> None:
        """Keys that came before the box was there."""
        if self.focused is None and self.is_mounted:
            event.stop()
            self.set_focus(self.box)
            self.box._forward_event(events.Key(event.key, event.character))

    def type_words(self) -> None:
        self.box.is_typing = True
        self.show_state()

    def to_list(self) -> None:
        self.box.is_typing = False
        # The last word is whole now: it is searched for as such.
        self.take_text(self.box.value)
        self.show_state()

    def _up(self) -> None:
        if not self.rows_view.move(-1):
            self.type_words()

    def back(self) -> None:
        """Esc: first ends the typing and the search, then the marks, then what runs in the background, then this."""
        if self.box.value:
            self.box.value = ""
            self.box.is_typing = False
            self.take_text("")
        elif self.box.is_typing:
            self.to_list()
        elif not self.unmark() and not self.stop_asking():
            self.dismiss(None)

    def look_again(self) -> None:
        """Takes in what other windows have saved."""
        self.context.start_search()
        self.load()
        if self.box.value:
            self.search_now()

    def open_current(self) -> None:
        choice = self.choice()
        if choice is not None:
            self.dismiss(choice)

    def show_help(self) -> None:
        from metis_tui.tui.screens.history_help import HistoryHelp

        self.app.push_screen(HistoryHelp())

    @on(HistoryList.Clicked)
    def clicked(self, event: HistoryList.Clicked) -> None:
        self.box.is_typing = False
        self.show_state()
        if event.is_double:
            self.open_current()

    @on(SearchBox.Clicked)
    def box_clicked(self) -> None:
        self.type_words()

    # --- what is shown ----------------------------------------------------------------------------

    def show_state(self) -> None:
        if not self.is_mounted:
            return
        self.query_one("#history-title", OneLine).say(self.title_words())
        words = self.search_words() or self.sharing_words()
        if self.unsaved_count > 20:
            words = f"saving {self.unsaved_count:,} changes · {words}".rstrip(" ·")
        notice = self.query_one("#history-notice", OneLine)
        if notice.display != bool(words):
            notice.display = bool(words)
        notice.say(words)
        self.query_one("#history-keys", OneLine).say(self._key_words())

    def _key_words(self) -> str:
        """As many keys as there is room for; those that are left out are in the help."""
        keys, last = (_TYPING_KEYS, _LAST_TYPING_KEYS) if self.box.is_typing else (_KEYS, _LAST_KEYS)
        words = ""
        for key in keys:
            if len(words) + len(key) + len(last) + 6 > self.size.width - 2:
                break
            words += f"{key} · "
        return words + last
