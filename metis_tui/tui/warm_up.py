"""Loads what the first turn needs while the user reads and types, and gives way to the keys.

Python runs one thread at a time: modules that load in the background slow every echo. So loading rests before the
next module while a key is being drawn. It begins at once all the same: who types a short prompt sends it within a
second. Knows nothing of what the gateway loads.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from metis_tui.chat.background import in_background

_DRAWING_SECONDS = 0.04
"""So long after a key its echo, and what Textual does besides, may be under way."""
_REST_SECONDS = 0.003
"""Long enough for one key to be drawn."""


class WarmUp:
    """Told of keys by `typed` and of a prompt that waits by `hurry`; times are seconds of the clock given."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, rest: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._rest = rest
        self._typed_at = float("-inf")
        self._is_hurried = False

    def typed(self) -> None:
        self._typed_at = self._clock()

    def hurry(self) -> None:
        """A prompt was sent: what it needs is loaded at full speed from now on."""
        self._is_hurried = True

    @property
    def is_typing(self) -> bool:
        return self._clock() - self._typed_at < _DRAWING_SECONDS

    async def run(self, load_sdk: Callable[[], Awaitable[None]]) -> None:
        """Loads the SDK, the renderer and the history screen."""
        gc.disable()  # thousands of classes are about to be made, all of which stay: collections would find nothing
        try:
            with self.giving_way():
                await load_sdk()
                await in_background(_load_renderer)
                await in_background(_load_history)
        finally:
            gc.freeze()  # what was loaded stays for good, so later collections need not look at it, also in a stream
            gc.enable()

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Meanwhile threads in the background rest before a module when keys come."""
        # Another list, not a change in this one, which another thread may be going through.
        sys.meta_path = [self, *sys.meta_path]
        try:
            yield
        finally:
            sys.meta_path = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Finds nothing: it is asked before every module, and that is when to rest."""
        is_in_background = threading.current_thread() is not threading.main_thread()
        if is_in_background and self.is_typing and not self._is_hurried:
            self._rest(_REST_SECONDS)


def _load_renderer() -> None:
    from metis_tui.tui.rendering import incremental  # noqa: F401 - streaming replies need it
    from metis_tui.tui.rendering.markdown import render_markdown
    from metis_tui.tui.rendering.palette import Palette

    render_markdown("*a*\n\n```text\nb\n```\n", 40, Palette())


def _load_history() -> None:
    from metis_tui.chat import search_query  # noqa: F401 - for the first word that is typed there
    from metis_tui.tui.screens import history  # noqa: F401 - the list is to be there at once
