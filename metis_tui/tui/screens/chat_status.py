"""Gathers what the status bar tells from the chat screen's state. Decides nothing about how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.catalog import ModelState
from metis_tui.chat.errors import SignInLapsed, SignInNeeded, TokenInactive, WrongIdentity
from metis_tui.tui.status_line import StatusFacts
from metis_tui.tui.turn_view import Phase

if TYPE_CHECKING:
    from metis_tui.chat.sign_in import SignInFacts
    from metis_tui.tui.screens.chat_base import ChatBase


def status_facts(chat: ChatBase, now: float) -> StatusFacts:
    """What is known now; `now` is on the monotonic clock."""
    turn, model, saving = chat.pane.turn, chat.model, chat.saving
    cluster = chat.catalog.clusters.get(model.cluster) if model else None
    used, is_estimated = _context_used(chat)
    facts = StatusFacts(
        model_name=model.name if model else "",
        model_state=model.state if model else (ModelState.UNKNOWN if not chat.catalog.models else None),
        cluster=model.cluster if model else "",
        state_as_of=cluster.as_of if cluster else None,
        is_maintenance=cluster is not None and cluster.is_up is False,
        turn=turn.words(now),
        is_stalled=turn.is_stalled(now) or turn.phase is Phase.RESENDING,
        is_running=turn.is_running,
        context_used=used,
        is_context_estimated=is_estimated,
        context_window=model.context_window if model else None,
        is_saved=saving is None or saving.is_saved,
        save_trouble=saving.trouble if saving else "",
        is_saving_off=chat.is_connected and not chat.services.is_saving,
        is_demo=chat.launch.start.is_demo,
        has_more_below=chat.has_more_below,
        is_reading=chat.pane.is_reading,
        is_connected=chat.is_connected,
    )
    if chat.access is not None:
        _add_access(facts, chat.access)
    return facts


def _add_access(facts: StatusFacts, access: SignInFacts) -> None:
    trouble, deadline = access.trouble, access.deadline
    facts.has_access = access.token is not None and not isinstance(trouble, (SignInNeeded, TokenInactive))
    facts.is_access_expired = isinstance(trouble, TokenInactive)
    facts.access_expires_at = access.token.expires_at if access.token is not None else None
    facts.is_access_renewed = access.is_renewable and not access.renewal_trouble
    if isinstance(trouble, SignInLapsed):
        facts.sign_in_trouble = "sign-in due"
    elif isinstance(trouble, WrongIdentity):
        facts.sign_in_trouble = "wrong identity"
    if deadline is not None:
        facts.sign_in_deadline, facts.is_deadline_estimate = deadline.at, deadline.is_estimate
        facts.signed_in_at = deadline.signed_in_at


def _context_used(chat: ChatBase) -> tuple[int | None, bool]:
    """(token count of the branch shown, whether it is an estimate); the last usage report is exact."""
    path = chat.pane.conversation.path()
    if not path:
        return None, True
    last = path[-1]
    if last.usage is not None and not last.reasoning:
        return last.usage.total_tokens, False
    turn = chat.pane.turn
    streaming = turn.estimated_tokens if turn.is_running else 0
    return round(sum(len(message.text) for message in path) / turn.characters_per_token) + 1 + streaming, True
