"""Blind votes through a whole matrix: one comparison after the other, in the screen for comparisons.

Knows which prompts are voted on already; keeps votes in the matrix's folder.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.comparison import Comparison
from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.matrix import Cell, Matrix, MatrixFolder, PromptCase
from metis_tui.chat.votes import Vote, vote_from
from metis_tui.tui.screens.vote_only import VoteOnly

if TYPE_CHECKING:
    from textual.app import App


class MatrixVoting:
    """Votes on prompts from a row on, leaving out those that have a vote or too few replies.

    Args:
        votes: those that there are; new ones are added to this list.
    """

    def __init__(
        self, app: App[Any], matrix: Matrix, folder: MatrixFolder, votes: list[Vote], first_row: int
    ) -> None:
        self._app = app
        self._matrix = matrix
        self._folder = folder
        self._votes = votes
        self._first_row = first_row

    async def run(self) -> None:
        """Until all are voted on, or the user leaves. Raises ChatError when the folder does not take votes."""
        plan = self._matrix.plan
        open_rounds = [
            (case, number)
            for case in (*plan.prompts[self._first_row :], *plan.prompts[: self._first_row])
            for number in range(1, plan.repeat + 1)
            if self._may_be_voted_on(case, number)
        ]
        if not open_rounds:
            self._app.notify("Every prompt with replies of two models has a vote.", markup=False)
            return
        for place, (case, number) in enumerate(open_rounds, 1):
            told = f"vote {place} of {len(open_rounds)}"
            screen = VoteOnly(self._comparison(case, number), told)
            goes_on = await self._app.push_screen_wait(screen)
            if goes_on is None:
                return

    def _key(self, case: PromptCase, number: int) -> str:
        return f"{self._matrix.plan.sha256}:{case.id}:{number}"

    def _may_be_voted_on(self, case: PromptCase, number: int) -> bool:
        vote = Vote(self._key(case, number), ("",), "tie")
        return len(self._replies(case, number)) > 1 and all(v.comparison != vote.comparison for v in self._votes)

    def _replies(self, case: PromptCase, number: int) -> dict[str, ChatMessage]:
        cells = {model: Cell(case.id, model, number) for model in self._matrix.plan.models}
        found = {model: self._matrix.results.get(cell) for model, cell in cells.items()}
        return {
            model: result.reply for model, result in found.items() if result is not None and not result.has_failed
        }

    def _comparison(self, case: PromptCase, number: int) -> Comparison:
        conversation = Conversation(title=case.id, tags=case.tags)
        prompt = ChatMessage(self._key(case, number), None, "user", case.prompt, self._matrix.plan.created_ms)
        conversation.add(prompt)
        keeper = _VoteKeeper(self._folder, self._votes)
        comparison = Comparison(None, keeper, conversation, prompt.id, is_blind=True)
        replies = list(self._replies(case, number).items())
        random.SystemRandom().shuffle(replies)
        for model, reply in replies:
            conversation.messages[reply.id] = replace(reply, parent=prompt.id)
            name, _, cluster = model.rpartition("@")
            comparison.add(ServedModel(name, cluster, "", ""), reply.id)
        return comparison


class _VoteKeeper:
    """What a comparison asks of a store, for votes that are kept with the matrix."""

    def __init__(self, folder: MatrixFolder, votes: list[Vote]) -> None:
        self._folder = folder
        self._votes = votes

    async def vote(self, conversation: Conversation, message_id: str, value: object) -> bool:
        new = vote_from(message_id, value)
        known = Vote(message_id, ("",), "tie").comparison
        self._votes[:] = [vote for vote in self._votes if vote.comparison != known]
        if new is not None:
            self._votes.append(new)
        votes = list(self._votes)
        await in_background(lambda: self._folder.write_votes(votes))
        return True

    async def keep_record(self, conversation: Conversation, content: Mapping[str, object]) -> bool:
        """The matrix itself is the record."""
        return True

    async def set_value(self, conversation: Conversation, key: str, value: object) -> bool:
        """Nobody goes on from here."""
        return True
