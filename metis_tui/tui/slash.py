"""Slash commands typed into the prompt. Pure."""

from __future__ import annotations

import re

from metis_tui.tui.actions import BY_SLASH, Action

_COMMAND = re.compile(r"/([a-z]+)(?:[ \t]+(.*))?", re.DOTALL)


class NoSuchCommand(ValueError):
    """The text looks like a slash command that there is not."""


def parse_slash(text: str) -> tuple[Action, str] | None:
    """The action and its argument, or None when the text is an ordinary prompt.

    A path such as /home/me, or anything behind a space, is a prompt.

    Raises:
        NoSuchCommand: one word after a slash that is no command.
    """
    match = _COMMAND.fullmatch(text.rstrip())
    if match is None:
        return None
    name, argument = match.group(1), match.group(2) or ""
    action = BY_SLASH.get(name)
    if action is not None:
        return action, argument.strip()
    if argument:
        return None
    raise NoSuchCommand(f"/{name}")
