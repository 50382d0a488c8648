"""Conversations as one HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from metis_tui.chat.conversation import Conversation


def html(conversations: Sequence[Conversation]) -> bytes:
    raise NotImplementedError
