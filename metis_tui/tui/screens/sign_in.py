"""The sign-in screen: the address to open, the field for the code, and what came of it.

Composes and takes keys; the steps are the flow's. Shows no access token and knows no Globus.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widgets import Input, Static

from metis_tui.tui.display.terminal_traits import takes_links
from metis_tui.tui.screens import sign_in_texts as texts
from metis_tui.tui.screens.address_actions import AddressActions
from metis_tui.tui.screens.type_ahead import YieldsToTypeAhead
from metis_tui.tui.sign_in_flow import SignInFlow, Step
from metis_tui.tui.widgets.address_view import AddressView
from metis_tui.tui.widgets.code_input import CodeInput

if TYPE_CHECKING:
    from metis_tui.chat.errors import ChatError
    from metis_tui.chat.sign_in import Identity, SignInService
    from metis_tui.tui.screens.bare_address import Terminal

_SHORT_ROWS = 20
"""Below this many rows only the beginning of the address is shown, so that the field is in view."""
_NARROW_COLUMNS = 64
_CLOSE_SECONDS = 3.0


class SignInScreen(YieldsToTypeAhead, AddressActions):
    """Closes with None; `signed_in` is called as soon as a sign-in was made, while the screen still tells of it."""

    CSS_PATH = "sign_in.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", show=False),
        Binding("ctrl+q", "app.quit", "Quit", show=False),
        Binding("r", "replace_identity", "Replace", show=False),
        Binding("n", "begin_again", "Again", show=False),
        Binding("enter", "close_done", "Close", show=False),
    ]

    def __init__(
        self,
        service: SignInService,
        whoami: Callable[[], Awaitable[Identity]],
        *,
        terminal: Terminal,
        copy: Callable[[str], Awaitable[str]],
        signed_in: Callable[[], None],
        type_ahead: Callable[[str], object] | None = None,
        reason: ChatError | None = None,
    ) -> None:
        """Args: copy: copies and says where the text went; reason: why a sign-in is wanted;
        type_ahead: takes what is typed while the screen comes up by itself; None: the user has opened it.
        """
        super().__init__()
        self.terminal, self.copy_quietly = terminal, copy
        self.flow = SignInFlow(service, whoami, changed=self.show, signed_in=self._succeeded)
        self._tell_success = signed_in
        self.type_ahead = type_ahead
        self._reason = reason
        self._own_end: Timer | None = None
        self._waiting_count = 0
        self._was_awaited = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="sign-in-box", can_focus=False) as box:
            box.border_title = "Sign in with Globus"
            yield Static(id="sign-in-why", markup=False)
            yield Static(id="sign-in-before-address", classes="sign-in-step", markup=False)
            yield AddressView(is_link=takes_links(os.environ))
            yield Static(id="sign-in-keys", classes="sign-in-step", markup=False)
            yield Static(id="sign-in-before-code", classes="sign-in-step", markup=False)
            yield CodeInput()
            yield Static(id="sign-in-news", markup=False)
            yield Static(id="sign-in-done", markup=False)

    def on_mount(self) -> None:
        self.begin_settling()
        self.run_worker(self.look_for_browser(), group="browser", exit_on_error=False)
        self.action_begin_again()

    # -- told by the chat around -------------------------------------------------------------------------------

    def show_waiting(self, count: int) -> None:
        """So many requests wait for this sign-in."""
        self._waiting_count = count
        self.show()

    def explain(self, reason: ChatError) -> None:
        """Why the sign-in under way is wanted, as it turns out."""
        self._reason = reason
        self.show()

    def ask_again(self, reason: ChatError) -> None:
        """The sign-in that was made does not serve: the gateway still wants another one."""
        self._reason = reason
        self.action_begin_again()

    # -- steps -------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return self.flow.address if self.flow.is_open else ""

    def action_begin_again(self) -> None:
        if self._own_end is not None:
            self._own_end.stop()
        self.note = ""
        self._work(self._begin())

    async def _begin(self) -> None:
        await self.flow.begin()
        self._focus_code()
        await self.draw_qr()

    @on(Input.Submitted)
    def code_given(self, event: Input.Submitted) -> None:
        event.stop()
        if self.flow.step is Step.READY and event.value.strip():
            self._work(self._finish(event.value))

    def action_replace_identity(self) -> None:
        self._work(self._finish(None))

    async def _finish(self, code: str | None) -> None:
        self.note = ""
        await self.flow.finish(code)
        field = self.query_one(CodeInput)
        if self.flow.step is Step.READY:
            field.select_all()  # the next code takes its place
            self._focus_code()
            await self.draw_qr()
        elif self.flow.step is Step.OTHER_IDENTITY:
            self.set_focus(None)  # letters are keys now
        elif self.flow.step is Step.DONE and self._was_awaited and self.flow.failure is None:
            self._own_end = self.set_timer(_CLOSE_SECONDS, self.action_close_done)

    def _succeeded(self) -> None:
        self._reason, self._was_awaited = None, self._waiting_count > 0
        self.query_one(CodeInput).clear()
        self.set_focus(None)
        self._tell_success()

    def _work(self, steps: Awaitable[None]) -> None:
        self.run_worker(steps, group="sign-in", exclusive=True, exit_on_error=False)

    def action_close_done(self) -> None:
        self.dismiss(None)

    # -- keys --------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys do only what can be done now."""
        step = self.flow.step
        if self.is_settling and action != "dismiss":
            return False
        if action == "replace_identity":
            return step is Step.OTHER_IDENTITY
        if action == "begin_again":
            is_useless = step is Step.DONE and self.flow.failure is not None
            return is_useless or step in (Step.OTHER_IDENTITY, Step.UNUSABLE)
        if action == "close_done":
            return step is Step.DONE
        return super().check_action(action, parameters)

    def on_paste(self, event: events.Paste) -> None:
        """A paste is the code, wherever the keys go."""
        event.stop()
        if self.flow.step in (Step.READY, Step.PREPARING):
            self.settled()
            field = self.query_one(CodeInput)
            field.take(event.text)
            self.set_focus(field)

    def settled(self) -> None:
        super().settled()
        self._focus_code()

    def _focus_code(self) -> None:
        """Unless the user has gone elsewhere."""
        if self.focused is None and not self.is_settling and self.flow.step in (Step.READY, Step.PREPARING):
            self.set_focus(self.query_one(CodeInput))

    # -- what is shown -----------------------------------------------------------------------------------------

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def focus_changed(self) -> None:
        self.show()

    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        """Brings the screen up to date."""
        if not self.is_mounted:
            return
        flow, is_typing = self.flow, self.is_settling or isinstance(self.focused, Input)
        can = texts.Keys(is_typing, self.has_browser, self.has_qr)
        is_short = self.app.size.height < _SHORT_ROWS
        for step in Step:
            self.set_class(flow.step is step, f"-{step.value}")
        self.set_class(is_short, "-short")
        self.query_one(AddressView).show(flow.address, is_short=is_short)
        before_address, before_code = texts.steps(is_short=is_short)
        for name, text in (
            ("before-address", before_address),
            ("before-code", before_code),
            ("why", texts.why(flow, self._reason, self._waiting_count, is_short=is_short)),
            ("keys", texts.keys(can, is_short=is_short) if self.address else ""),
            ("news", texts.news(flow, self.note)),
            ("done", texts.done(flow, was_awaited=self._was_awaited)),
        ):
            part = self.query_one(f"#sign-in-{name}", Static)
            part.update(text)
            part.set_class(not text, "-empty")
        box = self.query_one("#sign-in-box", VerticalScroll)
        box.border_subtitle = texts.way_out(
            flow, is_typing=is_typing, is_narrow=self.app.size.width < _NARROW_COLUMNS
        )
