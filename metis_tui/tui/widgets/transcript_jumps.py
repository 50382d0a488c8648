"""Jumps in the transcript: to prompts, headings and code blocks, also of messages that were never looked at.

Knows the messages on screen; nothing of streaming or of the words searched for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from metis_tui.tui.rendering.lines import Line
from metis_tui.tui.widgets.transcript_document import Position
from metis_tui.tui.widgets.transcript_finder import TranscriptFinder
from metis_tui.tui.widgets.transcript_rows import Part

Places = Callable[[Part, Sequence[Line]], Iterator[int]]
"""The rows of a rendered part at which something begins."""

_HEADING_SOURCE = re.compile(r"^[ \t>]*(?:#{1,6}(?:[ \t]|$)|=+[ \t]*$|-+[ \t]*$)", re.MULTILINE)
_RAW_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
_CODE_SOURCE = re.compile(r"`{3}|~{3}|^(?: {4}|\t)", re.MULTILINE)


class TranscriptJumps(TranscriptFinder):
    """The keys that go to what is looked for by its kind."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("J", "next_prompt", show=False, id="next_prompt"),
        Binding("K", "previous_prompt", show=False, id="previous_prompt"),
        Binding("}", "next_heading", show=False, id="next_heading"),
        Binding("{", "previous_heading", show=False, id="previous_heading"),
        Binding(">", "next_code", show=False, id="next_code"),
        Binding("<", "previous_code", show=False, id="previous_code"),
        Binding("n", "next_hit", show=False, id="next_hit"),
        Binding("enter", "next_hit(False)", show=False),
        Binding("N", "previous_hit", show=False, id="previous_hit"),
        Binding("Z", "fold_all", show=False, id="fold_all"),
    ]

    class NothingThere(Message, namespace="transcript"):
        """A jump led nowhere: "no heading further down"."""

        def __init__(self, transcript: TranscriptJumps, words: str) -> None:
            super().__init__()
            self.transcript = transcript
            self.words = words

        @property
        def control(self) -> TranscriptJumps:
            return self.transcript

    # --- prompts ----------------------------------------------------------------------------------

    def next_prompt(self, step: int = 1) -> None:
        """Goes to the next prompt (step -1: the one before)."""
        entries = self.document.entries
        now = self._point(step).entry
        numbers = range(now + 1, len(entries)) if step > 0 else range(now - 1, -1, -1)
        found = next((number for number in numbers if entries[number].message.role == "user"), None)
        if found is None:
            self._say_nothing("prompt", step)
        else:
            self._go_to(found)

    def go_to_message(self, message_id: str) -> bool:
        """Makes a message the current one and shows it; False when it is not here."""
        number = self.document.index_of(message_id)
        if number is not None:
            self._go_to(number)
            if not self.is_laid_out:
                self._awaited_message = message_id
        return number is not None

    def go_to_number(self, number: int) -> None:
        """Goes to the nth message, counted from 1, or the last one."""
        self._go_to(max(0, min(number, len(self.document.entries)) - 1))

    # --- headings and code ------------------------------------------------------------------------

    def next_heading(self, step: int = 1) -> None:
        self._jump(step, _heading_rows, _HEADING_SOURCE, "heading")

    def next_code(self, step: int = 1) -> None:
        self._jump(step, _code_rows, _CODE_SOURCE, "code block")

    def _jump(self, step: int, places: Places, source: re.Pattern[str], name: str) -> None:
        if not self.document.entries or not self.is_laid_out:
            return
        with self._still():
            position = self._next_place(step, places, source)
        if position is None:
            self._say_nothing(name, step)
        else:
            self.current = self.document.entries[position.entry].message.id
            self._point_at(position)

    def _next_place(self, step: int, places: Places, source: re.Pattern[str]) -> Position | None:
        """Renders only parts that may have what is looked for."""
        document, start = self.document, self._point(step)
        numbers = range(start.entry, len(document.entries)) if step > 0 else range(start.entry, -1, -1)
        for number in numbers:
            entry = document.entries[number]
            if entry.message.role != "assistant" or source.search(entry.sources()[0][0]) is None:
                continue
            rows = document.open(number)
            order = range(len(rows.parts))
            for part_number in order if step > 0 else reversed(order):
                if number == start.entry and (part_number - start.part) * step < 0:
                    continue
                if source.search(rows.source_of(rows.parts[part_number])) is None:
                    continue
                part = document.ensure(number, part_number)
                starts = list(places(part, part.lines or []))
                for row in starts if step > 0 else reversed(starts):
                    position = Position(number, part_number, row)
                    if position > start if step > 0 else position < start:
                        return position
        return None

    def _say_nothing(self, name: str, step: int) -> None:
        self.post_message(self.NothingThere(self, f"No {name} further {'down' if step > 0 else 'up'}."))

    # --- keys -------------------------------------------------------------------------------------

    def fold_all(self) -> None:
        """Opens all reasoning, or folds it when all is open."""
        entries = self.document.entries
        numbers = [number for number, entry in enumerate(entries) if entry.has_reasoning]
        if not numbers:
            self.post_message(self.NothingThere(self, "There is no reasoning here."))
            return
        opens = not all(entries[number].is_reasoning_open for number in numbers)
        with self._refolded(numbers[0]):
            for number in numbers:
                if entries[number].is_reasoning_open != opens:
                    entries[number].is_reasoning_open = opens
                    self.document.close(number)
        self.restart_find()

    def action_next_prompt(self) -> None:
        self.next_prompt()

    def action_previous_prompt(self) -> None:
        self.next_prompt(-1)

    def action_next_heading(self) -> None:
        self.next_heading()

    def action_previous_heading(self) -> None:
        self.next_heading(-1)

    def action_next_code(self) -> None:
        self.next_code()

    def action_previous_code(self) -> None:
        self.next_code(-1)

    def action_next_hit(self, says_why_not: bool = True) -> None:
        self._step_or_say(1, says_why_not)

    def action_previous_hit(self) -> None:
        self._step_or_say(-1)

    def _step_or_say(self, step: int, says_why_not: bool = True) -> None:
        if self.is_searching:
            self.next_found(step)
        elif says_why_not:
            self.post_message(self.NothingThere(self, "Nothing is searched for: / or Ctrl+F."))


def _heading_rows(part: Part, lines: Sequence[Line]) -> Iterator[int]:
    if part.kind != "body":
        return
    for row, line in enumerate(lines):
        is_raw = line.kind == "text" and _RAW_HEADING.match(line.text) is not None
        if line.glue == "\n" and (line.kind == "heading" or is_raw):
            yield row


def _code_rows(part: Part, lines: Sequence[Line]) -> Iterator[int]:
    if part.kind != "body":
        return
    block, is_within = 0, part.source.is_within_code
    is_open = False
    for row, line in enumerate(lines):
        if line.block and line.block != block:
            if not (is_within and block == 0 and row == 0):
                yield row
            block = line.block
        elif line.kind == "text" and not line.block and line.text.lstrip(" \t>")[:3] in ("```", "~~~"):
            is_open = not is_open
            if is_open:
                yield row
