"""What a reader does with the conversation on screen: find words, bookmark, note, ask where a message comes from.

The same in the chat and in review; nothing here can send. Screens are imported when they are first opened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.screen import Screen

from metis_tui.tui.remarks import elsewhere, remarked, remarks_of

if TYPE_CHECKING:
    from metis_tui.chat.conversation import ChatMessage, Conversation
    from metis_tui.chat.ports import ConversationStore
    from metis_tui.tui.copying import Copying
    from metis_tui.tui.widgets.conversation_transcript import ConversationTranscript
    from metis_tui.tui.widgets.find_bar import FindBar
    from metis_tui.tui.widgets.transcript_finding import Search


class ReadingHost(Protocol):
    """The screen with the transcript."""

    @property
    def reading_transcript(self) -> ConversationTranscript: ...

    @property
    def reading_conversation(self) -> Conversation: ...

    @property
    def reading_store(self) -> ConversationStore: ...

    def reading_path(self) -> list[ChatMessage]:
        """The messages shown."""

    @property
    def shown_conversation(self) -> Conversation:
        """With the branch that is shown; to be read only."""

    def message_to_act_on(self) -> ChatMessage | None:
        """The message under the cursor, else the one that is meant most likely."""

    @property
    def copying(self) -> Copying: ...

    def show_branch_of(self, message_id: str) -> bool:
        """Shows the branch with a message; False, having said why, when that cannot be now."""

    def remarks_changed(self) -> None:
        """Notes or bookmarks are other ones."""

    def tell(self, text: str, *, title: str = "", is_problem: bool = False) -> None: ...

    def keep(self, saving: Awaitable[object]) -> None: ...

    async def copy(self, text: str, what: str = "") -> None: ...

    @property
    def app(self) -> App[Any]: ...

    def run_worker(self, work: Any, *, group: str, exit_on_error: bool) -> object: ...


class Reading:
    """Of the conversation that the screen shows at the time."""

    def __init__(self, host: ReadingHost) -> None:
        self._host = host
        self._bar: FindBar | None = None

    @property
    def _screen(self) -> Screen[Any]:
        return self._host.reading_transcript.screen

    # --- finding ----------------------------------------------------------------------------------

    async def find(self, text: str = "") -> None:
        """Opens the bar; with a text finds that."""
        if not self._host.reading_path():
            self._host.tell("There is nothing to search yet. Ctrl+R searches all conversations.")
            return
        bar = await self._find_bar()
        bar.search(text) if text else bar.open()

    async def show_found(self, message_id: str | None, phrases: Sequence[str]) -> None:
        """The conversation was opened for words in it: marks them and goes to the message."""
        transcript = self._host.reading_transcript
        transcript.find_any(phrases)
        if phrases:
            (await self._find_bar()).tell(*phrases)
        if message_id is not None:
            transcript.go_to_found(message_id)

    async def _find_bar(self) -> FindBar:
        from metis_tui.tui.widgets.find_bar import FindBar

        transcript = self._host.reading_transcript
        if self._bar is None:
            self._bar = FindBar(transcript, self._count_elsewhere)
            transcript.before_leaving = self.leave_find
            assert transcript.parent is not None
            await self._screen.mount(self._bar, after=transcript)
        return self._bar

    def _count_elsewhere(self, search: Search) -> int:
        found = elsewhere(self._host.reading_conversation, self._host.reading_path(), search)
        return sum(count for _, count in found)

    def go_elsewhere(self, search: Search) -> None:
        """Shows the words in another branch: the next one of those that are not shown."""
        host = self._host
        found = elsewhere(host.reading_conversation, host.reading_path(), search)
        if found and host.show_branch_of(found[0][0].id):
            host.reading_transcript.go_to_found(found[0][0].id)
            host.tell("This is another branch. Tab in the find bar goes on; [ ] go from branch to branch.")
            if self._bar is not None:
                self._bar.count_elsewhere()

    def found_changed(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def leave_find(self) -> bool:
        """Esc in the transcript: closes the bar, then takes the marks away; False when there is neither."""
        transcript = self._host.reading_transcript
        if self._bar is not None and self._bar.is_open:
            self._bar.close()
        elif transcript.is_searching:
            transcript.find()
        else:
            return False
        return True

    def end_find(self) -> None:
        """Another conversation is shown."""
        if self._bar is not None and self._bar.is_open:
            self._bar.close()
        self._host.reading_transcript.find()

    # --- notes and bookmarks ----------------------------------------------------------------------

    def message(self) -> ChatMessage | None:
        """The message under the cursor, else the last one in view; None, having said why, when there is none."""
        transcript, conversation = self._host.reading_transcript, self._host.reading_conversation
        found = conversation.messages.get(transcript.current or transcript.last_in_view or "")
        if found is None:
            is_streaming = transcript.last_in_view is not None
            self._host.tell("It still streams. Wait for its end." if is_streaming else "There is no message yet.")
        return found

    def toggle_bookmark(self) -> None:
        host, message = self._host, self.message()
        if message is None or self._is_refused():
            return
        conversation = host.reading_conversation
        is_set = message.id not in conversation.bookmarks
        host.keep(self._and_show(host.reading_store.bookmark(conversation, message.id, is_set=is_set)))

    async def note(self) -> None:
        """Asks for the note on the message; returns when keys go to the question."""
        from metis_tui.tui.screens.note import NoteDialog

        host, message = self._host, self.message()
        if message is None or self._is_refused():
            return
        conversation, store = host.reading_conversation, host.reading_store

        def written(text: str | None) -> None:
            if text is not None and text != conversation.notes.get(message.id, ""):
                host.keep(self._and_show(store.note(conversation, message.id, text)))

        await self._screen.app.push_screen(NoteDialog(message, conversation.notes.get(message.id, "")), written)

    def note_with(self, text: str) -> None:
        """Puts a note beside the message without asking."""
        host, message = self._host, self.message()
        if message is not None and not self._is_refused():
            before = host.reading_conversation.notes.get(message.id, "")
            note = f"{before}\n{text}" if before else text
            host.keep(self._and_show(host.reading_store.note(host.reading_conversation, message.id, note)))

    def _is_refused(self) -> bool:
        if not self._host.reading_conversation.is_read_only:
            return False
        self._host.tell(self._host.reading_conversation.read_only_reason, title="Read-only", is_problem=True)
        return True

    async def _and_show(self, saving: Awaitable[bool]) -> None:
        # The store changes the conversation at once and then waits for the disk.
        self._screen.call_next(self._host.remarks_changed)
        await saving
        self._host.remarks_changed()

    def show_remarks(self) -> None:
        self._host.reading_transcript.remark(remarks_of(self._host.reading_conversation))

    def next_bookmark(self) -> None:
        """Goes to the next bookmarked message, around the end."""
        host = self._host
        path, marked = host.reading_path(), set(host.reading_conversation.bookmarks)
        here = [number for number, message in enumerate(path) if message.id in marked]
        others = len(marked - {message.id for message in path})
        in_others = f"{others} in other branches: L lists all." if others else ""
        if not here:
            host.tell(f"No bookmark here. {in_others or 'b sets one.'}")
            return
        ids = [message.id for message in path]
        transcript = host.reading_transcript
        at = transcript.current or transcript.last_in_view
        now = ids.index(at) if at in ids else -1
        following = next((number for number in here if number > now), here[0])
        transcript.go_to_message(ids[following])
        if following <= now and (len(here) > 1 or following == now):
            host.tell("The only bookmark." if len(here) == 1 else "From the first bookmark again.")

    async def list_marks(self) -> None:
        """Lists all notes and bookmarks of the conversation."""
        from metis_tui.tui.screens.marks import Marks

        host = self._host
        found = remarked(host.reading_conversation, host.reading_path())
        if not found:
            host.tell("No notes and no bookmarks yet. b sets a bookmark, a writes a note.")
            return

        def chosen(message_id: str | None) -> None:
            if message_id is not None:
                self.go_to(message_id)

        current = host.reading_transcript.current or ""
        await self._screen.app.push_screen(Marks(found, current), chosen)

    def go_to(self, message_id: str) -> None:
        """Goes to a message of the conversation, in whichever branch."""
        transcript = self._host.reading_transcript
        if transcript.document.index_of(message_id) is not None or self._host.show_branch_of(message_id):
            transcript.go_to_message(message_id)
            self._screen.set_focus(transcript)

    # --- provenance -------------------------------------------------------------------------------

    async def provenance(self) -> None:
        """Shows how the message was made."""
        from metis_tui.tui.screens.provenance import ProvenanceScreen

        message = self.message()
        if message is not None:
            conversation = self._host.reading_conversation
            await self._screen.app.push_screen(ProvenanceScreen(conversation, message, self._host.copy))
