"""What keys of the history screen change: marks, pins, archive, trash, tags, titles; and taking that back.

A change is shown at once and saved in the background, one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from metis_tui.chat.conversation import ConversationSummary
from metis_tui.chat.printable import printable_line
from metis_tui.tui.history.changes import Change, Step, What, carry_out, changes_to, tags_after
from metis_tui.tui.screens.history_base import HistoryBase

_MANY = 200
"""More conversations than that are not changed by one key alone."""
_OPEN_NOW = "It is open in the chat; start another one first (Ctrl+N)."


class HistoryChanges(HistoryBase):
    """Owns the changes that are still to be saved."""

    _saving: asyncio.Lock | None = None
    unsaved_count = 0
    """Changes on their way to the disk."""

    # --- marks ------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Marks the current conversation or takes its mark away, and goes on to the next one."""
        row = self.current
        if row is None:
            return
        if row.id in self.marked:
            del self.marked[row.id]
        else:
            self.marked[row.id] = None
        self._say_marks()
        self.rows_view.move(1)

    def mark_all(self) -> None:
        """Marks all that is listed; when all are marked already, none."""
        listed = [row.id for row in self.rows_view.rows]
        if all(conversation_id in self.marked for conversation_id in listed):
            for conversation_id in listed:
                self.marked.pop(conversation_id, None)
        else:
            self.marked.update(dict.fromkeys(listed))
        self._say_marks()

    def unmark(self) -> bool:
        """Takes all marks away; False when there were none."""
        had_marks = bool(self.marked)
        self.marked.clear()
        self._say_marks()
        return had_marks

    def _say_marks(self) -> None:
        self.rows_view.say_of_rows(marked=self.marked, open_id=self.context.conversation().id)
        self.show_state()

    # --- changes ----------------------------------------------------------------------------------

    def pin(self) -> None:
        chosen = self.chosen()
        wanted = not all(summary.is_pinned for summary in chosen)
        self._change("Pinned" if wanted else "No longer pinned", "pin", chosen, lambda _: wanted)

    def archive(self) -> None:
        """Archives, or when all are archived brings back."""
        chosen = self.chosen()
        wanted = not all(summary.is_archived for summary in chosen)
        words = "Archived: listed with is:archived, found by words" if wanted else "Back from the archive"
        self._change(words, "archive", chosen, lambda _: wanted)

    def trash(self) -> None:
        open_id = self.context.conversation().id
        chosen = self.chosen()
        kept = [summary for summary in chosen if summary.id != open_id]
        if chosen and all(summary.is_trashed for summary in chosen):
            self.tell("It is in the trash already. u brings it back.")
            return
        if len(kept) < len(chosen):
            self.tell(_OPEN_NOW if not kept else f"The one in the chat stays. {_OPEN_NOW}", is_problem=True)
        self._change("Moved to the trash: listed with is:trash", "trash", kept, lambda _: True)

    def take_back(self) -> None:
        """Brings back what is chosen from the trash; else takes the last change back."""
        trashed = [summary for summary in self.chosen() if summary.is_trashed]
        if trashed:
            self._change("Brought back from the trash", "trash", trashed, lambda _: False)
            return
        step = self.undo.take()
        if step is None:
            self.tell("There is nothing to take back.")
            return
        words = printable_line(step.words.partition(":")[0], 60)
        self._carry_out(f"Taken back: {words}", [change.back for change in reversed(step.changes)])

    def edit_tags(self) -> None:
        chosen = self.chosen()
        if not chosen:
            return
        from metis_tui.tui.screens.tag_dialog import AskTags

        known = sorted({tag for summary in self.shelf.summaries.values() for tag in summary.tags}, key=str.casefold)

        def entered(words: str | None) -> None:
            if words:
                self._change("Tags changed", "tags", chosen, lambda summary: tags_after(summary.tags, words))

        self.app.push_screen(AskTags([summary.tags for summary in chosen], known), entered)

    def rename(self) -> None:
        """Gives the current conversation another title."""
        row = self.current
        if row is None:
            return
        from metis_tui.tui.screens.dialogs import AskText

        summary = self.shelf.summaries.get(row.id, row.summary)

        def entered(title: str | None) -> None:
            if title:
                self._change("Renamed", "title", [summary], lambda _: printable_line(title, 200))

        self.app.push_screen(AskText("New title", summary.title), entered)

    def _change(
        self,
        words: str,
        what: What,
        chosen: Iterable[ConversationSummary],
        after: Callable[[ConversationSummary], object],
    ) -> None:
        changes = changes_to(chosen, what, after)
        if len(changes) <= _MANY:
            self._keep_and_carry_out(words, changes)
            return
        from metis_tui.tui.screens.dialogs import AskKey

        def decided(key: str | None) -> None:
            if key is not None:
                self._keep_and_carry_out(words, changes)

        text = f"This changes {len(changes):,} conversations. Stay in metis-tui until the footer says no more of it."
        self.app.push_screen(AskKey("So many?", text, {"y": "change them"}), decided)

    def _keep_and_carry_out(self, words: str, changes: tuple[Change, ...]) -> None:
        if changes:
            self.undo.keep(Step(words, changes))
            self._carry_out(words, changes)

    def _carry_out(self, words: str, changes: Sequence[Change]) -> None:
        """Shows the changes at once, and saves them in the background after those before."""
        known = self.shelf.summaries
        self.shelf.change([c.shown_in(known[c.conversation_id]) for c in changes if c.conversation_id in known])
        self.fill_again()
        count = f" ({len(changes):,})" if len(changes) > 1 else ""
        name, colon, more = words.partition(":")
        can_undo = "" if words.startswith("Taken back") else " · u takes it back"
        self.tell(f"{name}{count}{colon}{more}{can_undo}")
        # The application runs it: closing this screen must not end the saving.
        self.app.run_worker(self._save(changes), group="history-save", exit_on_error=False)

    async def _save(self, changes: Sequence[Change]) -> None:
        if self._saving is None:
            self._saving = asyncio.Lock()
        self.unsaved_count += len(changes)
        refused = 0
        async with self._saving:
            for number, change in enumerate(changes):
                try:
                    is_done = await carry_out(change, self.context.services.store, self.context.conversation())
                except KeyError:
                    is_done = False
                refused += not is_done
                self.unsaved_count -= 1
                if number % 20 == 19 and self.is_attached:
                    self.show_state()
        if self.is_attached:
            self.show_state()
        if refused:
            trouble = self.context.services.store.status.trouble
            reason = trouble or "read-only, or gone; F5 shows how it is"
            self.app.notify(
                printable_line(f"{refused:,} of {len(changes):,} changes are not saved: {reason}.", 300),
                severity="warning",
                markup=False,
            )
