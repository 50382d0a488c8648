"""A report of a matrix as one HTML file: no script, nothing from outside, light and dark, printable. Pure.

Everything that a model or a user wrote is escaped and shown as plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from metis_tui.chat.matrix import Cell, Matrix, PromptCase
from metis_tui.chat.printable import printable
from metis_tui.exchange import matrix_facts as facts
from metis_tui.exchange.plots import Series, box_plot

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MARKS = {"done": "●", "length": "◐", "failed": "✗", "not live": "○", "open": "·"}
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --line: #d5dae1; --back: #ffffff; --panel: #f5f7f9;
  --c0: #0b6fb8; --c1: #b4560b; --c2: #2f7d32; --c3: #8a3ab0; --c4: #b3263c; --c5: #4d6a78; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ee; --soft: #9aa6b4; --line: #38424f; --back: #14181d;
  --panel: #1c2229; --c0: #5cb3f2; --c1: #f0a15c; --c2: #7bc97e; --c3: #cf95ee; --c4: #f08497; --c5: #a3bccb; } }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--back);
  font: 16px/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h3, td, summary { overflow-wrap: anywhere; } th { overflow-wrap: break-word; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0 1rem; }
th, td { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--panel); } .numbers td { font-variant-numeric: tabular-nums; } td.state { text-align: center; }
.note, .tick { color: var(--soft); fill: var(--soft); font-size: .85rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border: 1px solid var(--line);
  padding: .6rem .8rem; font: .85rem/1.45 ui-monospace, monospace; margin: .4rem 0 1rem; }
details { margin: .3rem 0; } summary { cursor: pointer; } code { font-size: .8rem; overflow-wrap: anywhere; }
.plot { display: block; width: 100%; max-width: 45rem; height: auto; margin: .5rem 0 1.5rem; }
.plot text { font-family: system-ui, sans-serif; font-size: 13px; } .name { fill: var(--ink); }
.grid { stroke: var(--line); stroke-width: 1; } .median { stroke: var(--ink); stroke-width: 2.5; }
.box { fill-opacity: .25; stroke-width: 1.2; } .dot { fill-opacity: .75; }
.c0 { fill: var(--c0); stroke: var(--c0); } .c1 { fill: var(--c1); stroke: var(--c1); }
.c2 { fill: var(--c2); stroke: var(--c2); } .c3 { fill: var(--c3); stroke: var(--c3); }
.c4 { fill: var(--c4); stroke: var(--c4); } .c5 { fill: var(--c5); stroke: var(--c5); }
@media print { body { max-width: none; } pre { white-space: pre-wrap; } }
"""


def matrix_html(matrix: Matrix) -> str:
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>Matrix report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Matrix report</h1>"
    yield _table(None, facts.provenance(matrix))
    yield "<h2>Measures</h2>"
    yield _table(facts.MEASURES_HEAD, facts.measures(matrix), "numbers")
    yield f'<p class="note">{_text(facts.NOTE)}</p>'
    yield from _plots(matrix)
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
    yield "</body>\n</html>"


def _plots(matrix: Matrix) -> Iterator[str]:
    by_model = matrix.by_model()
    latencies = [Series(m.model, [v for x in m.whole if (v := x.first_delta_seconds) is not None]) for m in by_model]
    rates = [Series(m.model, [v for x in m.whole if (v := x.tokens_per_second) is not None]) for m in by_model]
    yield "<h2>First-delta latency</h2>"
    yield box_plot("First-delta latency", "seconds", latencies)
    yield "<h2>Tokens per second</h2>"
    yield box_plot("Tokens per second", "tokens/s, without the first-delta latency", rates)
    yield '<p class="note">A point is a reply, the box holds the middle half of them, the line is the median.</p>'


def _grid(matrix: Matrix) -> str:
    """One sign for each repeat; the words are in the legend, so that no colour is needed."""
    numbers = {case.id: number for number, case in enumerate(matrix.plan.prompts)}
    head = "".join(f"<th>{_text(model)}</th>" for model in matrix.plan.models)
    rows = []
    for case in matrix.plan.prompts:
        cells = []
        for model in matrix.plan.models:
            rounds = [Cell(case.id, model, n) for n in range(1, matrix.plan.repeat + 1)]
            states = [facts.state_of(matrix.results.get(cell)) for cell in rounds]
            signs = " ".join(_MARKS[state] for state in states)
            cells.append(f'<td class="state" title="{escape(", ".join(states))}">{signs}</td>')
        link = f'<a href="#p{numbers[case.id]}">{_text(case.id)}</a>'
        rows.append(f"<tr><td>{link}</td>{''.join(cells)}</tr>")
    legend = ", ".join(f"{mark} {state}" for state, mark in _MARKS.items())
    table = f"<table><tr><th>Prompt</th>{head}</tr>{''.join(rows)}</table>"
    return f'<div class="wide">{table}</div>\n<p class="note">{_text(legend)}</p>'


def _prompt(matrix: Matrix, case: PromptCase, number: int) -> Iterator[str]:
    yield f'<h3 id="p{number}">{_text(case.id)}</h3>'
    tags = f"Tags: {_text(', '.join(case.tags))}. " if case.tags else ""
    yield f'<p class="note">{tags}SHA-256 of what was sent: <code>{case.sha256}</code></p>'
    if case.system.strip():
        yield f"<p>System prompt</p>{_pre(case.system)}"
    for role, text in case.messages:
        yield f"<p>{'Prompt' if role == 'user' else 'Reply that was given'}</p>{_pre(text)}"
    if case.reference.strip():
        yield f"<p>Reference, not sent</p>{_pre(case.reference)}"
    for cell in (cell for cell in matrix.plan.cells() if cell.prompt == case.id):
        yield from _reply(matrix, cell)


def _reply(matrix: Matrix, cell: Cell) -> Iterator[str]:
    result = matrix.results.get(cell)
    yield f"<details><summary>{_text(facts.heading(matrix, cell))}</summary>"
    if result is not None:
        reply = result.reply
        if reply.failure is not None:
            yield f"<p>{_text(f'{reply.failure.title}: {reply.failure.reason}')}</p>"
        if reply.reasoning.strip():
            yield f"<details><summary>Reasoning</summary>{_pre(reply.reasoning)}</details>"
        if reply.text.strip():
            yield _pre(reply.text)
        request = reply.request_sha256 or "not sent"
        yield f'<p class="note">Request <code>{_text(request)}</code><br>Reply <code>{result.reply_sha256}</code></p>'
    yield "</details>"


def _table(head: Sequence[str] | None, rows: Iterable[Sequence[str]], name: str = "") -> str:
    """Without a head the first cell of each row is its head."""
    made = [f"<tr>{''.join(f'<th>{_text(cell)}</th>' for cell in head)}</tr>"] if head else []
    for row in rows:
        tags = ["td" if head or place else "th" for place in range(len(row))]
        made.append(f"<tr>{''.join(f'<{t}>{_text(c)}</{t}>' for t, c in zip(tags, row, strict=True))}</tr>")
    return f'<div class="wide"><table class="{name}">{"".join(made)}</table></div>'


def _pre(text: str) -> str:
    return f"<pre>{_text(text.strip(chr(10)))}</pre>"


def _text(text: str) -> str:
    return escape(printable(text))
