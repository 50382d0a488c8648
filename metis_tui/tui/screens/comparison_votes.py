"""Verdicts on the lanes of a comparison: votes with reasons, taking them back, differences. Asks no model."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from metis_tui.chat.printable import printable_line
from metis_tui.tui.screens.comparison_base import ComparisonBase
from metis_tui.tui.widgets.lane_pane import LETTERS

if TYPE_CHECKING:
    from metis_tui.chat.votes import Vote


class ComparisonVotes(ComparisonBase):
    """A vote counts for the replies that are shown; another round takes it out of view, not out of the records."""

    _vote: Vote | None = None
    _are_names_shown = False
    """After a blind vote."""
    was_asked_blind = False
    """The replies on screen came while the names were hidden: only then nothing told who wrote them."""

    @property
    def is_hidden(self) -> bool:
        return self.comparison.is_blind and not self._are_names_shown

    @property
    def has_voted(self) -> bool:
        return self._vote is not None

    @property
    def title_words(self) -> str:
        """What the title tells of the vote."""
        return self.vote_words

    @property
    def vote_words(self) -> str:
        """The verdict, and why."""
        vote = self._vote
        if vote is None:
            return ""
        if vote.verdict == "best" and vote.best is not None:
            words = f"{LETTERS[vote.best]} is best"
        else:
            words = {"tie": "a tie", "bad": "all bad"}.get(vote.verdict, "")
        return f"{words}: {printable_line(vote.reason, 60)}" if vote.reason else words

    def load_vote(self) -> None:
        """The vote on the replies that are shown, from an earlier time; names were known since."""
        from metis_tui.chat.votes import vote_from

        replies = [lane.reply.id for lane in self.comparison.lanes if lane.reply is not None]
        known = vote_from(self._voted_prompt(), self.comparison.conversation.votes.get(self._voted_prompt()))
        if known is None or sorted(known.replies) != sorted(replies) or len(replies) != len(self.comparison.lanes):
            return
        best = replies.index(known.replies[known.best]) if known.best is not None else None
        models = tuple(lane.model.key for lane in self.comparison.lanes)
        self._vote = replace(known, replies=tuple(replies), models=models, best=best)
        self._are_names_shown = True

    # --- votes ------------------------------------------------------------------------------------

    def show_names(self) -> None:
        """Shows the lanes with their names and numbers, or without while they are hidden."""
        for pane in self.panes:
            pane.is_blind = self.is_hidden
            if not pane.is_busy:
                pane.show_thread()
            pane.tell()
        self.show_words()

    async def action_vote(self, choice: str) -> None:
        from metis_tui.chat.votes import Vote

        panes = self.panes
        if self.is_busy:
            self.tell("Vote when all lanes are done, or stop them: . this one, ! all.")
            return
        replies = [pane.lane.reply for pane in panes]
        if any(reply is None for reply in replies) or len(panes) < 2:
            self.tell("A vote needs a reply in every lane, and two lanes.")
            return
        best = LETTERS.index(choice) if choice in LETTERS else None
        if best is not None and best >= len(panes):
            return
        was_hidden = self.is_hidden
        self._vote = Vote(
            prompt_id=self._voted_prompt(),
            replies=tuple(reply.id for reply in replies if reply is not None),
            models=tuple(pane.lane.model.key for pane in panes),
            verdict="best" if best is not None else "tie" if choice == "tie" else "bad",
            best=best,
            is_blind=was_hidden and self.was_asked_blind,
            is_same_speed=was_hidden and self.was_asked_blind,
            created_ms=int(time.time() * 1000),
            tags=self.comparison.conversation.tags,
        )
        self._are_names_shown = True
        await self._keep_vote()
        self.show_names()
        names = f" It is {panes[best].name_shown}." if was_hidden and best is not None else ""
        self.tell(f"Kept: {self.vote_words}.{names} y adds why, u takes it back.")

    def _voted_prompt(self) -> str:
        """The prompt that the replies on screen answer; of several in a later round always the same one, in whatever
        order the lanes are: else one comparison would get several votes.
        """
        parents = [lane.reply.parent for lane in self.comparison.lanes if lane.reply is not None]
        return min((parent for parent in parents if parent), default=self.comparison.prompt_id)

    async def _keep_vote(self) -> None:
        vote = self._vote
        if vote is not None:
            await self.comparison.store.vote(self.comparison.conversation, vote.prompt_id, vote.as_value())

    def action_reason(self) -> None:
        from metis_tui.tui.screens.dialogs import AskText

        vote = self._vote
        if vote is None:
            self.tell("Vote first: A, B, … is best, t tie, x all bad.")
            return

        def given(reason: str | None) -> None:
            if reason is not None:
                self.run_worker(self._add_reason(reason), group="vote", exit_on_error=False)

        self.app.push_screen(AskText("Why?", vote.reason), given)

    async def _add_reason(self, reason: str) -> None:
        if self._vote is not None:
            self._vote = replace(self._vote, reason=printable_line(reason, 500))
            await self._keep_vote()
            self.show_words()

    async def action_undo_vote(self) -> None:
        vote, self._vote = self._vote, None
        if vote is None:
            self.tell("There is no vote to take back.")
            return
        await self.comparison.store.vote(self.comparison.conversation, vote.prompt_id, None)
        self.tell("The vote is taken back.")
        self.show_words()

    def forget_vote(self) -> None:
        """Other replies come: the vote that was shown is about the ones before."""
        self._vote = None
        self._are_names_shown = False

    # --- differences ------------------------------------------------------------------------------

    def action_difference(self) -> None:
        """The focused lane against the next one; all others can be chosen there."""
        panes = [pane for pane in self.panes if pane.lane.reply is not None and not pane.is_busy]
        if len(panes) < 2:
            self.tell("Two replies are needed, in lanes that are done.")
            return
        from metis_tui.tui.screens.difference import ComparedReply, DifferenceScreen

        left = next((n for n, pane in enumerate(panes) if pane.number == self.focused_number), 0)
        replies = [ComparedReply(pane.name_shown, pane.lane.reply.text if pane.lane.reply else "") for pane in panes]
        self.app.push_screen(DifferenceScreen(replies, left, (left + 1) % len(panes)))
