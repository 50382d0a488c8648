"""A report of a matrix as Markdown: provenance, measures, failures, then every reply under its prompt. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metis_tui.chat.matrix import Matrix, PromptCase
from metis_tui.chat.printable import printable_line
from metis_tui.exchange import matrix_facts as facts
from metis_tui.exchange.contained import contained, escaped


def matrix_markdown(matrix: Matrix) -> str:
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    yield "# Matrix report"
    yield ""
    yield from _table(("What", "Value"), facts.provenance(matrix))
    yield "## Measures"
    yield ""
    yield from _table(facts.MEASURES_HEAD, facts.measures(matrix))
    yield facts.NOTE
    yield ""
    yield "## Models"
    yield ""
    yield from _table(("Model", "Cluster", "Framework", "Version"), facts.models(matrix))
    yield "## Parameters"
    yield ""
    yield from _table(("Parameter", "Value"), facts.parameters(matrix))
    if failed := facts.failures(matrix):
        yield "## Failures"
        yield ""
        yield from _table(facts.FAILURES_HEAD, failed)
    yield "## Replies"
    yield ""
    for case in matrix.plan.prompts:
        yield from _prompt(matrix, case)


def _prompt(matrix: Matrix, case: PromptCase) -> Iterator[str]:
    yield f"### {escaped(case.id)}"
    yield ""
    tags = f"Tags: {escaped(', '.join(case.tags))}. " if case.tags else ""
    yield f"{tags}SHA-256 of what was sent: `{case.sha256}`"
    yield ""
    if case.system.strip():
        yield from _part("System prompt", case.system)
    for role, text in case.messages:
        yield from _part("Prompt" if role == "user" else "Reply that was given", text)
    if case.reference.strip():
        yield from _part("Reference, not sent", case.reference)
    for cell in (cell for cell in matrix.plan.cells() if cell.prompt == case.id):
        result = matrix.results.get(cell)
        yield f"#### {escaped(facts.heading(matrix, cell))}"
        yield ""
        if result is None:
            continue
        if result.reply.reasoning.strip():
            yield f"<details>\n<summary>Reasoning</summary>\n\n{contained(result.reply.reasoning, 4)}\n\n</details>"
            yield ""
        if result.reply.text.strip():
            yield contained(result.reply.text, 4)
            yield ""
        yield f"Request `{result.reply.request_sha256 or 'not sent'}`, reply `{result.reply_sha256}`"
        yield ""


def _part(title: str, text: str) -> Iterator[str]:
    yield f"**{title}**"
    yield ""
    yield from (f"> {line}" if line else ">" for line in contained(text, 4).split("\n"))
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        cells = row if row and row[0] == "---" else [escaped(printable_line(cell, 500)) for cell in row]
        yield f"| {' | '.join(cells)} |"
    yield ""
