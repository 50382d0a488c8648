"""When the sign-in screen comes and what follows a sign-in. One screen serves everybody who waits. Owns no facts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from metis_tui.chat.errors import SignInNeeded
from metis_tui.tui.screens.chat_base import ChatBase
from metis_tui.tui.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from metis_tui.chat.errors import ChatError
    from metis_tui.chat.sign_in import SignInFacts
    from metis_tui.tui.screens.sign_in import SignInScreen


class SignInActions(ChatBase):
    """Access to the gateway: what is told of it, and signing in."""

    _sign_in_screen: SignInScreen | None = None
    """While it is open."""
    _outcome: asyncio.Future[bool] | None = None
    """Of the sign-in under way; True as soon as it was made."""
    _waiting_count = 0
    _has_offered = False
    """The screen comes up by itself once, at the start."""
    _told_trouble = ("", False, "")
    _told_notes: tuple[str, ...] = ()

    def action_sign_in(self) -> None:
        facts = self.access
        self._open_sign_in(facts.trouble if facts is not None else None, is_asked_for=True)

    async def sign_in_for_turn(self, failure: ChatError) -> bool:
        """Has the user sign in because of this failure; False when that did not come about, or would not help."""
        if (await self.access_watch.look()).is_fixed:
            return False
        outcome = self._open_sign_in(failure, is_asked_for=False)
        self._count_waiting(1)
        try:
            return await asyncio.shield(outcome)
        finally:
            self._count_waiting(-1)

    def offer_sign_in(self, trouble: ChatError | None) -> None:
        """At the start: opens the screen by itself when only a sign-in helps."""
        facts = self.access
        if self._has_offered or trouble is None or not trouble.needs_sign_in or facts is None or facts.is_fixed:
            return
        self._has_offered = True
        self._open_sign_in(trouble, is_asked_for=False)

    def _count_waiting(self, change: int) -> None:
        self._waiting_count += change
        if self._sign_in_screen is not None and self._sign_in_screen.is_attached:
            self._sign_in_screen.show_waiting(self._waiting_count)

    def _open_sign_in(self, reason: ChatError | None, *, is_asked_for: bool) -> asyncio.Future[bool]:
        """Opens the screen, or joins who waits for it already; gives the outcome."""
        screen, outcome = self._sign_in_screen, self._outcome
        if screen is not None and outcome is not None and not outcome.done():
            if reason is not None:
                screen.explain(reason)
            return outcome
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        if screen is not None and reason is not None:
            screen.ask_again(reason)
            return outcome
        from metis_tui.tui.screens.sign_in import SignInScreen

        self._sign_in_screen = SignInScreen(
            self.services.sign_in,
            self.services.whoami,
            terminal=self.metis_app,
            copy=self.metis_app.clipboard_ladder.copy,
            signed_in=self._signed_in,
            type_ahead=None if is_asked_for else self.prompt.insert,
            reason=reason,
        )
        self.app.push_screen(self._sign_in_screen, self._sign_in_closed)
        return outcome

    def _sign_in_closed(self, _: None) -> None:
        self._sign_in_screen = None
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(False)

    def _signed_in(self) -> None:
        """Whatever had failed for want of a sign-in is tried again."""
        for topic in ("access", "turn", "catalog"):
            self.notices.withdraw(topic)
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(True)
        self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
        self.run_worker(self.catalog_watch.refresh(force=True), group="refresh", exit_on_error=False)

    # -- what is known -----------------------------------------------------------------------------------------

    def access_changed(self, facts: SignInFacts) -> None:
        """After every look. A notice that was taken away comes back only for another reason."""
        self.access = facts
        trouble = facts.trouble
        if facts.is_renewable and not facts.renewal_trouble and trouble is not None and not trouble.needs_sign_in:
            trouble = None  # it is being renewed, which is no trouble yet
        if trouble is None:
            self.notices.withdraw("access")
            self._told_trouble = ("", False, "")
        else:
            key = (trouble.kind, trouble.needs_sign_in, facts.renewal_trouble)
            if key != self._told_trouble or "access" in self.notices.notices:
                self._told_trouble = key
                self.notices.post_notice("access", Notice(trouble.title, trouble.reason, trouble.hint))
        if facts.notes != self._told_notes:
            self._told_notes = facts.notes
            if facts.notes:
                self.notices.post_notice("sign-in", Notice("Sign-in", " ".join(facts.notes), "", "warning"))
            else:
                self.notices.withdraw("sign-in")
        self.offer_sign_in(facts.trouble)
        self.show_state()

    def catalog_failed(self, error: ChatError | None) -> None:
        """Why the list of models could not be read; None: it was."""
        self.catalog_trouble = error
        if error is None or isinstance(error, SignInNeeded):
            self.notices.withdraw("catalog")
        else:
            self.notices.post_notice("catalog", Notice(error.title, error.reason, error.hint))
        if error is None:
            self._has_offered = True  # the start is over
        elif error.needs_sign_in:
            self.offer_sign_in(error)
            self.run_worker(self.access_watch.look(), group="access-look", exit_on_error=False)
