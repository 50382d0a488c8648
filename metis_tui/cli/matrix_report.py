"""Puts the report of a matrix or a comparison where the command line wants it. Knows no formats."""

from __future__ import annotations

import argparse
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.matrix import Matrix, MatrixReports
from metis_tui.cli.export_file import write_file
from metis_tui.cli.output import Output


async def write_report(options: argparse.Namespace, matrix: Matrix, reports: MatrixReports, output: Output) -> None:
    """The report that is asked for, to its file or to standard output.

    Raises:
        ChatError: the file is there already or cannot be written.
    """
    content = await in_background(lambda: reports.report(matrix, options.report))
    if options.output:
        path = Path(options.output)
        await in_background(lambda: write_file(path, content, is_forced=options.force))
    else:
        output.text(content.decode())
