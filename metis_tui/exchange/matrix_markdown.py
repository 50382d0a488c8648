"""A report of a matrix as Markdown: provenance, measures, failures, then every reply under its prompt. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metis_tui.chat.matrix import Cell, CellResult, Matrix, PromptCase
from metis_tui.chat.printable import printable_line
from metis_tui.exchange import matrix_facts as facts
from metis_tui.exchange.contained import contained, escaped
from metis_tui.exchange.html_text import line_html


def matrix_markdown(matrix: Matrix) -> str:
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    yield f"# {escaped(facts.title(matrix))}"
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
    for repeat in range(1, matrix.plan.repeat + 1):
        cells = [Cell(case.id, model, repeat) for model in matrix.plan.models]
        if facts.is_comparison(matrix):
            yield from _side_by_side(matrix, cells)
            continue
        for cell in cells:
            yield f"#### {escaped(facts.heading(matrix, cell))}"
            yield ""
            yield from _reply(matrix.results.get(cell))


def _side_by_side(matrix: Matrix, cells: Sequence[Cell]) -> Iterator[str]:
    """A row of an HTML table, which Markdown takes; blank lines let it read the cells as Markdown."""
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{line_html(facts.heading(matrix, cell))}</th>' for cell in cells)}</tr>"
    yield "<tr>"
    for cell in cells:
        yield '<td valign="top">'
        yield ""
        yield from _reply(matrix.results.get(cell))
        yield "</td>"
    yield "</tr>"
    yield "</table>"
    yield ""


def _reply(result: CellResult | None) -> Iterator[str]:
    if result is None:
        return
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
