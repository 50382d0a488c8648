"""From the prompt to the turn: which text goes to which model, and what is told when it ends. Runs no turn itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import on

from metis_tui.chat.errors import ModelUnknown, TokenInactive
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.slash import NoSuchCommand, parse_slash
from metis_tui.tui.turn_view import Phase
from metis_tui.tui.widgets.chat_pane import ChatPane
from metis_tui.tui.widgets.notice_bar import Notice
from metis_tui.tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from metis_tui.chat.catalog import ServedModel


class TurnActions(ChatBase):
    """Sending, asking again, and the end of turns."""

    _is_preparing = False
    """A prompt is on its way to its turn; another one must wait, or one of them would be lost."""

    @on(PromptInput.Submitted)
    async def submitted(self, event: PromptInput.Submitted) -> None:
        if self.is_connected:
            await self._take(event.text)
        elif self._is_preparing:
            self.prompt.give_back(event.text)
        else:
            # in a worker: this loop is the one in which the connection comes about
            self._is_preparing = True
            self.run_worker(self._take_when_connected(event.text), group="send", exit_on_error=False)

    async def _take_when_connected(self, text: str) -> None:
        await self.connected.wait()
        self._is_preparing = False
        await self._take(text)

    async def _take(self, text: str) -> None:
        try:
            command = parse_slash(text) if self.editing is None else None
        except NoSuchCommand as error:
            self.prompt.give_back(text)
            self.tell(f"There is no command {error}. Put a space before it to send it as text.", is_problem=True)
            return
        if command is not None:
            action, argument = command
            await self.run_slash(action.name, argument)
        elif self.pane.is_running or self._is_preparing:
            self.prompt.give_back(text)
            self.tell("A reply is streaming. Esc stops it; your prompt stays here.", is_problem=True)
        else:
            self._is_preparing = True
            self.run_worker(self._send(text), group="send", exit_on_error=False)

    async def _send(self, text: str) -> None:
        try:
            model = await self.model_to_use()
        finally:
            self._is_preparing = False
        if model is None:
            self.prompt.give_back(text)
            return
        editing, self.editing = self.editing, None
        self.forget_draft()
        self.notices.withdraw("turn")
        if editing is None:
            self.pane.send(text, model)
        else:
            self.pane.send(text, model, parent=editing.parent)
            editing.end()

    async def model_to_use(self) -> ServedModel | None:
        """The chosen model; reads the catalog first when nothing is known yet."""
        if self.model is None and not self.catalog.models:
            self.tell("Reading the list of models first…")
            await self.catalog_watch.refresh(force=True)
            trouble = self.catalog_trouble
            if trouble is not None and trouble.needs_sign_in and await self.sign_in_for_turn(trouble):
                await self.catalog_watch.refresh(force=True)
        if self.model is not None:
            return self.model
        if self.catalog_trouble is not None:
            self.tell("Your prompt stays here. Why and what to do is above it.", title=self.catalog_trouble.title)
        else:
            error = ModelUnknown(f"{self.wished_model or 'No model'} is not served now.")
            self.tell(f"{error} {error.hint}", is_problem=True)
        return None

    @property
    def is_busy(self) -> bool:
        """A turn runs, or a prompt is on its way to one: the place where its reply goes must stay."""
        return self.pane.is_running or self._is_preparing

    @property
    def is_turn_stuck(self) -> bool:
        """Whether the running turn has stalled or waits to be sent again, so that ending it loses nothing."""
        turn = self.pane.turn
        return turn.phase is Phase.RESENDING or turn.is_stalled(time.monotonic())

    async def retry_turn(self) -> None:
        """Asks the last prompt again; a turn that is stuck ends first and keeps what it has."""
        await self.pane.settle()
        model = await self.model_to_use()
        self.notices.withdraw("turn")
        if model is not None and not self.pane.retry(model):
            self.tell("There is no prompt to ask again.")

    async def action_go_on(self) -> None:
        """Goes on from a reply that was stopped, cut, stalled or too long; a stalled one is stopped first."""
        if self.pane.is_running and not self.is_turn_stuck:
            self.tell("A reply is streaming. Esc stops it first.", is_problem=True)
            return
        await self.pane.settle()
        model = await self.model_to_use()
        self.notices.withdraw("turn")
        if model is not None and not self.pane.go_on(model):
            self.tell("The last reply is whole. To ask for another one: Ctrl+X a.")

    async def action_compare(self) -> None:
        await self.comparing.compare()

    async def action_compare_here(self) -> None:
        await self.comparing.compare()

    def action_matrix(self) -> None:
        self.tell("Name its folder: /matrix FOLDER. metis-tui matrix makes one.")

    async def matrix_with(self, folder: str) -> None:
        from metis_tui.tui.reports import Reports

        Reports(self).open_matrix(folder)

    async def compare_with(self, names: str) -> None:
        await self.comparing.compare_named(names)

    def tell_waiting(self) -> None:
        """While a turn waits to be sent again or has stalled: why, and what can be done about it."""
        turn = self.pane.turn
        if turn.phase is Phase.RESENDING and turn.failure is not None:
            hint = "It is sent again by itself. Esc cancels that, Ctrl+X a sends at once."
            notice = Notice(turn.failure.title, turn.failure.reason, hint, "warning")
        elif turn.is_stalled(time.monotonic()):
            hint = "Keep waiting, or: Esc stops and keeps it, F9 goes on from there, Ctrl+X a asks again."
            notice = Notice("The reply has stalled", "Nothing has come for a while.", hint, "warning")
        else:
            self.notices.withdraw("waiting")
            return
        self.notices.post_notice("waiting", notice)

    @on(ChatPane.TurnRefused)
    def refused(self, event: ChatPane.TurnRefused) -> None:
        self.tell(f"{event.error} {event.error.hint}", is_problem=True)

    @on(ChatPane.ReplyKept)
    def reply_kept(self, event: ChatPane.ReplyKept) -> None:
        from metis_tui.chat.ports import Measurement

        reply, error = event.reply, event.error
        if reply.stop in ("stop", "length") and reply.timing is not None and reply.served_by:
            speed = reply.timing.tokens_per_second(reply.usage.completion_tokens) if reply.usage else None
            measured = Measurement(reply.timing.first_delta_seconds, speed, time.time())
            self.measurements[reply.served_by] = measured
            self.services.measurements.record(reply.served_by, measured)
        if error is not None:  # the transcript says what and why; here is the way out
            self.notices.post_notice("turn", Notice(error.title, "", error.hint))
        if error is not None and (error.needs_sign_in or isinstance(error, TokenInactive)):
            self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self.post_message(ChatPane.TurnChanged())
