"""Gathers what the status bar tells from the chat screen's state. Decides nothing about how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metis_tui.chat.catalog import ModelState
from metis_tui.tui.status_line import StatusFacts

if TYPE_CHECKING:
    from metis_tui.tui.screens.chat_base import ChatBase


def status_facts(chat: ChatBase, now: float) -> StatusFacts:
    """What is known now; `now` is on the monotonic clock."""
    turn, model, token, saving = chat.pane.turn, chat.model, chat.token, chat.saving
    cluster = chat.catalog.clusters.get(model.cluster) if model else None
    used, is_estimated = _context_used(chat)
    return StatusFacts(
        model_name=model.name if model else "",
        model_state=model.state if model else (ModelState.UNKNOWN if not chat.catalog.models else None),
        cluster=model.cluster if model else "",
        state_as_of=cluster.as_of if cluster else None,
        is_maintenance=cluster is not None and cluster.is_up is False,
        access_expires_at=token.expires_at if token else None,
        has_access=chat.has_access,
        is_access_expired=chat.is_access_expired,
        turn=turn.words(now),
        is_stalled=turn.is_stalled(now),
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
