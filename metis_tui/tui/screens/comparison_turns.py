"""What runs in the lanes of a comparison: turns, stopping, asking again, more lanes, follow-up prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import on
from textual.worker import Worker, WorkerError

from metis_tui.tui.lock_step import LockStep
from metis_tui.tui.screens.comparison_base import ComparisonBase
from metis_tui.tui.widgets.lane_pane import LanePane
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from textual.timer import Timer

    from metis_tui.chat.catalog import ServedModel
    from metis_tui.chat.comparison import Lane, LaneEvent
    from metis_tui.tui.lane_services import LaneServices

_FRAMES_PER_SECOND = 12.0
"""For one lane alone; several share it, for nobody reads more."""


class ComparisonTurns(ComparisonBase):
    """Owns the workers of the lanes."""

    services: LaneServices
    lane_workers: dict[Lane, Worker[None]]
    _lock_step: LockStep | None = None
    _release_timer: Timer | None = None
    _is_preparing = False

    @property
    def is_busy(self) -> bool:
        return self._is_preparing or any(pane.is_busy for pane in self.panes)

    def ask(self, turns: Mapping[Lane, AsyncGenerator[LaneEvent, None]]) -> None:
        """Runs turns in their lanes, all at once, when everything is ready for them."""
        self._is_preparing = True
        for pane in self.panes:
            if pane.lane in turns:
                pane.get_ready()
        self.run_worker(self._ask(turns), group="ask", exit_on_error=False)

    async def _ask(self, turns: Mapping[Lane, AsyncGenerator[LaneEvent, None]]) -> None:
        try:
            await self.services.get_ready([lane.model for lane in turns])
        finally:
            self._is_preparing = False
        if self.is_attached:
            self._start(turns)

    def _start(self, turns: Mapping[Lane, AsyncGenerator[LaneEvent, None]]) -> None:
        panes = {pane.lane: pane for pane in self.panes}
        rate = max(4.0, self.services.drawing_rate(_FRAMES_PER_SECOND) / max(1, len(turns)) ** 0.5)
        self.was_asked_blind = self.is_hidden and len(turns) == len(panes)
        if self.is_hidden:
            self._hold_back([panes[lane] for lane in turns])
        for lane, turn in turns.items():
            pane = panes[lane]
            pane.transcript.set_frame_rate(rate)
            self.lane_workers[lane] = self.run_worker(
                pane.follow(turn), group=f"lane-{id(lane)}", exit_on_error=False
            )
        self.show_words()

    @on(LanePane.Ended)
    def lane_ended(self, event: LanePane.Ended) -> None:
        if self._lock_step is not None and event.pane.hold is not None:
            self._lock_step.end(event.pane.number - 1)
        if not self.is_busy:
            self.run_worker(self.comparison.keep(), group="keep", exit_on_error=False)
        self.show_words()

    # --- lock-step --------------------------------------------------------------------------------

    def _hold_back(self, panes: list[LanePane]) -> None:
        """While names are hidden all lanes write at one pace."""
        self._lock_step = lock_step = LockStep(len(self.panes))
        running = {pane.number for pane in panes}
        for pane in self.panes:
            if pane.number in running:
                pane.hold = lock_step.take
            else:
                lock_step.end(pane.number - 1)
        self._release_timer = self.set_interval(1 / _FRAMES_PER_SECOND, self._release)

    def _release(self) -> None:
        lock_step = self._lock_step
        if lock_step is None:
            return
        panes = self.panes
        for number, text in lock_step.release().items():
            panes[number].transcript.add_text(text)
        if lock_step.is_over:
            self.stop_holding()

    def stop_holding(self) -> None:
        """Shows at once all that was held back."""
        if self._release_timer is not None:
            self._release_timer.stop()
        lock_step, self._lock_step, self._release_timer = self._lock_step, None, None
        for pane in self.panes:
            if pane.hold is None:
                continue
            if lock_step is not None and pane.is_busy:
                lock_step_text = lock_step.rest(pane.number - 1)
                pane.transcript.add_text(lock_step_text)
            pane.finish_hold()

    # --- stopping and asking ----------------------------------------------------------------------

    def action_stop_lane(self) -> None:
        pane = self.focused_pane
        if pane is not None and pane.is_busy:
            self.lane_workers[pane.lane].cancel()

    def action_stop_all(self) -> None:
        for pane in self.panes:
            if pane.is_busy:
                self.lane_workers[pane.lane].cancel()

    async def stop_lanes(self) -> None:
        """Stops what runs and waits until what arrived is kept."""
        await self._stop(self.lane_workers.values())
        self.stop_holding()

    @staticmethod
    async def _stop(workers: Iterable[Worker[None]]) -> None:
        running = [worker for worker in workers if not worker.is_finished]
        for worker in running:
            worker.cancel()
        for worker in running:
            with suppress(WorkerError):
                await worker.wait()

    def action_ask_again(self) -> None:
        pane = self.focused_pane
        if pane is None:
            return
        if pane.is_busy:
            self.tell("This lane is still writing; . stops it.")
        elif self.is_hidden and self._lock_step is not None:
            self.tell("Wait until all lanes are done: one that writes later would be known.")
        else:
            self.forget_vote()
            self.ask(self.comparison.ask_again(pane.lane))

    def action_write(self) -> None:
        """The next prompt, which goes to all lanes; it can be typed while they write."""
        self.add_class("-writing")
        prompt = self.query_one(PromptInput)
        prompt.can_focus = True
        self.set_focus(prompt)

    def end_writing(self) -> None:
        self.remove_class("-writing")
        self.set_focus(None)
        self.query_one(PromptInput).can_focus = False

    @on(PromptInput.Submitted)
    def submitted(self, event: PromptInput.Submitted) -> None:
        event.stop()
        if self.is_busy:
            self.query_one(PromptInput).give_back(event.text)
            self.tell("Not all lanes are done; your prompt stays here. Esc, then ! stops all.")
            return
        self.end_writing()
        lanes = [lane for lane in self.comparison.lanes if lane.reply is not None]
        if not lanes:
            self.tell("No lane has a reply yet.")
            return
        if len(lanes) < len(self.comparison.lanes):
            self.tell("Lanes without a reply are left out.")
        self.forget_vote()
        self.run_worker(self._follow_up(event.text, lanes), group="lanes", exit_on_error=False)

    async def _follow_up(self, text: str, lanes: list[Lane]) -> None:
        if self.comparison.is_blind:  # who said what before is known: other places, and only what is new
            self.starts = {lane: lane.reply.id for lane in self.comparison.lanes if lane.reply is not None}
            self.comparison.shuffle()
            await self.rebuild_lanes()
        self.ask(self.comparison.follow_up(text, lanes))

    @on(PromptInput.QuitRequested)
    def quit_requested(self, event: PromptInput.QuitRequested) -> None:
        event.stop()
        self.end_writing()

    # --- more and fewer lanes ---------------------------------------------------------------------

    def action_add_lane(self) -> None:
        if self.is_busy:
            self.tell("Wait until all lanes are done, or stop them: . this one, ! all.")
            return

        def chosen(models: list[ServedModel] | None) -> None:
            if models:
                self.run_worker(self._add(models), group="lanes", exit_on_error=False)

        self.services.choose_models([], chosen)

    async def _add(self, models: list[ServedModel]) -> None:
        lanes = [self.comparison.add(model) for model in models]
        self.forget_vote()
        self.focused_number = len(self.comparison.lanes)
        await self.rebuild_lanes()
        self.ask(self.comparison.first_replies(lanes))

    def action_remove_lane(self) -> None:
        pane = self.focused_pane
        if pane is None or len(self.panes) < 2:
            self.tell("The last lane stays.")
        elif self._is_preparing or any(other.is_busy for other in self.panes if other is not pane):
            self.tell("Wait until the other lanes are done, or stop them: ! all.")
        else:
            self.run_worker(self._remove(pane.lane), group="lanes", exit_on_error=False)

    async def _remove(self, lane: Lane) -> None:
        await self._stop([self.lane_workers[lane]] if lane in self.lane_workers else [])
        self.comparison.remove(lane)
        self.forget_vote()
        await self.rebuild_lanes()
        await self.comparison.keep()
