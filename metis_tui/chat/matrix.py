"""A matrix: many prompts x several models x repeats, each cell one reply. The data, and what it needs from outside.

Knows nothing of files, requests or screens.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from metis_tui.chat.conversation import ChatMessage, Params, Role
from metis_tui.chat.errors import ChatError
from metis_tui.chat.fair_timing import ModelReplies
from metis_tui.chat.votes import Vote

ReportFormat = Literal["md", "csv", "jsonl", "html"]
REPORT_FORMATS: tuple[ReportFormat, ...] = ("md", "csv", "jsonl", "html")


class MatrixProblem(ChatError):
    """The folder, the prompts or the plan cannot be used as asked; nothing was sent."""

    kind = "usage"
    title = "This matrix cannot be run"
    can_retry = False


class MatrixNotKept(ChatError):
    """The folder does not take what was received; finished cells stay."""

    kind = "save_failed"
    title = "The matrix cannot be written"
    hint = "Free space or check the quota, then run it again: finished cells are skipped."


@dataclass(frozen=True, slots=True)
class PromptCase:
    """One row of a matrix: what every model is asked."""

    id: str
    messages: tuple[tuple[Role, str], ...]
    """Prompts and replies in turn; the last one is a prompt."""
    system: str = ""
    tags: tuple[str, ...] = ()
    reference: str = ""
    """What a good reply says; for readers of the report only, never sent."""

    @property
    def prompt(self) -> str:
        """The last prompt's text."""
        return self.messages[-1][1]

    @property
    def sha256(self) -> str:
        """Of what is sent of it, in canonical JSON."""
        return _digest({"messages": self.messages, "system": self.system})


class Cell(NamedTuple):
    """One place in a matrix."""

    prompt: str
    """The id of its prompt."""
    model: str
    """`model@cluster`."""
    repeat: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class MatrixPlan:
    """What shall be asked of whom, and in which order."""

    prompts: tuple[PromptCase, ...]
    models: tuple[str, ...]
    """`model@cluster`, as the catalog writes them."""
    repeat: int
    params: Params = field(default_factory=dict)
    seed: int = 0
    """Of the order of the cells."""
    base_url: str = ""
    client: str = ""
    """The program and version that made the plan."""
    created_ms: int = 0
    """Unix time in milliseconds."""

    @property
    def sha256(self) -> str:
        """Of everything that decides what is sent: prompts, models, repeats, parameters and the gateway."""
        prompts = [(case.id, case.sha256) for case in self.prompts]
        return _digest([prompts, self.models, self.repeat, dict(self.params), self.base_url])

    @property
    def size(self) -> str:
        """Such as: 50 prompts x 3 models x 2."""
        return f"{counted(len(self.prompts), 'prompt')} x {counted(len(self.models), 'model')} x {self.repeat}"

    def cells(self) -> list[Cell]:
        """All cells, in the order of the plan."""
        rounds = range(1, self.repeat + 1)
        return [Cell(case.id, model, n) for case in self.prompts for model in self.models for n in rounds]

    def shuffled_cells(self) -> list[Cell]:
        """All cells in the order in which they leave.

        Prompts and repeats are shuffled; all models get one prompt in a row, in an order of its own. So no model
        gets all the quiet minutes, and the models answer one prompt at about the same time.
        """
        order = random.Random(self.seed)
        blocks = [(case.id, n) for case in self.prompts for n in range(1, self.repeat + 1)]
        order.shuffle(blocks)
        return [
            Cell(prompt, model, n) for prompt, n in blocks for model in order.sample(self.models, len(self.models))
        ]

    def case(self, prompt_id: str) -> PromptCase:
        """Raises KeyError when there is no such prompt."""
        for case in self.prompts:
            if case.id == prompt_id:
                return case
        raise KeyError(prompt_id)

    def differences(self, other: MatrixPlan) -> list[str]:
        """What the other plan wants otherwise, beyond prompts, models and repeats that are new; short sentences."""
        found = []
        for case in other.prompts:
            known = next((mine for mine in self.prompts if mine.id == case.id), None)
            if known is not None and known.sha256 != case.sha256:
                found.append(f"the prompt {case.id} has another text")
        if dict(self.params) != dict(other.params):
            found.append(f"the parameters are {_words(other.params)} and not {_words(self.params)}")
        if self.base_url != other.base_url:
            found.append(f"the gateway is {other.base_url} and not {self.base_url}")
        return found

    def lacks(self, other: MatrixPlan) -> list[str]:
        """What the other plan has beyond this one; short sentences."""
        ids = {case.id for case in self.prompts}
        prompts = [case.id for case in other.prompts if case.id not in ids]
        models = [model for model in other.models if model not in self.models]
        found = [f"{counted(len(prompts), 'prompt')} ({', '.join(prompts[:3])})"] if prompts else []
        found += [f"the models {', '.join(models)}"] if models else []
        found += [f"{other.repeat} repeats instead of {self.repeat}"] if other.repeat > self.repeat else []
        return found

    def extended_by(self, other: MatrixPlan) -> MatrixPlan:
        """This plan with the prompts, models and repeats of the other one, too."""
        ids = {case.id for case in self.prompts}
        return replace(
            self,
            prompts=(*self.prompts, *(case for case in other.prompts if case.id not in ids)),
            models=tuple(dict.fromkeys([*self.models, *other.models])),
            repeat=max(self.repeat, other.repeat),
        )


