"""Gets a request through to a model: sends it, and sends it again when what stood in the way has gone.

Only while nothing of the reply has arrived. What can help is the front end's to give; knows no store and no screens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metis_tui.chat.catalog import ServedModel
from metis_tui.chat.errors import ChatError, Maintenance, ModelNotLive
from metis_tui.chat.ports import ModelGateway
from metis_tui.chat.turn import (
    ChatRequest,
    GatewayEvent,
    ModelAwaited,
    ReasoningDelta,
    RequestResent,
    ResendAwaited,
    SignInAwaited,
    TextDelta,
    WaitEvent,
)

if TYPE_CHECKING:
    from metis_tui.chat.patience import Patience

_MOST_SIGN_INS = 2
"""So often one request waits for a sign-in: a gateway that is never content must not ask for ever."""


@dataclass
class Recourse:
    """What can help a request that failed before its first word; None: nothing of that kind, and the turn ends."""

    patience: Patience | None = None
    """When it is sent again by itself."""
    sign_in: Callable[[ChatError], Awaitable[bool]] | None = None
    """Has the user sign in, because of this failure; False when that did not come about."""
    model_desk: Callable[[ChatError, ServedModel], Awaitable[ServedModel | None]] | None = None
    """Waits until the model is live or another one is chosen; None when the turn shall end."""


class Delivery:
    """One request on its way. `model` is where it goes, which may change."""

    def __init__(self, gateway: ModelGateway, request: ChatRequest, recourse: Recourse) -> None:
        self._gateway = gateway
        self._request = request
        self._recourse = recourse
        self._sign_in_count = 0
        self._resend_count = 0
        self._has_arrived = False

    @property
    def model(self) -> ServedModel:
        return self._request.model

    async def events(self) -> AsyncGenerator[GatewayEvent | WaitEvent, None]:
        """What the gateway brings, and what is waited for in between; RequestResent comes before a new attempt.

        Raises:
            ChatError: what nothing helped against.
        """
        while True:
            try:
                async with aclosing(_as_generator(self._gateway.stream(self._request))) as events:
                    async for event in events:
                        self._has_arrived = self._has_arrived or isinstance(event, (TextDelta, ReasoningDelta))
                        yield event
                return
            except ChatError as failure:
                if self._has_arrived:
                    raise
                async with aclosing(self._overcome(failure)) as waits:
                    async for wait in waits:
                        yield wait
            yield RequestResent(self.model)

    async def _overcome(self, failure: ChatError) -> AsyncGenerator[WaitEvent, None]:
        """Waits for what can help: a sign-in, a model, or time. Raises the failure when nothing does."""
        if failure.needs_sign_in:
            self._sign_in_count += 1
            sign_in = self._recourse.sign_in
            if sign_in is None or self._sign_in_count > _MOST_SIGN_INS:
                raise failure
            yield SignInAwaited(failure)
            if not await sign_in(failure):
                raise failure
        elif isinstance(failure, (ModelNotLive, Maintenance)):
            if self._recourse.model_desk is None:
                raise failure
            yield ModelAwaited(failure)
            model = await self._recourse.model_desk(failure, self.model)
            if model is None:
                raise failure
            self._request = replace(self._request, model=model)
        else:
            self._resend_count += 1
            patience = self._recourse.patience
            pause = patience.pause(failure, self._resend_count) if patience is not None else None
            if patience is None or pause is None:
                raise failure
            yield ResendAwaited(failure, pause, self._resend_count, patience.most(failure))
            await asyncio.sleep(pause)


async def _as_generator(events: AsyncIterator[GatewayEvent]) -> AsyncGenerator[GatewayEvent, None]:
    """Gives any async iterator an aclose, so that leaving early always closes the connection."""
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
