"""Makes reports of a matrix: the port's implementation. Loads a format only when it is used."""

from __future__ import annotations

from metis_tui.chat.matrix import Matrix, ReportFormat


class MatrixReportFiles:
    """Satisfies `MatrixReports`. The same matrix gives the same bytes."""

    def report(self, matrix: Matrix, kind: ReportFormat) -> bytes:
        """See MatrixReports."""
        if kind == "md":
            from metis_tui.exchange.matrix_markdown import matrix_markdown

            return matrix_markdown(matrix).encode("utf-8", "replace")
        if kind == "html":
            from metis_tui.exchange.matrix_html import matrix_html

            return matrix_html(matrix)
        from metis_tui.exchange import matrix_tables

        make = matrix_tables.matrix_csv if kind == "csv" else matrix_tables.matrix_jsonl
        return make(matrix).encode("utf-8", "replace")