class Wait(NamedTuple):
    """Time that a cell waited, after a failure before its first word."""

    kind: str
    """Of the failure."""
    seconds: float


@dataclass(frozen=True, slots=True)
class CellResult:
    """What became of a cell."""

    cell: Cell
    reply: ChatMessage
    """Also for a failure: what had arrived, and the failure itself."""
    started_ms: int
    """When its request left for the last time, Unix time in milliseconds."""
    can_retry: bool = False
    """It failed in a way that can pass."""
    was_sent: bool = True
    """False: the model had been refused as not live just before, and was not asked again."""
    attempt_count: int = 1
    waits: tuple[Wait, ...] = ()
    beside: int = 0
    """Other requests of this run that were under way when it left."""

    @property
    def has_failed(self) -> bool:
        """The model did not end the reply by itself; a reply at its length limit has not failed."""
        return self.reply.stop not in ("stop", "length")

    @property
    def reply_sha256(self) -> str:
        return hashlib.sha256(self.reply.text.encode("utf-8", "replace")).hexdigest()


class Matrix(NamedTuple):
    """A plan and what there is of it. What a grid or a report shows."""

    plan: MatrixPlan
    results: Mapping[Cell, CellResult]
    """The result that counts of each cell that has one: a whole reply before a failure, a later before an earlier."""
    damaged_count: int = 0
    """Lines that could not be read; their cells run again."""

    def pending(self, *, retry_failed: bool = False) -> list[Cell]:
        """Cells that are still to be asked, in the order in which they leave.

        Failures that can pass are asked again; others only with `retry_failed`.
        """

        def is_open(cell: Cell) -> bool:
            known = self.results.get(cell)
            return known is None or (known.has_failed and (known.can_retry or retry_failed))

        return [cell for cell in self.plan.shuffled_cells() if is_open(cell)]

    def by_model(self) -> list[ModelReplies]:
        """The replies of each model, in the order of the plan."""
        cells = self.plan.cells()
        return [
            ModelReplies(model, [self.results[c].reply for c in cells if c.model == model and c in self.results])
            for model in self.plan.models
        ]


def results_that_count(results: Iterable[CellResult]) -> dict[Cell, CellResult]:
    """One result for each cell, out of all that were written, oldest first."""
    kept: dict[Cell, CellResult] = {}
    for result in results:
        known = kept.get(result.cell)
        if known is None or known.has_failed or not result.has_failed:
            kept[result.cell] = result
    return kept


