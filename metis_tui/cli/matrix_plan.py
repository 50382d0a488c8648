"""Makes the plan of a matrix out of the command line, a file of prompts and what a folder holds already."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace

from metis_tui.chat.engine import CLIENT
from metis_tui.chat.fair_timing import new_seed
from metis_tui.chat.matrix import MatrixPlan, PromptCase
from metis_tui.chat.matrix_prompts import read_prompts
from metis_tui.chat.printable import printable_line
from metis_tui.cli import attachments, diagnostics
from metis_tui.cli.ask import parse_params
from metis_tui.cli.diagnostics import UsageProblem
from metis_tui.config.settings import Settings

_PROBLEMS_TOLD = 10


def check_words(options: argparse.Namespace, wanted: Sequence[str], *, is_folder: bool) -> None:
    """Raises UsageProblem for options that do not go together. `wanted`: the models that are named."""
    if not is_folder:
        if not options.output:
            raise UsageProblem("It needs a folder to keep the cells in.", title="No folder", hint="Add -o DIR.")
        if not wanted:
            raise UsageProblem("It needs a model.", title="No models", hint="Add -m MODEL, once for each.")
        return
    if options.output:
        raise UsageProblem("SOURCE is the folder already.", hint="Leave out -o, or name a file of prompts.")
    if options.params or options.system is not None or options.seed is not None:
        raise UsageProblem(
            "A folder has its parameters, system prompts and order.", hint="Leave out --param, --system and --seed."
        )
    if (wanted or options.repeat) and not options.extend:
        raise UsageProblem("A folder has its models and repeats.", hint="Add --extend to have more of them.")


def read_cases(options: argparse.Namespace, settings: Settings) -> list[PromptCase]:
    """The prompts of the file; tells the first few lines that are wrong. Blocking.

    Raises:
        UsageProblem: it cannot be read, or a line of it is wrong.
    """
    text = attachments.read_text(options.source)
    cases, problems = read_prompts(text, settings.system if options.system is None else options.system)
    if not problems:
        return cases
    for problem in problems[:_PROBLEMS_TOLD]:
        diagnostics.warn(printable_line(problem, 300))
    count = f"{len(problems)} lines" if len(problems) > 1 else "One line"
    raise UsageProblem(
        f"{count} of {printable_line(options.source)} cannot be used; nothing was sent.",
        title="The prompts are not valid",
    )


def make_plan(
    options: argparse.Namespace,
    known: MatrixPlan | None,
    cases: Sequence[PromptCase],
    models: Sequence[str],
    base_url: str,
    settings: Settings,
) -> MatrixPlan:
    """The plan to run: a new one, the one that is there, or that one with what is new.

    Args:
        known: the plan in the folder, if there is one.
        cases: the prompts of the file; none when the folder itself is the source.
        models: those named on the command line, as the catalog writes them.

    Raises:
        UsageProblem: the folder holds another plan.
    """
    if known is not None and not cases:
        plan = replace(known, models=tuple(models), repeat=options.repeat or known.repeat, base_url=base_url)
        return _joined(options, known, plan)
    plan = MatrixPlan(
        tuple(cases),
        tuple(models),
        options.repeat or 1,
        {**settings.parameters, **parse_params(options.params)},
        new_seed() if options.seed is None else options.seed,
        base_url,
        CLIENT,
        int(time.time() * 1000),
    )
    if known is None:
        return plan
    if not options.extend and (words := _unlike(known, plan)):
        raise _other_plan(options, words, "Take another folder, or add --extend to run what either has.")
    return _joined(options, known, plan)


def _joined(options: argparse.Namespace, known: MatrixPlan, plan: MatrixPlan) -> MatrixPlan:
    if differences := known.differences(plan):
        raise _other_plan(options, differences, "Take another folder.")
    return known.extended_by(plan)


def _unlike(known: MatrixPlan, plan: MatrixPlan) -> list[str]:
    """What one has and the other has not; nothing when they differ in what no extension could bring together."""
    if known.differences(plan):
        return []
    asked = [f"asked for and not in it: {words}" for words in known.lacks(plan)]
    return [*asked, *(f"in it and not asked for: {words}" for words in plan.lacks(known))]


def _other_plan(options: argparse.Namespace, words: list[str], hint: str) -> UsageProblem:
    place = printable_line(options.output or options.source)
    shown = "; ".join(words[:5]) + (f"; and {len(words) - 5} more" if len(words) > 5 else "")
    return UsageProblem(f"{place} holds another matrix: {shown}.", title="Another plan", hint=hint)
