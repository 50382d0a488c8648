"""Walks through earlier prompts with Up and Down. Pure; what is being written is kept while walking."""

from __future__ import annotations

from collections.abc import Sequence


class PromptHistory:
    def __init__(self) -> None:
        self._entries: list[str] = []
        self._place: int | None = None
        self._draft = ""

    def fill(self, prompts: Sequence[str]) -> None:
        """Replaces all entries, oldest first; neighbours that are equal count once."""
        self._entries = []
        for prompt in prompts:
            self.add(prompt)

    def add(self, prompt: str) -> None:
        self._place = None
        if prompt.strip() and (not self._entries or self._entries[-1] != prompt):
            self._entries.append(prompt)

    def older(self, current: str) -> str | None:
        """The prompt before the one shown; None at the oldest."""
        if self._place is None:
            if not self._entries:
                return None
            self._draft, self._place = current, len(self._entries)
        if self._place == 0:
            return None
        self._place -= 1
        return self._entries[self._place]

    def newer(self) -> str | None:
        """The prompt after the one shown, at last the draft; None when not walking."""
        if self._place is None:
            return None
        self._place += 1
        if self._place >= len(self._entries):
            self._place = None
            return self._draft
        return self._entries[self._place]
