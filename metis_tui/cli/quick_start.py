"""Reads the command lines that start the application, without argparse. Knows nothing of commands or complaints.

argparse and the message catalogues that it looks for take 15 ms and 200 file system calls: a good part of what the
first paint waits for. Whatever is not plain here is left to the parser, which means the same by the same words.
"""

from __future__ import annotations

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
        no_save=False,
        debug=False,
    )
    words = iter(arguments)
    for word in words:
        if word in _FLAGS:
            setattr(options, _FLAGS[word], True)
        elif word in _WITH_VALUE:
            value = next(words, "")
            if not value or value.startswith("-"):
                return None
            setattr(options, _WITH_VALUE[word], value)
        else:
            return None
    if (options.demo and options.base_url) or (options.continue_last and options.open_id):
        return None
    if options.scenario != "default" and not options.demo:
        return None
    return cast("argparse.Namespace", options)
