"""Reads a file of prompts for a matrix: JSON Lines or plain lines. Pure; says what is wrong line by line.

A line that begins with { is a JSON object with `prompt` or `messages`, and perhaps `id`, `system`, `tags` and
`reference`; any other line that is not blank is a prompt itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from metis_tui.chat.conversation import Role
from metis_tui.chat.matrix import PromptCase
from metis_tui.chat.printable import printable_line, storable

_KEYS = ("id", "prompt", "messages", "system", "tags", "reference")
_ID_LENGTH = 80


class BadLine(ValueError):
    """What is wrong with a line, in plain words."""


def read_prompts(text: str, system: str = "") -> tuple[list[PromptCase], list[str]]:
    """The prompts in a file's text, and what is wrong with it, one sentence for each line that cannot be used.

    Args:
        system: the system prompt of those that bring none of their own.
    """
    cases: list[PromptCase] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    if _is_one_list(text):
        return [], ["It is one JSON list: write one object on each line, as `jq -c '.[]'` does."]
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            case = _case(line.strip(), number, system)
        except BadLine as problem:
            problems.append(f"Line {number}: {problem}.")
            continue
        if case.id in seen:
            problems.append(f"Line {number}: the id {case.id} is that of line {seen[case.id]}, too.")
            continue
        seen[case.id] = number
        cases.append(case)
    if not cases and not problems:
        problems.append("There are no prompts in it.")
    return cases, problems


def _is_one_list(text: str) -> bool:
    if not text.lstrip().startswith("["):
        return False
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(items, list) and any(isinstance(item, dict) for item in items)


def _case(line: str, number: int, system: str) -> PromptCase:
    if not line.startswith("{"):
        return PromptCase(f"line-{number}", (("user", storable(line)),), storable(system))
    try:
        item = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLine(f"it is not JSON: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:
        raise BadLine("it is not JSON that can be read") from error
    unknown = [printable_line(str(key), 40) for key in item if key not in _KEYS]
    if unknown:
        raise BadLine(f"{unknown[0]} is no key; there are: {', '.join(_KEYS)}")
    leading, messages = _messages(item)
    own = _text(item, "system")
    if own and leading:
        raise BadLine("there is a system prompt twice: as system and in messages")
    return PromptCase(
        _identifier(item, number),
        messages,
        own or leading or storable(system),
        _tags(item),
        _text(item, "reference"),
    )


def _identifier(item: Mapping[str, object], number: int) -> str:
    given = item.get("id")
    if given is None:
        return f"line-{number}"
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise BadLine("id takes a text or a whole number")
    name = str(given).strip()
    if not name or len(name) > _ID_LENGTH or printable_line(name) != name:
        raise BadLine(f"id takes 1 to {_ID_LENGTH} printable characters")
    return name


def _messages(item: Mapping[str, object]) -> tuple[str, tuple[tuple[Role, str], ...]]:
    """The system prompt at the head of the messages, if any, and the messages."""
    if ("prompt" in item) == ("messages" in item):
        raise BadLine("it needs prompt or messages, and not both")
    if "prompt" in item:
        prompt = _text(item, "prompt")
        if not prompt.strip():
            raise BadLine("the prompt is empty")
        return "", (("user", prompt),)
    given = item["messages"]
    if not isinstance(given, list) or not given:
        raise BadLine("messages takes a list of objects with role and content")
    read = [_message(message, place) for place, message in enumerate(given, start=1)]
    system = read.pop(0)[1] if read[0][0] == "system" else ""
    expected: tuple[Role, Role] = ("user", "assistant")
    for place, (role, _) in enumerate(read):
        if role != expected[place % 2]:
            raise BadLine("messages takes user and assistant in turn, after a system message if there is one")
    if len(read) % 2 == 0:
        raise BadLine("the last one of messages must be the user's: it is the prompt")
    return system, tuple(read)


def _message(message: object, place: int) -> tuple[Role, str]:
    roles: dict[object, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
    if not isinstance(message, dict) or set(message) != {"role", "content"}:
        raise BadLine(f"message {place} takes role and content, and nothing else")
    role, content = message["role"], message["content"]
    if not isinstance(role, str) or role not in roles:
        raise BadLine(f"the role of message {place} is none of user, assistant and system")
    if not isinstance(content, str) or not content.strip():
        raise BadLine(f"the content of message {place} is no text")
    return roles[role], storable(content)


def _text(item: Mapping[str, object], key: str) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f"{key} takes a text")
    return storable(value)


def _tags(item: Mapping[str, object]) -> tuple[str, ...]:
    value = item.get("tags")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        raise BadLine("tags takes a list of texts")
    return tuple(dict.fromkeys(printable_line(tag, 60) for tag in value))