class MatrixFolder(Protocol):
    """Where a matrix is kept. Blocking: call it off the event loop.

    Every method raises MatrixProblem when the folder cannot be used as asked, and MatrixNotKept when the disk
    does not take it.
    """

    def read(self) -> Matrix:
        """The plan and the results that are there. Raises MatrixProblem when there is no plan."""

    def has_plan(self) -> bool: ...

    def lock(self) -> None:
        """Makes sure that no other process runs this matrix. Raises MatrixProblem that says who does."""

    def keep_lock(self) -> None:
        """Shows processes on other machines that this one still runs; call it every minute or so."""

    def unlock(self) -> None: ...

    def write_plan(self, plan: MatrixPlan) -> None:
        """Puts the plan in place, whole or not at all."""

    def append(self, result: CellResult) -> None:
        """Adds one result; when it returns, it is durable."""

    def read_votes(self) -> list[Vote]:
        """The votes on its replies; empty when there are none that can be read."""

    def write_votes(self, votes: Sequence[Vote]) -> None:
        """Puts all votes in place, as a file that `metis-tui votes --merge` takes."""

    def write_report(self, kind: ReportFormat, content: bytes) -> str:
        """Puts a report beside the results; returns its path."""


class MatrixReports(Protocol):
    """Makes reports of a matrix. Blocking: call it off the event loop."""

    def report(self, matrix: Matrix, kind: ReportFormat) -> bytes: ...


def plan_as_json(plan: MatrixPlan) -> dict[str, object]:
    """The plan for matrix.json; `plan_from_json` reads it."""
    facts = asdict(plan)
    facts["params"] = dict(plan.params)
    facts["prompts"] = [{**asdict(case), "sha256": case.sha256} for case in plan.prompts]
    return {"format": "metis-tui matrix", "version": 1, "sha256": plan.sha256, **facts}


def plan_from_json(document: object) -> MatrixPlan:
    """The plan in such a document.

    Raises:
        MatrixProblem: it is none, of a newer version, or its hash does not fit its content.
    """
    if not isinstance(document, dict) or document.get("format") != "metis-tui matrix":
        raise MatrixProblem("Its matrix.json is not a plan.")
    if document.get("version") != 1:
        raise MatrixProblem("Its plan was made by a newer version of metis-tui.", hint="Update metis-tui.")
    try:
        plan = _plan(document)
    except (KeyError, TypeError, ValueError) as error:
        raise MatrixProblem("Its matrix.json is damaged.") from error
    if plan.sha256 != document.get("sha256"):
        raise MatrixProblem(
            "Its matrix.json was changed: the hash does not fit.", hint="Take another folder for another plan."
        )
    return plan


def counted(number: int, what: str) -> str:
    """Such as: 1 prompt, 2 prompts."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _plan(document: dict[str, object]) -> MatrixPlan:
    given: Sequence[dict[str, object]] = document["prompts"]  # type: ignore[assignment]
    prompts = tuple(
        PromptCase(
            str(item["id"]),
            tuple((_role(role), str(text)) for role, text in item["messages"]),  # type: ignore[attr-defined]
            str(item["system"]),
            tuple(str(tag) for tag in item["tags"]),  # type: ignore[attr-defined]
            str(item["reference"]),
        )
        for item in given
    )
    return MatrixPlan(
        prompts,
        tuple(str(model) for model in document["models"]),  # type: ignore[attr-defined]
        int(str(document["repeat"])),
        dict(document["params"]),  # type: ignore[call-overload]
        int(str(document["seed"])),
        str(document["base_url"]),
        str(document["client"]),
        int(str(document["created_ms"])),
    )


def _role(word: object) -> Role:
    return "assistant" if word == "assistant" else "user"


def _words(params: Params) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items()) or "none"


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
