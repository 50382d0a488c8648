"""Reads the command lines that start the application, without argparse. Knows nothing of commands or complaints.

argparse and the message catalogues that it looks for take 15 ms and 200 file system calls: a good part of what the
first paint waits for. Whatever is not plain here is left to the parser, which means the same by the same words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import argparse

_WITH_VALUE = {
    "-m": "model",
    "--model": "model",
    "--base-url": "base_url",
    "--open": "open_id",
    "--scenario": "scenario",
}
_FLAGS = {
    "-c": "continue_last",
    "--continue": "continue_last",
    "--demo": "demo",
    "--no-save": "no_save",
    "--debug": "debug",
}

_HISTORY = ("-r", "--resume")
"""Takes all words up to the next option."""


def read_start(arguments: Sequence[str]) -> argparse.Namespace | None:
    """The options as the parser would give them; None when the parser has to look."""
    options = SimpleNamespace(
        command=None,
        model="",
        base_url=None,
        demo=False,
        scenario="default",
        continue_last=False,
        open_id=None,
        history_query=None,
        no_save=False,
        debug=False,
    )
    words = deque(arguments)
    while words:
        word = words.popleft()
        if word in _HISTORY:
            options.history_query = _joined(words)
        elif word in _FLAGS:
            setattr(options, _FLAGS[word], True)
        elif word in _WITH_VALUE:
            value = words.popleft() if words else ""
            if not value or value.startswith("-"):
                return None
            setattr(options, _WITH_VALUE[word], value)
        else:
            return None
    if options.demo and options.base_url:
        return None
    if sum((options.continue_last, options.open_id is not None, options.history_query is not None)) > 1:
        return None
    if options.scenario != "default" and not options.demo:
        return None
    return cast("argparse.Namespace", options)


def _joined(words: deque[str]) -> str:
    query = []
    while words and not words[0].startswith("-"):
        query.append(words.popleft())
    return " ".join(query)
