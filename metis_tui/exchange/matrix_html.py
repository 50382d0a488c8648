"""A report of a matrix as one HTML file: no script, nothing from outside, light and dark, printable. Pure.

What models and users wrote is Markdown that cannot do anything (see `html_text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from metis_tui.chat.matrix import Cell, Matrix, PromptCase
from metis_tui.exchange import matrix_facts as facts
from metis_tui.exchange.html_page import html_page
from metis_tui.exchange.html_text import line_html, text_html
from metis_tui.exchange.plots import Series, box_plot

_MARKS = {"done": "●", "length": "◐", "failed": "✗", "not live": "○", "open": "·"}


def matrix_html(matrix: Matrix) -> bytes:
    body = (f"{part}\n" for part in _parts(matrix))
    return html_page(facts.title(matrix), ["conversation.css", "matrix.css"], body)


def _parts(matrix: Matrix) -> Iterator[str]:
    yield f"<h1>{line_html(facts.title(matrix))}</h1>"
    yield _table(None, facts.provenance(matrix))
    yield "<h2>Measures</h2>"
    yield _table(facts.MEASURES_HEAD, facts.measures(matrix), "numbers")
    yield f'<p class="small">{line_html(facts.NOTE)}</p>'
    yield from _plots(matrix)
    if len(matrix.plan.prompts) > 1:
        yield "<h2>Cells</h2>"
        yield _grid(matrix)
    if failed := facts.failures(matrix):
        yield "<h2>Failures</h2>"
        yield _table(facts.FAILURES_HEAD, failed)
    yield "<h2>Models</h2>"
    yield _table(("Model", "Cluster", "Framework", "Version"), facts.models(matrix))
    yield "<h2>Parameters</h2>"
    yield _table(None, facts.parameters(matrix))
    yield "<h2>Replies</h2>"
    for number, case in enumerate(matrix.plan.prompts):
        yield from _prompt(matrix, case, number)


def _plots(matrix: Matrix) -> Iterator[str]:
    by_model = matrix.by_model()
    latencies = [Series(m.model, [v for x in m.whole if (v := x.first_delta_seconds) is not None]) for m in by_model]
    rates = [Series(m.model, [v for x in m.whole if (v := x.tokens_per_second) is not None]) for m in by_model]
    yield "<h2>First-delta latency</h2>"
    yield box_plot("First-delta latency", "seconds", latencies)
    yield "<h2>Tokens per second</h2>"
    yield box_plot("Tokens per second", "tokens/s, without the first-delta latency", rates)
    yield '<p class="small">A point is a reply, the box holds the middle half of them, the line is the median.</p>'


def _grid(matrix: Matrix) -> str:
    """One sign for each repeat; the words are in the legend, so that no colour is needed."""
    numbers = {case.id: number for number, case in enumerate(matrix.plan.prompts)}
    head = "".join(f"<th>{line_html(model)}</th>" for model in matrix.plan.models)
    rows = []
    for case in matrix.plan.prompts:
        cells = []
        for model in matrix.plan.models:
            rounds = [Cell(case.id, model, n) for n in range(1, matrix.plan.repeat + 1)]
            states = [facts.state_of(matrix.results.get(cell)) for cell in rounds]
            signs = " ".join(_MARKS[state] for state in states)
            cells.append(f'<td class="state" title="{escape(", ".join(states))}">{signs}</td>')
        link = f'<a href="#p{numbers[case.id]}">{line_html(case.id)}</a>'
        rows.append(f"<tr><td>{link}</td>{''.join(cells)}</tr>")
    legend = ", ".join(f"{mark} {state}" for state, mark in _MARKS.items())
    table = f"<table><tr><th>Prompt</th>{head}</tr>{''.join(rows)}</table>"
    return f'<div class="wide">{table}</div>\n<p class="small">{line_html(legend)}</p>'


def _prompt(matrix: Matrix, case: PromptCase, number: int) -> Iterator[str]:
    yield f'<h3 id="p{number}">{line_html(case.id)}</h3>'
    tags = f"Tags: {line_html(', '.join(case.tags))}. " if case.tags else ""
    yield f'<p class="small">{tags}SHA-256 of what was sent: <code>{case.sha256}</code></p>'
    if case.system.strip():
        yield _part("System prompt", "note", case.system)
    for role, text in case.messages:
        yield _part("Prompt", "user", text) if role == "user" else _part("Reply that was given", "assistant", text)
    if case.reference.strip():
        yield _part("Reference, not sent", "note", case.reference)
    for repeat in range(1, matrix.plan.repeat + 1):
        yield '<div class="lanes">'
        for model in matrix.plan.models:
            yield from _reply(matrix, Cell(case.id, model, repeat))
        yield "</div>"


def _part(label: str, kind: str, text: str) -> str:
    return f'<p class="small label">{label}</p><div class="{kind} message">{text_html(text)}</div>'


def _reply(matrix: Matrix, cell: Cell) -> Iterator[str]:
    result = matrix.results.get(cell)
    is_open = " open" if len(matrix.plan.prompts) == 1 else ""
    yield f'<details{is_open}><summary>{line_html(facts.heading(matrix, cell))}</summary><div class="reply">'
    if result is not None:
        reply = result.reply
        if reply.failure is not None:
            yield f"<p>{line_html(f'{reply.failure.title}: {reply.failure.reason}')}</p>"
        if reply.reasoning.strip():
            yield f'<details class="reasoning"><summary>Reasoning</summary><div>{text_html(reply.reasoning)}'
            yield "</div></details>"
        if reply.text.strip():
            yield text_html(reply.text)
        request = line_html(reply.request_sha256 or "not sent")
        yield f'<p class="small">SHA-256 of the request <code>{request}</code><br>'
        yield f"SHA-256 of the reply <code>{result.reply_sha256 if reply.text else 'no text'}</code></p>"
    yield "</div></details>"


def _table(head: Sequence[str] | None, rows: Iterable[Sequence[str]], name: str = "") -> str:
    """Without a head the first cell of each row is its head."""
    made = [f"<tr>{''.join(f'<th>{line_html(cell)}</th>' for cell in head)}</tr>"] if head else []
    for row in rows:
        tags = ["td" if head or place else "th" for place in range(len(row))]
        made.append(f"<tr>{''.join(f'<{t}>{line_html(c)}</{t}>' for t, c in zip(tags, row, strict=True))}</tr>")
    return f'<div class="wide"><table class="{name}">{"".join(made)}</table></div>'
