"""Reports of a matrix: nothing that a model wrote gets out of its place, and where it comes from is all there."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from metis_tui.chat.conversation import ChatMessage, FailureNote, Timing, Usage
from metis_tui.chat.matrix import Cell, CellResult, Matrix, MatrixPlan, PromptCase
from metis_tui.chat.parameters import PARAMETERS
from metis_tui.exchange.matrix_reports import MatrixReportFiles
from metis_tui.exchange.plots import Series, box_plot

HOSTILE = "</pre></details><script>alert(1)</script> | `x` \x1b[31m\n```\nnever closed"
PLAN = MatrixPlan(
    (
        PromptCase("=sum|<b>", (("user", HOSTILE),), "Be brief.", ("a b", "<i>"), "4"),
        PromptCase("two", (("user", "x"),)),
    ),
    ("m@metis", "org/n@sophia"),
    2,
    {"temperature": 0.2},
    7,
    "https://gateway.example/",
    "metis-tui 9",
    1_700_000_000_000,
)


def made(cell: Cell, first: float, *, is_ok: bool = True) -> CellResult:
    reply = ChatMessage(
        id="1",
        parent=None,
        role="assistant",
        text=HOSTILE,
        created_ms=1_700_000_005_000,
        reasoning=HOSTILE,
        model=cell.model.split("@")[0],
        cluster="metis",
        framework="api",
        usage=Usage(3, 101, 104),
        timing=Timing(first + 2.0, first, first + 1.0),
        stop="stop" if is_ok else "error",
        failure=None if is_ok else FailureNote("It <broke>", "so | so", "upstream"),
        model_version="v<3>",
        request_sha256="f" * 64,
        client="metis-tui 9",
    )
    return CellResult(cell, reply, 1_700_000_003_000, can_retry=not is_ok)


@pytest.fixture
def matrix() -> Matrix:
    cells = PLAN.cells()
    results = {cell: made(cell, 0.25 * (1 + n), is_ok=n != 3) for n, cell in enumerate(cells[:-1])}
    return Matrix(PLAN, results)


def report(matrix: Matrix, kind: str) -> str:
    made = MatrixReportFiles().report(matrix, kind)  # type: ignore[arg-type]
    assert made == MatrixReportFiles().report(matrix, kind)  # type: ignore[arg-type]
    return made.decode()


def test_csv_has_a_row_for_each_cell_and_nothing_that_a_spreadsheet_runs(matrix: Matrix) -> None:
    rows = list(csv.DictReader(io.StringIO(report(matrix, "csv"))))
    assert len(rows) == 8
    assert [row["state"] for row in rows].count("done") == 6
    assert (rows[3]["state"], rows[3]["failure_kind"], rows[7]["state"]) == ("failed", "upstream", "open")
    assert rows[0]["prompt"].startswith("'=")
    assert (rows[0]["first_delta_seconds"], rows[0]["tokens_per_second"], rows[0]["is_estimated"]) == (
        "0.25",
        "50.0",
        "False",
    )
    assert rows[0]["model_version"] == "v<3>"


def test_json_lines_hold_everything(matrix: Matrix) -> None:
    plan, *cells = [json.loads(line) for line in report(matrix, "jsonl").splitlines()]
    assert plan["sha256"] == PLAN.sha256
    assert plan["not_sent"] == [name for name in PARAMETERS if name != "temperature"]
    assert len(cells) == 8
    assert cells[0]["text"] == HOSTILE
    assert cells[3]["failure"]["title"] == "It <broke>"


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "line", "rect", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_whole_has_no_script_and_asks_for_nothing(matrix: Matrix) -> None:
    page = report(matrix, "html")
    tags = Tags(page)
    assert tags.open == []
    names = {name for name, _ in tags.seen}
    assert not names & {"script", "link", "img", "iframe", "b", "i"}
    assert all(not (attrs.keys() & {"src", "onclick", "style"}) for _, attrs in tags.seen)
    assert all((attrs.get("href") or "#").startswith("#") for _, attrs in tags.seen)
    assert ("meta", {"http-equiv": "Content-Security-Policy"}) in [
        (n, {k: v for k, v in a.items() if k == "http-equiv"}) for n, a in tags.seen
    ]
    assert "default-src 'none'" in page
    assert "\x1b" not in page
    assert [name for name, _ in tags.seen].count("svg") == 2


@pytest.mark.parametrize("kind", ["md", "html"])
def test_where_it_comes_from_is_told(matrix: Matrix, kind: str) -> None:
    text = report(matrix, kind)
    for words in ("metis-tui 9", "gateway.example", "2023-11-14T22:13:20", "seed 7", PLAN.sha256, "sophia", "f" * 64):
        assert words in text
    assert text.count("not sent: ") == len(PARAMETERS) - 1
    assert "6 ok" not in text  # two models: 3 and 1 failed, 3
    assert "1 failed: It" in text


def test_markdown_stays_in_its_place(matrix: Matrix) -> None:
    text = report(matrix, "md")
    assert "<script" not in text
    assert "\x1b" not in text
    headings = re.findall(r"^#{1,3} .*", text, re.M)
    assert headings[:2] == ["# Matrix report", "## Measures"]
    assert len([h for h in headings if h.startswith("### ")]) == 2
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(re.search(r"(?<!\\)\|$", row) for row in rows)


def test_a_plot_of_nothing_and_of_one_value() -> None:
    assert "no values" in box_plot("Rate", "tokens/s", [Series("m", [])])
    assert "<rect" in box_plot("Rate", "tokens/s", [Series("<m>", [3.0])])
    assert "<m>" not in box_plot("Rate", "tokens/s", [Series("<m>", [0.0, 1e9])])


def test_an_empty_matrix_has_reports(matrix: Matrix) -> None:
    for kind in ("md", "csv", "jsonl", "html"):
        assert report(Matrix(replace(PLAN, repeat=1), {}), kind)


def test_a_comparison_stands_side_by_side_and_claims_no_plan(matrix: Matrix) -> None:
    plan = replace(PLAN, prompts=PLAN.prompts[:1], base_url="")
    comparison = Matrix(plan, {cell: result for cell, result in matrix.results.items() if cell in plan.cells()})
    text, page = report(comparison, "md"), report(comparison, "html")
    assert text.startswith("# Comparison: =sum")
    assert text.count("<table>") == text.count("</table>") == plan.repeat
    assert Tags(page).open == []
    assert page.count('<div class="lanes">') == plan.repeat
    for words in ("seed 7", "SHA-256 of the plan", "Gateway"):
        assert words not in text + page
