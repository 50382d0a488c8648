"""What review shows of a conversation: its branch, its marks, where the reader is. Knows no keys.

Owns which branch it shows, without choosing it for the conversation. What is marked is kept by the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metis_tui.chat.branches import ShownBranches, places_on
from metis_tui.chat.printable import printable, printable_line
from metis_tui.tui.copying import Copying
from metis_tui.tui.heading_marks import heading_marks
from metis_tui.tui.reading import Reading
from metis_tui.tui.remarks import remarks_of
from metis_tui.tui.screens.overlay import ClosesOnce
from metis_tui.tui.taking_out import TakingOut
from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
from metis_tui.tui.widgets.review_bar import ReviewBar, ReviewFacts

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.tui.app import MetisApp
    from metis_tui.tui.widgets.find_bar import FindBar
    from metis_tui.tui.widgets.transcript_jumps import TranscriptJumps


@dataclass(frozen=True, slots=True)
class ReviewEnd:
    """Where the reader was."""

    message_id: str | None
    is_to_write: bool
    """The prompt is wanted next."""


class ReviewBase(ClosesOnce[ReviewEnd]):
    """The host of what readers do."""

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
        self.copying = Copying(self)
        self.taking_out = TakingOut(self)

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

    @property
    def shown_conversation(self) -> Conversation:
        return replace(self._conversation, head=self._head)

    def reading_path(self) -> list[ChatMessage]:
        return [message for message in self.shown_conversation.path() if message.role != "system"]

    def message_to_act_on(self) -> ChatMessage | None:
        at = self._transcript.current or self._transcript.last_in_view
        return self._conversation.messages.get(at or "")

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
        self._transcript.mark(heading_marks(self.shown_conversation))
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

    def step_sibling(self, step: int) -> None:
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

    async def copy(self, text: str, what: str = "") -> None:
        self.tell(await self._metis_app.clipboard_ladder.copy(text), title=what)
