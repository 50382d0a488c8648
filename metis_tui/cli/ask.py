"""`ask`: one turn from a script. Shows what the engine yields; runs nothing itself."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

from metis_tui.chat import parameters
from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.engine import ChatEngine
from metis_tui.chat.errors import ChatError, InvalidRequest, ModelUnknown
from metis_tui.chat.ports import ConversationStore, ModelGateway
from metis_tui.chat.turn import TurnEnded, TurnFailed
from metis_tui.cli import diagnostics
from metis_tui.cli.diagnostics import ExitCode, UsageProblem
from metis_tui.cli.opening import find_model, open_conversation
from metis_tui.cli.output import Output
from metis_tui.cli.reply_printer import ReplyPrinter, make_printer
from metis_tui.config.settings import Settings


async def run(
    options: argparse.Namespace,
    prompt: str,
    *,
    engine: ChatEngine,
    gateway: ModelGateway,
    saved: ConversationStore,
    store: ConversationStore,
    settings: Settings,
    last_model: Callable[[], str],
    warm_up: Callable[[], Coroutine[Any, Any, None]],
    output: Output,
) -> ExitCode:
    """Asks and prints; tells failures and gives their exit code.

    Args:
        last_model: the one used last in the application; read only when no other is named.
        saved: where `-c` and `--open` look.
        store: where this turn is kept, in memory only with --no-save.
        warm_up: loads what the turn needs; it runs beside the search for the model and never counts as latency.
    """
    printer = make_printer(options.shape, output, is_saving=not options.no_save)
    warming = asyncio.create_task(warm_up())
    try:
        conversation = await _prepare(options, saved, store, settings)
        wanted = options.model or conversation.model or settings.model
        model = await _find_chosen(gateway, wanted, "" if wanted else last_model())
        await warming
        return await _turn(engine, conversation, prompt, model, printer)
    except ChatError as error:
        printer.refused(error)
        return diagnostics.fail(error)
    finally:
        warming.cancel()


async def _turn(
    engine: ChatEngine, conversation: Conversation, prompt: str, model: ServedModel, printer: ReplyPrinter
) -> ExitCode:
    last = None
    try:
        async with aclosing(engine.send(conversation, prompt, model)) as events:
            async for event in events:
                printer.show(event, conversation)
                last = event
    except asyncio.CancelledError:
        printer.interrupted(conversation)
        raise
    if isinstance(last, TurnFailed):
        code = diagnostics.fail(last.error)
        return ExitCode.INCOMPLETE if last.reply.text or last.reply.reasoning else code
    if isinstance(last, TurnEnded) and last.reply.stop == "length":
        diagnostics.warn("the reply ended at its length limit")
    return ExitCode.OK


async def _find_chosen(gateway: ModelGateway, wanted: str, chosen_last: str) -> ServedModel:
    """The model asked for; else the last one chosen, if it is still there; else a live one."""
    if wanted or not chosen_last:
        return await find_model(gateway, wanted)
    try:
        return await find_model(gateway, chosen_last)
    except ModelUnknown:
        model = await find_model(gateway, "")
        diagnostics.warn(f"{chosen_last} is no longer served; {model.key} replies")
        return model


async def _prepare(
    options: argparse.Namespace, saved: ConversationStore, store: ConversationStore, settings: Settings
) -> Conversation:
    """The conversation to continue, or a new one, with the command line's system prompt and parameters."""
    given = parse_params(options.params)
    if not options.continue_last and not options.open_id:
        system = settings.system if options.system is None else options.system
        return Conversation(system=system, params={**settings.parameters, **given})
    conversation = await open_conversation(saved, options.open_id or "last")
    if options.system is not None and options.system != conversation.system:
        conversation.system = options.system
        await store.set_value(conversation, "system", options.system)
    if any(conversation.params.get(name) != value for name, value in given.items()):
        conversation.params.update(given)
        await store.set_value(conversation, "params", dict(conversation.params))
    return conversation


def parse_params(settings: list[str]) -> dict[str, object]:
    """Raises UsageProblem for what is no parameter of the gateway."""
    params: dict[str, object] = {}
    for setting in settings:
        try:
            params.update(parameters.parse_parameters(setting))
        except InvalidRequest as error:
            raise UsageProblem(error.reason, title=error.title, hint="Write --param NAME=VALUE.") from error
    return params
