"""`compare`: one prompt to several models at once. Runs a lane of the engine for each; shows what they yield."""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

from metis_tui.chat import parameters
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.compared_replies import compared_prompt, matrix_of
from metis_tui.chat.comparison import record_of
from metis_tui.chat.conversation import ChatMessage, Conversation, title_from_prompt
from metis_tui.chat.departures import DeparturePacer, leave_together
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import ChatError
from metis_tui.chat.fair_timing import new_seed, shuffled
from metis_tui.chat.identifiers import new_ulid
from metis_tui.chat.matrix import MatrixReports
from metis_tui.chat.ports import ConversationStore, ModelGateway
from metis_tui.chat.printable import storable
from metis_tui.chat.turn import ResendAwaited, TextDelta, TurnEnded, TurnFailed, TurnStarted
from metis_tui.cli import diagnostics
from metis_tui.cli.ask import parse_params
from metis_tui.cli.comparison_printer import (
    ComparisonEnd,
    ComparisonPrinter,
    Lane,
    LaneEnd,
    make_printer,
    tell_failure,
)
from metis_tui.cli.diagnostics import ExitCode, NotFound, UsageProblem
from metis_tui.cli.matrix_report import write_report
from metis_tui.cli.opening import find_models, open_conversation
from metis_tui.cli.output import Output
from metis_tui.config.settings import Settings


async def run(
    options: argparse.Namespace,
    prompt: str,
    *,
    engine: ChatEngine,
    gateway: ModelGateway,
    store: ConversationStore,
    settings: Settings,
    reports: MatrixReports,
    warm_up: Callable[[], Coroutine[Any, Any, None]],
    output: Output,
) -> ExitCode:
    """Asks all models, prints and tells failures; gives the exit code.

    Args:
        engine: one that waits for rate limits.
        store: where the conversation is kept, in memory only with --no-save.
        warm_up: loads what the requests need, so that none of them waits for it.
    """
    warming = asyncio.create_task(warm_up())
    try:
        wanted = models_wanted(options)
        if len(wanted) < 2:
            raise UsageProblem("It takes two or more models.", title="Nothing to compare", hint="Write -m A -m B.")
        conversation = _conversation(options, settings)
        models = await find_models(gateway, wanted)
        await warming
        await gateway.warm_up(models)
        asked = await _begin(store, conversation, prompt, models)
        end = ComparisonEnd(conversation, asked, new_seed() if options.seed is None else options.seed)
        printer = make_printer("report" if options.report else options.shape, output, is_saving=not options.no_save)
        try:
            await _rounds(options.repeat, engine, models, end, printer)
        finally:
            output.end_line()  # also when it is stopped
        printer.close(end)
        await store.keep_record(conversation, _record(end, [model.key for model in models]))
        if options.report:
            await write_report(options, matrix_of(conversation, asked.id), reports, output)
        return _code(end)
    except ChatError as error:
        return diagnostics.fail(error)
    finally:
        warming.cancel()


def _conversation(options: argparse.Namespace, settings: Settings) -> Conversation:
    """Raises UsageProblem for what is no parameter."""
    params = {**settings.parameters, **parse_params(options.params)}
    parameters.check(params)
    return Conversation(system=settings.system if options.system is None else options.system, params=params)


async def report(
    options: argparse.Namespace, *, saved: ConversationStore, reports: MatrixReports, output: Output
) -> ExitCode:
    """Makes a report of a comparison that is saved; asks nobody."""
    try:
        if options.prompt or not options.report:
            raise UsageProblem("--open reports what is saved.", hint="Add --report FORMAT and leave out the prompt.")
        conversation = await open_conversation(saved, options.open_id)
        prompt_id = compared_prompt(conversation)
        if prompt_id is None:
            raise NotFound("No prompt in it has replies of several models.", title="No comparison", hint="")
        await write_report(options, matrix_of(conversation, prompt_id), reports, output)
    except ChatError as error:
        return diagnostics.fail(error)
    return ExitCode.OK


def models_wanted(options: argparse.Namespace) -> list[str]:
    """The models named before and after the command, each once."""
    return list(dict.fromkeys([*([options.model] if options.model else []), *options.models]))


async def _begin(
    store: ConversationStore, conversation: Conversation, text: str, models: Sequence[ServedModel]
) -> ChatMessage:
    """Saves the prompt; every lane is a sibling reply to it."""
    stamp = int(time.time() * 1000)
    prompt = ChatMessage(new_ulid(stamp), None, "user", storable(text), stamp)
    conversation.title = title_from_prompt(text)
    conversation.model = models[0].key
    conversation.add(prompt)
    if not await store.append(conversation, prompt):
        diagnostics.warn("the conversation is not saved: the disk does not take it")
    return prompt


async def _rounds(
    count: int, engine: ChatEngine, models: Sequence[ServedModel], end: ComparisonEnd, printer: ComparisonPrinter
) -> None:
    order, pacer = random.Random(end.seed), DeparturePacer()
    for number in range(1, count + 1):
        lanes = [Lane(model.key, number, count) for model in models]
        printer.begin(lanes)
        starts = [
            partial(_lane, engine, end, lane, model, printer) for lane, model in zip(lanes, models, strict=True)
        ]
        await pacer.room(len(starts))
        ends, departures = await leave_together(starts, shuffled(len(starts), order))
        end.ends += ends
        end.rounds.append(departures)


async def _lane(
    engine: ChatEngine,
    end: ComparisonEnd,
    lane: Lane,
    model: ServedModel,
    printer: ComparisonPrinter,
    ready: Callable[[], Awaitable[None]],
) -> LaneEnd:
    """One reply. The lane's view shares the messages of the conversation and has a head of its own."""
    view = replace(end.conversation, head=end.prompt.id)
    last: LaneEnd | None = None
    async with aclosing(engine.regenerate(view, end.prompt.id, model)) as events:
        async for event in events:
            match event:
                case TurnStarted():  # everything is done but the request itself, and its clock has not begun
                    await ready()
                case TextDelta(text):
                    printer.text(lane, text)
                case ResendAwaited(error, seconds, attempt, most):
                    again = f"asked again in {seconds:.0f} s ({attempt} of {most})"
                    diagnostics.warn(f"{lane.title}: {error.title.lower()}, {again}")
                case TurnEnded(reply, is_saved):
                    last = LaneEnd(lane, reply, None, is_saved)
                case TurnFailed(error, reply, is_saved):
                    last = LaneEnd(lane, reply, error, is_saved)
                case _:
                    pass
    assert last is not None  # a turn ends with one of the two
    printer.end(last, end.conversation)
    tell_failure(last)
    return last


def _record(end: ComparisonEnd, models: Sequence[str]) -> dict[str, object]:
    """By which the application opens it again, with the replies of the last round as its lanes."""
    last = {each.lane.model: each.reply.id for each in end.ends}
    orders = [[models[departure.lane] for departure in departures] for departures in end.rounds]
    lanes = [(model, last.get(model)) for model in models]
    return record_of(end.prompt.id, lanes, orders, end.seed, id=new_ulid())


def _code(end: ComparisonEnd) -> ExitCode:
    """0 when all replied; 7 when some did not; when none did, 1, or 3 where all want a sign-in."""
    failures = [each.error for each in end.ends if each.error is not None]
    if not failures:
        return ExitCode.OK
    if len(failures) < len(end.ends):
        return ExitCode.INCOMPLETE
    return ExitCode.SIGN_IN if all(failure.needs_sign_in for failure in failures) else ExitCode.ERROR
