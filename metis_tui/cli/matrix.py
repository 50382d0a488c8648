"""`matrix`: many prompts to several models, kept in a folder cell by cell. Knows ports only."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from metis_tui.chat.background import in_background
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import ChatError, ModelUnknown
from metis_tui.chat.matrix import (
    REPORT_FORMATS,
    Cell,
    CellResult,
    Matrix,
    MatrixFolder,
    MatrixPlan,
    MatrixProblem,
    MatrixReports,
    counted,
)
from metis_tui.chat.matrix_run import MatrixRun, RunSettings
from metis_tui.chat.patience import Patience
from metis_tui.chat.ports import ModelGateway
from metis_tui.chat.printable import printable_line
from metis_tui.cli import diagnostics, matrix_plan, matrix_progress
from metis_tui.cli.compare import models_wanted
from metis_tui.cli.diagnostics import ExitCode
from metis_tui.cli.matrix_report import write_report
from metis_tui.cli.measure_table import measure_table, summary_as_json
from metis_tui.cli.opening import find_models
from metis_tui.cli.output import Output
from metis_tui.config.settings import Settings

_TOUCH_SECONDS = 60.0
OpenFolder = Callable[[Path], MatrixFolder]


async def report(
    options: argparse.Namespace, *, open_folder: OpenFolder, reports: MatrixReports, output: Output
) -> ExitCode:
    """Makes a report of what a folder holds; asks nobody."""
    try:
        folder = open_folder(Path(options.source))
        matrix = await in_background(folder.read)
        _tell_damage(matrix)
        await write_report(options, matrix, reports, output)
    except ChatError as error:
        return diagnostics.fail(error)
    return ExitCode.OK


async def run(
    options: argparse.Namespace,
    *,
    engine: ChatEngine,
    gateway: ModelGateway,
    base_url: str,
    settings: Settings,
    open_folder: OpenFolder,
    reports: MatrixReports,
    output: Output,
) -> ExitCode:
    """Runs the cells that are open, writes the reports and prints the measures; gives the exit code."""
    try:
        is_folder = options.source != "-" and await in_background(Path(options.source).is_dir)
        place = Path(options.source if is_folder else options.output)
        wanted = models_wanted(options)
        matrix_plan.check_words(options, wanted, is_folder=is_folder)
        cases = [] if is_folder else await in_background(lambda: matrix_plan.read_cases(options, settings))
        folder = open_folder(place)
        has_plan = is_folder or await in_background(folder.has_plan)
        known = (await in_background(folder.read)).plan if has_plan else None
        named = [model.key for model in await find_models(gateway, wanted)]
        plan = matrix_plan.make_plan(options, known, cases, named, base_url, settings)
        models = await _served(gateway, plan)
        await gateway.warm_up(list(models.values()))  # what the first requests would wait for is no model's latency
        await in_background(folder.lock)
    except ChatError as error:
        return diagnostics.fail(error)
    try:
        await in_background(lambda: _settle(folder, known, plan))
        matrix = await in_background(folder.read)  # another process may have finished cells meanwhile
        _tell_damage(matrix)
        stopped_by = await _run_cells(options, matrix, models, engine, folder)
        return await _end(options, folder, reports, output, stopped_by)
    except ChatError as error:
        return diagnostics.fail(error)
    finally:
        await in_background(folder.unlock)


def _settle(folder: MatrixFolder, known: MatrixPlan | None, plan: MatrixPlan) -> None:
    """Puts the plan in place, now that no other process can. Raises MatrixProblem when one has done so meanwhile."""
    there = folder.read().plan if folder.has_plan() else None
    if there != known:
        raise MatrixProblem("Another process has changed its plan in this moment.", hint="Start this again.")
    if plan != known:
        folder.write_plan(plan)


async def _served(gateway: ModelGateway, plan: MatrixPlan) -> dict[str, ServedModel]:
    """The plan's models by name; tells which are not offered any more."""
    found = {}
    for key in plan.models:
        try:
            found[key] = (await find_models(gateway, [key]))[0]
        except ModelUnknown:
            diagnostics.warn(f"{printable_line(key, 80)} is not offered any more: its open cells stay open")
    return found


