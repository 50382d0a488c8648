"""Finds the conversation and the served model that a command line means. Knows the ports only."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from metis_tui.chat.catalog import Catalog, ModelState, ServedModel
from metis_tui.chat.conversation import Conversation
from metis_tui.chat.errors import ModelUnknown
from metis_tui.chat.ports import ConversationStore, ModelGateway
from metis_tui.chat.printable import printable_line
from metis_tui.cli.diagnostics import NotFound, UsageProblem


async def open_conversation(store: ConversationStore, wanted: str) -> Conversation:
    """The conversation with this id, the start or the end of an id, or the last one for "last".

    Raises:
        NotFound: there is none.
        UsageProblem: several ids fit.
    """
    conversation_id = await find_conversation(store, wanted)
    try:
        return await store.open(conversation_id)
    except (KeyError, ValueError) as error:
        raise _not_found(wanted) from error


async def find_conversation(store: ConversationStore, wanted: str) -> str:
    """The id that is meant, as `open_conversation` takes it. Reads names of files only, as long as just one fits."""
    wanted = wanted.strip()
    if wanted == "last":
        last = await store.last_id()
        if last is None:
            raise NotFound("Nothing is saved yet.", hint="")
        return last
    found = await store.find(wanted)
    if found is not None:
        return found
    part = wanted.casefold()
    ids = [summary.id for summary in await store.list(include_trashed=True)] if part else []
    fitting = [known for known in ids if known.startswith(part)] or [known for known in ids if known.endswith(part)]
    if len(fitting) > 1:
        raise UsageProblem(
            f"{len(fitting)} ids fit {printable_line(part, 40)}: {', '.join(sorted(fitting)[:3])} …",
            title="Which conversation?",
            hint="Give more of the id.",
        )
    raise _not_found(wanted)


def _not_found(wanted: str) -> NotFound:
    return NotFound(f"No id starts or ends with {printable_line(wanted, 40)!r}.")


async def find_model(gateway: ModelGateway, wanted: str) -> ServedModel:
    """The served model called `model` or `model@cluster`; without a name a live one.

    Stops reading as soon as the answer cannot change: states matter only where several clusters have the name.

    Raises:
        ModelUnknown: no such model; names the nearest.
        ChatError: the catalog cannot be read.
    """
    catalog = Catalog()
    async with aclosing(_catalogs(gateway)) as catalogs:
        async for catalog in catalogs:
            same = [model for model in catalog.models if wanted and wanted in (model.key, model.name)]
            if len(same) == 1:
                return same[0]
    found = catalog.find(wanted) if wanted else catalog.default_model()
    if found is None:
        raise _unknown(catalog, wanted)
    return found


async def find_models(gateway: ModelGateway, wanted: Sequence[str]) -> list[ServedModel]:
    """The served models with these names, each once, in this order. One reading of the catalog serves all.

    It goes on until the states are known, and with them the versions, which tell later what replied.

    Raises:
        ModelUnknown: one of the names is no model's; names the nearest.
        ChatError: the catalog cannot be read.
    """
    catalog = Catalog()
    if not wanted:
        return []
    async with aclosing(_catalogs(gateway)) as catalogs:
        async for catalog in catalogs:
            if all(_is_settled(catalog, name) for name in wanted):
                break
    found: dict[str, ServedModel] = {}
    for name in wanted:
        model = catalog.find(name)
        if model is None:
            raise _unknown(catalog, name)
        found.setdefault(model.key, model)
    return list(found.values())


def _is_settled(catalog: Catalog, wanted: str) -> bool:
    """Whether the rest of the catalog cannot tell more of this model."""
    same = [model for model in catalog.models if wanted in (model.key, model.name)]
    return len(same) == 1 and same[0].state is not ModelState.UNKNOWN


async def _catalogs(gateway: ModelGateway) -> AsyncGenerator[Catalog, None]:
    """The catalogs, with an end that also ends the reading of them."""
    catalogs = gateway.refresh_catalog()
    try:
        async for catalog in catalogs:
            yield catalog
    finally:
        close = getattr(catalogs, "aclose", None)
        if close is not None:
            await close()


def _unknown(catalog: Catalog, wanted: str) -> ModelUnknown:
    if not catalog.models:
        return ModelUnknown("The gateway offers no models to you.", title="No models", hint="")
    names = ", ".join(printable_line(model.key, 80) for model in catalog.nearest(wanted))
    return ModelUnknown(f"The gateway does not offer {printable_line(wanted, 80)!r}.", hint=f"There is: {names}.")
