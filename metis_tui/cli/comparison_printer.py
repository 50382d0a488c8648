"""Prints replies that arrive side by side: as text one after the other, as one JSON object or as JSON lines.

Knows nothing of how lanes run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from metis_tui.chat.conversation import ChatMessage, Conversation
from metis_tui.chat.departures import Departure
from metis_tui.chat.errors import ChatError
from metis_tui.chat.fair_timing import ModelReplies, measures_of
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics
from metis_tui.cli.measure_table import measure_table, measures_as_json, summary_as_json
from metis_tui.cli.output import Output
from metis_tui.cli.reply_printer import reply_as_json


@dataclass(frozen=True, slots=True)
class Lane:
    """One reply among those that are compared."""

    model: str
    """`model@cluster`."""
    round: int
    """From 1."""
    rounds: int

    @property
    def title(self) -> str:
        return f"{self.model} ({self.round} of {self.rounds})" if self.rounds > 1 else self.model


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """How a lane ended; `error` None: with a reply."""

    lane: Lane
    reply: ChatMessage
    error: ChatError | None
    is_saved: bool


@dataclass(slots=True)
class ComparisonEnd:
    """Everything there is to tell in the end."""

    conversation: Conversation
    prompt: ChatMessage
    seed: int
    rounds: list[list[Departure]] = field(default_factory=list)
    """Who left when, round by round."""
    ends: list[LaneEnd] = field(default_factory=list)

    def by_model(self) -> list[ModelReplies]:
        models = dict.fromkeys(end.lane.model for end in self.ends)
        return [ModelReplies(m, [end.reply for end in self.ends if end.lane.model == m]) for m in models]


class ComparisonPrinter(Protocol):
    def begin(self, lanes: list[Lane]) -> None:
        """A round: its lanes, in the order in which they are printed."""

    def text(self, lane: Lane, text: str) -> None:
        """A piece of a lane's reply."""

    def end(self, end: LaneEnd, conversation: Conversation) -> None:
        """A lane has ended."""

    def close(self, end: ComparisonEnd) -> None:
        """All lanes have ended."""


def make_printer(shape: str, output: Output, *, is_saving: bool) -> ComparisonPrinter:
    """The printer for text, json or jsonl."""
    if shape == "json":
        return JsonComparison(output, is_saving)
    if shape == "jsonl":
        return JsonLanes(output, is_saving)
    if shape == "report":
        return NoComparison()
    return TextComparison(output)


class TextComparison:
    """The first lane as it comes, the others when it is their turn, then the table."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._waiting: list[Lane] = []
        """Lanes that are not printed whole, in order; the first one is printed as it comes."""
        self._held: dict[Lane, list[str]] = {}
        self._ended: set[Lane] = set()
        self._last = ""

    def begin(self, lanes: list[Lane]) -> None:
        self._waiting = list(lanes)
        self._held = {lane: [] for lane in lanes}
        self._open()

    def text(self, lane: Lane, text: str) -> None:
        if self._waiting and lane == self._waiting[0]:
            self._write(text)
        else:
            self._held[lane].append(text)

    def end(self, end: LaneEnd, conversation: Conversation) -> None:
        self._ended.add(end.lane)
        while self._waiting and self._waiting[0] in self._ended:
            self._waiting.pop(0)
            if not self._last.endswith("\n"):
                self._write("\n")
            self._write("\n")
            self._open()

    def close(self, end: ComparisonEnd) -> None:
        self._output.line(measure_table(end.by_model(), self._output.width))

    def _open(self) -> None:
        if self._waiting:
            self._write(f"--- {printable_line(self._waiting[0].title, 200)}\n")
            for text in self._held[self._waiting[0]]:
                self._write(text)

    def _write(self, text: str) -> None:
        self._output.text(text)
        self._last = text or self._last


class NoComparison:
    """Prints nothing: a report comes afterwards."""

    def begin(self, lanes: list[Lane]) -> None:
        """Nothing to print."""

    def text(self, lane: Lane, text: str) -> None:
        """Nothing to print."""

    def end(self, end: LaneEnd, conversation: Conversation) -> None:
        """Nothing to print."""

    def close(self, end: ComparisonEnd) -> None:
        """Nothing to print."""


class JsonComparison(NoComparison):
    """One object at the end."""

    def __init__(self, output: Output, is_saving: bool) -> None:
        self._output = output
        self._is_saving = is_saving

    def close(self, end: ComparisonEnd) -> None:
        replies = [lane_as_json(each, end.conversation, self._is_saving) for each in end.ends]
        self._output.json({**comparison_as_json(end), "replies": replies})


class JsonLanes(NoComparison):
    """One line for each reply when it ends, and one with the measures."""

    def __init__(self, output: Output, is_saving: bool) -> None:
        self._output = output
        self._is_saving = is_saving

    def end(self, end: LaneEnd, conversation: Conversation) -> None:
        facts = lane_as_json(end, conversation, self._is_saving)
        self._output.json({"event": "reply", **facts}, is_compact=True)

    def close(self, end: ComparisonEnd) -> None:
        self._output.json({"event": "summary", **comparison_as_json(end)}, is_compact=True)


def lane_as_json(end: LaneEnd, conversation: Conversation, is_saving: bool) -> dict[str, object]:
    """The object of `ask --json`, with the lane's name, its round and all measures."""
    facts = reply_as_json(end.reply, conversation, end.error, is_saved=end.is_saved and is_saving)
    measures = measures_as_json(measures_of(end.reply))
    return {"served_model": end.lane.model, "round": end.lane.round, **facts, "measures": measures}


def comparison_as_json(end: ComparisonEnd) -> dict[str, object]:
    models = list(dict.fromkeys(each.lane.model for each in end.ends))
    left = [
        [{"model": models[d.lane], "place": d.place, "offset_seconds": d.offset_seconds} for d in departures]
        for departures in end.rounds
    ]
    return {
        "conversation": end.conversation.id,
        "prompt": end.prompt.id,
        "models": models,
        "seed": end.seed,
        "departures": left,
        "summary": [summary_as_json(each) for each in end.by_model()],
    }


def tell_failure(end: LaneEnd) -> None:
    """A lane's failure on standard error, with what to do about it."""
    if end.error is not None:
        diagnostics.fail_of(end.lane.title, end.error)