# The run


async def _run_cells(
    options: argparse.Namespace,
    matrix: Matrix,
    models: dict[str, ServedModel],
    engine: ChatEngine,
    folder: MatrixFolder,
) -> ChatError | None:
    """Runs what is open; the failure that ended the run early, if one did."""
    cells = [cell for cell in matrix.pending(retry_failed=options.retry_failed) if cell.model in models]
    _tell_beginning(matrix, cells)
    if not cells:
        return None
    writing = asyncio.Lock()

    async def keep(result: CellResult) -> None:
        async with writing:
            await in_background(partial(folder.append, result))

    settings = RunSettings(options.concurrency, _patience(options.attempts), options.wait)
    run_over = MatrixRun(matrix, cells, models, engine, keep, settings)
    beside = [asyncio.create_task(matrix_progress.show(run_over.progress)), asyncio.create_task(_keep_lock(folder))]
    try:
        await run_over.run()
    except asyncio.CancelledError:
        await _ended(beside)
        state = run_over.progress()
        diagnostics.say(f"{state.finished} of {state.total} cells are finished and kept. {_go_on(options)}")
        raise
    finally:
        await _ended(beside)
    return run_over.stopped_by


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _patience(attempts: int) -> Patience:
    """At most so many attempts for each cell, whatever fails."""
    usual = Patience()
    return Patience(pauses=usual.pauses[: attempts - 1], most_rate_limits=attempts - 1)


async def _keep_lock(folder: MatrixFolder) -> None:
    while True:
        await asyncio.sleep(_TOUCH_SECONDS)
        await in_background(folder.keep_lock)


def _tell_beginning(matrix: Matrix, cells: list[Cell]) -> None:
    plan = matrix.plan
    finished = len(plan.cells()) - len(cells)
    done = f", {finished} finished before" if finished else ""
    diagnostics.say(f"{plan.size}: {counted(len(cells), 'cell')} to ask{done}; seed {plan.seed}")


def _tell_damage(matrix: Matrix) -> None:
    if matrix.damaged_count:
        diagnostics.warn(f"{matrix.damaged_count} lines of the cells are damaged and count as not finished")


def _go_on(options: argparse.Namespace) -> str:
    return f"Go on with: metis-tui matrix {shlex.quote(options.output or options.source)}"


async def _end(
    options: argparse.Namespace,
    folder: MatrixFolder,
    reports: MatrixReports,
    output: Output,
    stopped_by: ChatError | None,
) -> ExitCode:
    """Writes the reports and prints the measures."""
    matrix = await in_background(folder.read)
    paths = []
    for kind in REPORT_FORMATS:
        paths.append(
            await in_background(lambda kind=kind: folder.write_report(kind, reports.report(matrix, kind)))  # type: ignore[misc]
        )
    by_model = matrix.by_model()
    if options.json:
        open_count = len(matrix.plan.cells()) - len(matrix.results)
        facts = {"cells": len(matrix.plan.cells()), "open": open_count, "plan_sha256": matrix.plan.sha256}
        summary = [summary_as_json(each) for each in by_model]
        output.json({**facts, "seed": matrix.plan.seed, "reports": paths, "summary": summary})
    else:
        output.line(measure_table(by_model, output.width))
        diagnostics.say(f"report: {paths[-1]}")
    if stopped_by is not None:
        diagnostics.fail(stopped_by)
        diagnostics.say(_go_on(options))
        return diagnostics.exit_code(stopped_by)
    return _code(matrix)


def _code(matrix: Matrix) -> ExitCode:
    failed = sum(result.has_failed for result in matrix.results.values())
    open_count = len(matrix.plan.cells()) - len(matrix.results)
    if not failed and not open_count:
        return ExitCode.OK
    return ExitCode.INCOMPLETE if failed < len(matrix.results) else ExitCode.ERROR
