"""Follows the access token: whether there is one and when it expires. Knows no widgets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from metis_tui.chat.errors import ChatError

if TYPE_CHECKING:
    from metis_tui.chat.ports import AccessToken, Authenticator

_SECONDS_BETWEEN_LOOKS = 60.0


class AccessWatch:
    """`on_change` is called after every look with the token, or with why there is none."""

    def __init__(
        self, authenticator: Authenticator, on_change: Callable[[AccessToken | None, ChatError | None], None]
    ) -> None:
        self._authenticator = authenticator
        self._on_change = on_change
        self.token: AccessToken | None = None

    async def look(self) -> None:
        try:
            self.token = await self._authenticator.access_token()
        except ChatError as error:
            self.token = None
            self._on_change(None, error)
        else:
            self._on_change(self.token, None)

    async def run(self) -> None:
        """Looks once a minute until cancelled: another program may have renewed the token file."""
        while True:
            await self.look()
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
