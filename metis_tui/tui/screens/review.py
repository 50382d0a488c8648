"""Review: a conversation to read and to mark, from which nothing can be sent: there is no prompt and no engine.

Owns which branch it shows, without choosing it for the conversation. What is marked is kept by the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from metis_tui.chat.branches import ShownBranches, places_on
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.heading_marks import heading_marks
from metis_tui.tui.reading import Reading
from metis_tui.tui.remarks import remarks_of
from metis_tui.tui.screens.overlay import ClosesOnce
from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
from metis_tui.tui.widgets.review_bar import ReviewBar, ReviewFacts, ReviewTitle

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.tui.app import MetisApp
    from metis_tui.tui.widgets.find_bar import FindBar
    from metis_tui.tui.widgets.transcript_jumps import TranscriptJumps

_LOOK_SECONDS = 1.0
_READ_ONLY = "Review only reads: nothing is sent or changed here but notes and bookmarks. i goes back."


@dataclass(frozen=True, slots=True)
class ReviewEnd:
    """Where the reader was."""

    message_id: str | None
    is_to_write: bool
    """The prompt is wanted next."""


class Review(ClosesOnce[ReviewEnd]):
    """Reads one conversation.

    Args:
        at: the message to begin at; None: the last one.
        words: phrases to be marked, as by a search that led here.
        is_streaming: whether a reply to this conversation is on its way.
    """

    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "find_here", "Find", show=False, priority=True, id="find"),
        Binding("ctrl+f", "find_here", "Find", show=False),
        Binding("f1,question_mark", "help", "Help", show=False, id="help"),
        Binding("q", "focus_prompt", "Back", show=False),
    ]

    def __init__(
        self,
        conversation: Conversation,
        store: ConversationStore,
        *,
        at: str | None = None,
        words: Sequence[str] = (),
        is_streaming: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self._conversation, self._store = conversation, store
        self._at, self._words = at, tuple(words)
        self._is_streaming = is_streaming
        self._branches = ShownBranches()
        self._head = conversation.head
        self._shown_head = conversation.head
        self._transcript = ConversationTranscript()
        self.reading = Reading(self)

    def compose(self) -> ComposeResult:
        yield ReviewTitle(self._conversation.title)
        yield self._transcript
        yield ReviewBar()

    async def on_mount(self) -> None:
        self.set_focus(self._transcript)
        if self._at is not None and all(message.id != self._at for message in self.reading_path()):
            self._head = self._through(self._at)
        self._show_path()
        self.set_interval(_LOOK_SECONDS, self._look)
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        path = self.reading_path()
        start = self._at or (path[-1].id if path else None)
        if self._words:
            await self.reading.show_found(start, self._words)
        elif start is not None:
            self._transcript.go_to_message(start)
        self.show_state()

    # -- what is read ------------------------------------------------------------------------------------------

    @property
    def reading_transcript(self) -> ConversationTranscript:
        return self._transcript

    @property
    def reading_conversation(self) -> Conversation:
        return self._conversation

    @property
    def reading_store(self) -> ConversationStore:
        return self._store

    def reading_path(self) -> list[ChatMessage]:
        shown = replace(self._conversation, head=self._head)
        return [message for message in shown.path() if message.role != "system"]

    def _through(self, message_id: str) -> str | None:
        known = message_id in self._conversation.messages
        return self._branches.end_through(self._conversation, message_id) if known else self._head

    def show_branch_of(self, message_id: str) -> bool:
        self._branches.saw(self.reading_path())
        self._head = self._through(message_id)
        self._show_path()
        return True

    def _show_path(self) -> None:
        self._transcript.show(self.reading_path())
        self.remarks_changed()

    def remarks_changed(self) -> None:
        self._transcript.mark(heading_marks(replace(self._conversation, head=self._head)))
        self._transcript.remark(remarks_of(self._conversation))
        self.show_state()

    def _look(self) -> None:
        """What a reply that ended meanwhile adds to the branch shown is shown, too."""
        head = self._conversation.head
        if head != self._shown_head and head is not None:
            was_shown, self._shown_head = self._shown_head, head
            if was_shown == self._head:
                self._head = head
                for message in self.reading_path():
                    self._transcript.replace(message)
                self.remarks_changed()
        self.show_state()

    # -- what is told ------------------------------------------------------------------------------------------

    def show_state(self) -> None:
        path = self.reading_path()
        ids = [message.id for message in path]
        at = self._transcript.current or self._transcript.last_in_view
        shown = set(ids)
        conversation = self._conversation
        self.query_one(ReviewBar).facts = ReviewFacts(
            ids.index(at) + 1 if at in ids else 0,
            len(ids),
            len(shown & conversation.notes.keys()),
            len(shown.intersection(conversation.bookmarks)),
            len(conversation.messages.keys() - shown) > 0 and len(heading_marks(conversation)) > 0,
            self._is_streaming(),
        )

    def on_transcript_current_changed(self) -> None:
        self.show_state()

    def on_transcript_follow_changed(self) -> None:
        self.show_state()

    def on_transcript_found_changed(self) -> None:
        self.reading.found_changed()

    def on_transcript_nothing_there(self, event: TranscriptJumps.NothingThere) -> None:
        self.tell(event.words)

    def on_find_bar_other_branch_wanted(self, event: FindBar.OtherBranchWanted) -> None:
        self.reading.go_elsewhere(event.search)

    def tell(self, text: str, *, title: str = "", is_problem: bool = False) -> None:
        severity: Any = "error" if is_problem else "information"
        self.notify(
            printable(text)[:600], title=printable_line(title, 80), severity=severity, timeout=4, markup=False
        )

    def keep(self, saving: Awaitable[object]) -> None:
        async def run() -> None:
            await saving

        self.run_worker(run(), group="keep", exit_on_error=False)

    @property
    def _metis_app(self) -> MetisApp:
        from metis_tui.tui.app import MetisApp

        assert isinstance(self.app, MetisApp)
        return self.app

    async def copy(self, text: str) -> None:
        self.tell(await self._metis_app.clipboard_ladder.copy(text))

    # -- keys --------------------------------------------------------------------------------------------------

    def action_focus_prompt(self) -> None:
        """i, q or Esc: back to where the reader came from."""
        self.dismiss(ReviewEnd(self._transcript.current, True))

    async def action_find_here(self) -> None:
        await self.reading.find()

    def action_toggle_bookmark(self) -> None:
        self.reading.toggle_bookmark()

    def action_next_bookmark(self) -> None:
        self.reading.next_bookmark()

    async def action_note(self) -> None:
        await self.reading.note()

    async def action_marks(self) -> None:
        await self.reading.list_marks()

    async def action_provenance(self) -> None:
        await self.reading.provenance()

    def action_review(self) -> None:
        """v leaves as it came."""
        self.dismiss(ReviewEnd(self._transcript.current, False))

    async def action_copy_message(self) -> None:
        message = self.reading.message()
        if message is not None:
            await self.copy(self._transcript.source_of(message.id))

    def action_help(self) -> None:
        from metis_tui.tui.screens.help import Help

        self.app.push_screen(Help(dict(self._metis_app.keymap_in_use)))

    def action_next_sibling(self) -> None:
        self._step_sibling(1)

    def action_previous_sibling(self) -> None:
        self._step_sibling(-1)

    def _step_sibling(self, step: int) -> None:
        """Shows the branch of the sibling before or after, without choosing it for the conversation."""
        path = self.reading_path()
        places = places_on(self._conversation, path)
        ids = [message.id for message in path]
        at = self._transcript.current
        above = ids[: ids.index(at) + 1] if at in ids else ids
        found = next((i for i in [*reversed(above), *reversed(ids)] if i in places), None)
        sibling = places[found].neighbour(step) if found is not None else None
        if sibling is None:
            self.tell("There is one branch only." if found is None else "There is no further branch on this side.")
            return
        self._branches.saw(path)
        self._head = self._through(sibling)
        self._transcript.show_in_place(self.reading_path(), sibling, found)
        self.remarks_changed()

    def _refuse(self) -> None:
        self.tell(_READ_ONLY)

    action_edit_branch = action_regenerate = action_ask_another = action_fork = action_tree = _refuse
