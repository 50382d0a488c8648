"""Takes a terminal's answers to DSR 5 out of what it sends. Pure; `feed` takes any pieces."""

from __future__ import annotations

from metis_tui.tui.display.window import ANSWER


class AnswerSplitter:
    """Everything else goes on at once, but for what may be the beginning of an answer."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str, *, is_expecting: bool = True) -> tuple[str, int]:
        """What is no answer, and how many answers there were."""
        text = self._held + text
        self._held = ""
        count = text.count(ANSWER)
        if count:
            text = text.replace(ANSWER, "")
        # A lone Esc is a key of its own, unless an answer is due.
        for length in range(len(ANSWER) - 1, 0 if is_expecting else 1, -1):
            if text.endswith(ANSWER[:length]):
                text, self._held = text[:-length], text[-length:]
                break
        return text, count

    def release(self) -> str:
        """Gives up waiting: what looked like the beginning of an answer was something else."""
        held, self._held = self._held, ""
        return held
