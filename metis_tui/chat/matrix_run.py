"""Runs the cells of a matrix that are still open, some at once, each through the engine like any other turn.

A cell that fails before its first word goes back to the queue while time can help; meanwhile cells of other models
leave. Knows no files and no screens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.cell_queue import CellQueue
from metis_tui.chat.conversation import ChatMessage, Conversation, FailureNote
from metis_tui.chat.departures import DeparturePacer
from metis_tui.chat.engine import CLIENT, ChatEngine
from metis_tui.chat.errors import (
    ChatError,
    Maintenance,
    ModelNotLive,
    NotAGateway,
    RateLimited,
    TokenInactive,
    Unreachable,
)
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.matrix import Cell, CellResult, Matrix, PromptCase, Wait
from metis_tui.chat.patience import Patience
from metis_tui.chat.turn import TurnEnded, TurnFailed

ASKED_AGAIN_SECONDS = 60.0
"""The gateway keeps a model's state for so long; asking sooner brings nothing new."""
_MET_BY_ALL = (TokenInactive, Unreachable, NotAGateway)
"""Like a sign-in that is needed: every other cell would fail with the same."""
_NOT_LIVE = (ModelNotLive.kind, Maintenance.kind)


class MatrixProgress(NamedTuple):
    """How far a run is."""

    total: int
    """Cells that were open when it began."""
    finished: int
    failed: int
    """Of the finished ones."""
    under_way: int
    holds: Mapping[str, tuple[float, ChatError]]
    """Models that nothing leaves for at the moment: seconds left, and why."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a matrix is run."""

    concurrency: int = 3
    patience: Patience = field(default_factory=Patience)
    waits_for_models: bool = False
    """A model that is not live is asked again every minute, for as long as it takes."""


class MatrixRun:
    """One run over a matrix. `stopped_by` is the failure that ended it early, if one did.

    Args:
        matrix: the plan and what there is of it.
        cells: those to run, in the order in which they shall leave.
        models: the served model for each model of the plan.
        engine: one without patience of its own; the run is patient itself.
        keep: keeps a result for good; a ChatError that it raises ends the run.
    """

    def __init__(
        self,
        matrix: Matrix,
        cells: list[Cell],
        models: Mapping[str, ServedModel],
        engine: ChatEngine,
        keep: Callable[[CellResult], Awaitable[None]],
        settings: RunSettings,
        *,
        pacer: DeparturePacer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stopped_by: ChatError | None = None
        self._plan = matrix.plan
        self._cases = {case.id: case for case in matrix.plan.prompts}
        self._models = models
        self._engine = engine
        self._keep = keep
        self._settings = settings
        self._pacer = pacer or DeparturePacer()
        self._queue = CellQueue(cells, self._pacer)
        self._now = now
        self._total = len(cells)
        self._finished = self._failed = 0
        self._waits: dict[Cell, list[Wait]] = {}
        self._changed = asyncio.Event()

    def progress(self) -> MatrixProgress:
        return MatrixProgress(self._total, self._finished, self._failed, self._queue.under_way, self._pacer.holds())

    async def run(self) -> None:
        """Runs until every cell has a result or nothing more can be had. Cancelling it stops at once: what is
        finished is kept, the cells under way are not.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._settings.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        while (cell := await self._next()) is not None:
            try:
                await self._one(cell)
            except ChatError as failure:
                self.stopped_by = self.stopped_by or failure
            finally:
                self._queue.done(cell)
                self._changed.set()

    async def _next(self) -> Cell | None:
        """The next cell that may leave, counted as under way; None when there is nothing more to do."""
        while self.stopped_by is None and not self._queue.is_over:
            self._changed.clear()
            cell = self._queue.take()
            if cell is not None:
                return cell
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._queue.seconds_until_next())
        self._changed.set()  # the others shall see it, too
        return None

    async def _one(self, cell: Cell) -> None:
        await self._pacer.room()
        beside = self._queue.under_way - 1
        started_ms = int(self._now() * 1000)
        reply, error = await self._ask(cell)
        waits = self._waits.get(cell, [])
        result = CellResult(
            cell,
            reply,
            started_ms,
            can_retry=error is not None and error.can_retry,
            attempt_count=len(waits) + 1,
            waits=tuple(waits),
            beside=beside,
        )
        if error is None or reply.text or reply.reasoning:
            await self._finish(result)
        elif isinstance(error, (ModelNotLive, Maintenance)):
            await self._not_live(result, error)
        elif not self._is_put_off(cell, error):
            if error.needs_sign_in or isinstance(error, _MET_BY_ALL):
                raise error
            await self._finish(result)

    async def _ask(self, cell: Cell) -> tuple[ChatMessage, ChatError | None]:
        conversation = conversation_for(self._cases[cell.prompt], dict(self._plan.params))
        prompt_id = conversation.head or ""
        reply, error = None, None
        turn = self._engine.regenerate(conversation, prompt_id, self._models[cell.model])
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, TurnEnded):
                    reply = event.reply
                elif isinstance(event, TurnFailed):
                    reply, error = event.reply, event.error
        assert reply is not None  # a turn ends with one of the two
        return reply, error

    def _is_put_off(self, cell: Cell, error: ChatError) -> bool:
        """Whether the cell is asked again later in this run; a rate limit holds its whole model until then."""
        waits = self._waits.setdefault(cell, [])
        attempt = sum(wait.kind not in _NOT_LIVE for wait in waits) + 1
        seconds = self._settings.patience.pause(error, attempt)
        if seconds is None:
            return False
        waits.append(Wait(error.kind, round(seconds, 3)))
        if isinstance(error, RateLimited):
            self._pacer.hold(cell.model, error, seconds)
        self._queue.put_back(cell, seconds)
        return True

    async def _not_live(self, result: CellResult, error: ChatError) -> None:
        cell = result.cell
        if self._settings.waits_for_models:
            seconds = ASKED_AGAIN_SECONDS * self._settings.patience.scale
            self._waits.setdefault(cell, []).append(Wait(error.kind, round(seconds, 3)))
            self._pacer.hold(cell.model, error, seconds)
            self._queue.put_back(cell, seconds)
            return
        await self._finish(result)
        for other in self._queue.not_live(cell.model):
            await self._finish(self._not_sent(other, error))

    def _not_sent(self, cell: Cell, error: ChatError) -> CellResult:
        now_ms = int(self._now() * 1000)
        model = self._models[cell.model]
        reply = ChatMessage(
            id=new_ulid(now_ms),
            parent=None,
            role="assistant",
            text="",
            created_ms=now_ms,
            model=model.name,
            cluster=model.cluster,
            framework=model.framework,
            params=dict(self._plan.params),
            stop="error",
            failure=FailureNote(error.title, error.reason, error.kind, error.error_id),
            client=CLIENT,
        )
        return CellResult(cell, reply, now_ms, can_retry=True, was_sent=False)

    async def _finish(self, result: CellResult) -> None:
        await asyncio.shield(asyncio.ensure_future(self._keep(result)))
        self._finished += 1
        self._failed += result.has_failed


def conversation_for(case: PromptCase, params: dict[str, object]) -> Conversation:
    """A conversation that ends with the case's prompt, as the engine wants it."""
    conversation = Conversation(system=case.system, params=params)
    parent = None
    for role, text in case.messages:
        stop = "stop" if role == "assistant" else None
        message = ChatMessage(new_ulid(), parent, role, text, conversation.created_ms, stop=stop)  # type: ignore[arg-type]
        conversation.add(message)
        parent = message.id
    return conversation
