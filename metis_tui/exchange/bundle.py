"""Conversations as a bundle."""

from __future__ import annotations

from collections.abc import Sequence

from metis_tui.chat.conversation import Conversation


def bundle(conversations: Sequence[Conversation]) -> bytes:
    raise NotImplementedError
