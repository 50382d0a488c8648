"""Checks a chat request body the way the public gateway does. Pure: a JSON value in, a list of problems out.

The rules are those of its chat schema: unknown keys are forbidden at every level. Each problem looks like one of
pydantic's: type, loc, msg and sometimes ctx.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Problem = dict[str, Any]
Loc = list["str | int"]
Check = Callable[[Any, Loc], list[Problem]]

ROLES = ("developer", "system", "user", "assistant", "tool")


def problem(kind: str, loc: Loc, msg: str, ctx: Mapping[str, Any] | None = None) -> Problem:
    found: Problem = {"type": kind, "loc": list(loc), "msg": msg}
    if ctx:
        found["ctx"] = dict(ctx)
    return found


def value_error(loc: Loc, message: str) -> Problem:
    return problem("value_error", loc, f"Value error, {message}", {"error": message})


def chat_problems(payload: Any) -> list[Problem]:
    """Everything wrong with a chat request; an empty list when nothing is."""
    loc: Loc = ["body", "payload"]
    problems = _fields(payload, loc, _TOP, required=("messages", "model"))
    if problems:
        return problems
    return _whole_request(payload, loc)


def _whole_request(payload: dict[str, Any], loc: Loc) -> list[Problem]:
    # Rules about several fields run only once every field is good by itself, and stop at the first.
    stop = payload.get("stop")
    if isinstance(stop, list) and not 1 <= len(stop) <= 4:
        return [value_error(loc, "'stop' list must have between 1 to 4 items.")]
    if payload.get("top_logprobs") is not None and not payload.get("logprobs"):
        return [value_error(loc, "'logprobs' must be set to True if 'top_logprobs' is used.")]
    return []


def _fields(value: Any, loc: Loc, checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> list[Problem]:
    """Known keys in their order, then the unknown ones."""
    if not isinstance(value, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        return [problem("model_attributes_type", loc, message)]
    problems: list[Problem] = []
    for name, check in checks.items():
        if name in value:
            if value[name] is not None or name in required:
                problems += check(value[name], [*loc, name])
        elif name in required:
            problems.append(problem("missing", [*loc, name], "Field required"))
    problems += [
        problem("extra_forbidden", [*loc, name], "Extra inputs are not permitted")
        for name in value
        if name not in checks
    ]
    return problems


def _string(value: Any, loc: Loc) -> list[Problem]:
    return [] if isinstance(value, str) else [problem("string_type", loc, "Input should be a valid string")]


def _filled_string(value: Any, loc: Loc) -> list[Problem]:
    if value == "":
        message = "String should have at least 1 character"
        return [problem("string_too_short", loc, message, {"min_length": 1})]
    return _string(value, loc)


def _boolean(value: Any, loc: Loc) -> list[Problem]:
    if isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1)):
        return []
    if isinstance(value, str):
        if value.lower() in ("true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"):
            return []
        message = "Input should be a valid boolean, unable to interpret input"
        return [problem("bool_parsing", loc, message)]
    return [problem("bool_type", loc, "Input should be a valid boolean")]


def _anything(value: Any, loc: Loc) -> list[Problem]:
    return []


def _mapping(value: Any, loc: Loc) -> list[Problem]:
    return [] if isinstance(value, dict) else [problem("dict_type", loc, "Input should be a valid dictionary")]


def _list_problem(loc: Loc) -> Problem:
    return problem("list_type", loc, "Input should be a valid list")


def _within(low: float | None, high: float | None, whole: bool = False) -> Check:
    def check(value: Any, loc: Loc) -> list[Problem]:
        number, problems = _number(value, loc, whole)
        if number is None:
            return problems
        limit: Callable[[float], float] = int if whole else float
        if low is not None and not number >= low:
            message = f"Input should be greater than or equal to {low:g}"
            return [problem("greater_than_equal", loc, message, {"ge": limit(low)})]
        if high is not None and not number <= high:
            message = f"Input should be less than or equal to {high:g}"
            return [problem("less_than_equal", loc, message, {"le": limit(high)})]
        return []

    return check


def _number(value: Any, loc: Loc, whole: bool) -> tuple[float | None, list[Problem]]:
    word, kind = ("integer", "int") if whole else ("number", "float")
    if isinstance(value, str):
        try:
            return (int(value) if whole else float(value)), []
        except ValueError:
            message = f"Input should be a valid {word}, unable to parse string as {'an' if whole else 'a'} {word}"
            return None, [problem(f"{kind}_parsing", loc, message)]
    if not isinstance(value, (int, float)):
        return None, [problem(f"{kind}_type", loc, f"Input should be a valid {word}")]
    if whole and isinstance(value, float) and not value.is_integer():
        message = "Input should be a valid integer, got a number with a fractional part"
        return None, [problem("int_from_float", loc, message)]
    return value, []


def _one_of(*words: str, kind: str = "enum") -> Check:
    quoted = [f"'{word}'" for word in words]
    expected = f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]

    def check(value: Any, loc: Loc) -> list[Problem]:
        if value in words:
            return []
        return [problem(kind, loc, f"Input should be {expected}", {"expected": expected})]

    return check


def _record(checks: Mapping[str, Check], *required: str) -> Check:
    return lambda value, loc: _fields(value, loc, checks, required)


def _items(check: Check, most: int | None = None) -> Check:
    def check_all(value: Any, loc: Loc) -> list[Problem]:
        if not isinstance(value, list):
            return [_list_problem(loc)]
        if most is not None and len(value) > most:
            message = f"List should have at most {most} items after validation, not {len(value)}"
            ctx = {"field_type": "List", "max_length": most, "actual_length": len(value)}
            return [problem("too_long", loc, message, ctx)]
        return [found for index, item in enumerate(value) for found in check(item, [*loc, index])]

    return check_all


def _either(first: tuple[str, Check], second: tuple[str, Check]) -> Check:
    """A union: good when one side is; otherwise both sides complain, each under its own name."""

    def check(value: Any, loc: Loc) -> list[Problem]:
        problems: list[Problem] = []
        for name, side in (first, second):
            found = side(value, [*loc, name])
            if not found:
                return []
            problems += found
        return problems

    return check


def _metadata(value: Any, loc: Loc) -> list[Problem]:
    if not isinstance(value, dict):
        return _mapping(value, loc)
    if len(value) > 16:
        return [value_error(loc, "'metadata' must have at most 16 key-value pairs.")]
    problems: list[Problem] = []
    for key, text in value.items():
        problems += _string(text, [*loc, key])
        if len(key) > 64:
            problems.append(value_error(loc, "'metadata' keys must have at most 64 characters."))
        if isinstance(text, str) and len(text) > 512:
            problems.append(value_error(loc, "'metadata' values must have at most 512 characters."))
    return problems


def _part(value: Any, loc: Loc) -> list[Problem]:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _PARTS:
        named = ", ".join(f"'{name}'" for name in _PARTS)
        return [value_error(loc, f"'content-type' must be one of [{named}].")]
    return _fields(value, loc, {"type": _string, kind: _PARTS[kind]}, ("type", kind))


_PARTS: Mapping[str, Check] = {
    "text": _string,
    "image_url": _record({"url": _string, "detail": _one_of("auto", "low", "high")}, "url"),
    "input_audio": _record({"data": _string, "format": _one_of("wav", "mp3")}, "data", "format"),
    "file": _record({"file_data": _string, "file_id": _string, "filename": _string}),
}

_plain_content = _either(("str", _string), ("list[str]", _items(_string)))
_user_content = _either(("str", _string), ("list[UserMessageContent]", _items(_part)))
_tool_call = _record(
    {
        "id": _string,
        "type": _one_of("function", kind="literal_error"),
        "function": _record({"name": _string, "arguments": _string}, "name", "arguments"),
        "index": _within(0, None, whole=True),
    },
    "id",
    "function",
)

_MESSAGES: Mapping[str, Check] = {
    "developer": _record({"role": _string, "content": _plain_content, "name": _string}, "content"),
    "system": _record({"role": _string, "content": _plain_content, "name": _string}, "content"),
    "user": _record({"role": _string, "content": _user_content, "name": _string}, "content"),
    "assistant": _record(
        {
            "role": _string,
            "content": _plain_content,
            "name": _string,
            "refusal": _string,
            "tool_calls": _items(_tool_call),
            "audio": _record({"id": _string}, "id"),
            "reasoning": _string,
            "reasoning_content": _string,
        }
    ),
    "tool": _record({"role": _string, "content": _plain_content, "tool_call_id": _string}, "content", "tool_call_id"),
}


def _message(value: Any, loc: Loc) -> list[Problem]:
    if not isinstance(value, dict):
        return _fields(value, loc, {})
    if "role" not in value:
        return [value_error(loc, "'role' must be provided in each message.")]
    role = value["role"]
    if not isinstance(role, str) or role not in ROLES:
        return [value_error(loc, f"'messages-role' must be one of {list(ROLES)}.")]
    return _MESSAGES[role](value, loc)


_tool = _record(
    {
        "type": _one_of("function", kind="literal_error"),
        "function": _record(
            {"name": _string, "description": _string, "parameters": _mapping, "strict": _boolean}, "name"
        ),
    },
    "type",
    "function",
)
_json_schema = _record({"name": _string, "description": _string, "schema": _mapping, "strict": _boolean}, "name")
_named_tool = _record({"type": _string, "function": _record({"name": _string}, "name")}, "type", "function")
_tokens = _within(0, None, whole=True)

_TOP: Mapping[str, Check] = {
    "messages": _items(_message),
    "model": _filled_string,
    "frequency_penalty": _within(-2, 2),
    "logit_bias": _mapping,
    "logprobs": _boolean,
    "top_logprobs": _within(0, 20, whole=True),
    "max_tokens": _tokens,
    "max_completion_tokens": _tokens,
    "metadata": _metadata,
    "modalities": _items(_one_of("text", "audio")),
    "n": _within(1, 128, whole=True),
    "parallel_tool_calls": _boolean,
    "prediction": _record({"type": _string, "content": _anything}, "type", "content"),
    "presence_penalty": _within(-2, 2),
    "reasoning_effort": _one_of("low", "medium", "high"),
    "response_format": _record(
        {"type": _one_of("text", "json_object", "json_schema"), "json_schema": _json_schema}, "type"
    ),
    "seed": _within(None, None, whole=True),
    "service_tier": _string,
    "stop": _either(("str", _string), ("list[str]", _items(_string))),
    "store": _boolean,
    "stream": _boolean,
    "stream_options": _record({"include_usage": _boolean}),
    "temperature": _within(0, 2),
    "tool_choice": _either(("str", _string), ("ToolChoice", _named_tool)),
    "tools": _items(_tool, most=128),
    "top_p": _within(0, 1),
    "user": _string,
    "web_search_options": _mapping,
    "extra_body": _record({"use_beam_search": _boolean}),
}
