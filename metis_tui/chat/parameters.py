"""Generation parameters: names, ranges and parsing, as the gateway's contract has them (unknown keys are refused).

Pure: a front end parses with it, the engine checks with it before anything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from metis_tui.chat.conversation import Params
from metis_tui.chat.errors import InvalidRequest

EFFORT_LEVELS = ("low", "medium", "high")
"""The gateway refuses none, minimal and xhigh."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a user may set."""

    name: str
    rule: str
    """What it takes, in plain words."""
    parse: Callable[[str], object]
    accepts: Callable[[object], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _between(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: _is_number(value) and low <= float(value) <= high  # type: ignore[arg-type]


def _whole_from(low: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= low


def _is_stop(value: object) -> bool:
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, list) and 1 <= len(value) <= 4 and all(isinstance(v, str) and v for v in value)


def _parse_stop(text: str) -> object:
    if not text.startswith(("[", '"')):
        return text.encode("utf-8").decode("unicode_escape") if text.isascii() and "\\" in text else text
    return json.loads(text)


def _number(low: float, high: float, name: str) -> Parameter:
    return Parameter(name, f"a number from {low:g} to {high:g}", float, _between(low, high))


def _whole(name: str, low: int, rule: str) -> Parameter:
    return Parameter(name, rule, int, _whole_from(low))


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        _number(0, 2, "temperature"),
        _number(0, 1, "top_p"),
        _whole("max_tokens", 1, "a whole number of tokens, 1 or more"),
        _whole("seed", -(2**63), "a whole number"),
        _number(-2, 2, "frequency_penalty"),
        _number(-2, 2, "presence_penalty"),
        Parameter("stop", "a text, or a JSON list of 1 to 4 texts", _parse_stop, _is_stop),
        Parameter("reasoning_effort", "low, medium or high", str, lambda value: value in EFFORT_LEVELS),
    )
}


def problems_with(params: Params) -> list[str]:
    """What the gateway would refuse, one sentence each; empty when all is well."""
    problems = []
    for name, value in params.items():
        parameter = PARAMETERS.get(name)
        if parameter is None:
            problems.append(f"{name} is not a parameter; there are: {', '.join(PARAMETERS)}.")
        elif not parameter.accepts(value):
            problems.append(
                f"{name} takes {parameter.rule}, not {json.dumps(value, ensure_ascii=False, default=str)}."
            )
    return problems


def check(params: Params) -> None:
    """Raises InvalidRequest naming every parameter that the gateway would refuse."""
    problems = problems_with(params)
    if problems:
        raise InvalidRequest(" ".join(problems), title="A parameter is not valid")


def parse_parameters(lines: str) -> dict[str, object]:
    """Reads `name = value` lines (or a single line with commas or spaces between settings is not accepted).

    Raises:
        InvalidRequest: a line that is no setting, an unknown name or a value out of range.
    """
    params: dict[str, object] = {}
    for line in lines.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, text = line.partition("=")
        name, text = name.strip(), text.strip()
        if not separator:
            raise InvalidRequest(f"{name!r} is not a setting; write name = value.", title="A parameter is not valid")
        parameter = PARAMETERS.get(name)
        if not text:
            continue
        if parameter is None:
            params[name] = text
            continue
        try:
            params[name] = parameter.parse(text)
        except ValueError:
            params[name] = text
    check(params)
    return params


def format_parameters(params: Params) -> str:
    """The inverse of parse_parameters."""
    return "\n".join(
        f"{name} = {value if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False)}"
        for name, value in params.items()
    )
